"""Evidence for learning: of each patch, and of each pixel."""

from weipian_lab.features.patches import LAND_GROUPS, patch_table
from weipian_lab.features.pixels import PIXEL_ROLES, pixel_features
from weipian_lab.features.schema import Schema

__all__ = ["LAND_GROUPS", "PIXEL_ROLES", "Schema", "patch_table", "pixel_features"]
