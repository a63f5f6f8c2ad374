"""ipyleaflet maps without tiles: the project's own images under the vectors, nothing from the network."""

from weipian_lab.maps.layers import image_layer, vector_layer
from weipian_lab.maps.views import fitting_zoom, patches_map, swipe

__all__ = ["fitting_zoom", "image_layer", "patches_map", "swipe", "vector_layer"]
