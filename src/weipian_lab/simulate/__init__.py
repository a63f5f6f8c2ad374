"""The simulated teaching county: land, images, changes, layers, batches, visits, truth; none of it real."""

from weipian_lab.simulate import field
from weipian_lab.simulate.county import County, make_county, write_county
from weipian_lab.simulate.sizes import DEFAULT_SEED, SIZES, Scene, Size
from weipian_lab.simulate.truth import truth_frame

__all__ = [
    "DEFAULT_SEED",
    "SIZES",
    "County",
    "Scene",
    "Size",
    "field",
    "make_county",
    "truth_frame",
    "write_county",
]
