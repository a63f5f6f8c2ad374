"""The only module that opens rasters: images, pairs, blocks, and writing as COG."""

from weipian_lab.rasters.band_names import day_in
from weipian_lab.rasters.bands import canonical
from weipian_lab.rasters.burning import burn, burn_numbers
from weipian_lab.rasters.image import Image, ImagePair, Remark
from weipian_lab.rasters.opening import open_source
from weipian_lab.rasters.pair import PairSource, open_pair
from weipian_lab.rasters.reading import inspect_pair, read, read_pair
from weipian_lab.rasters.scaling import BASELINE_OFFSET
from weipian_lab.rasters.scenes import ImagePath, Scene, groups, holds_bands, read_files, scene_of
from weipian_lab.rasters.score_file import ScoreFile
from weipian_lab.rasters.source import Source
from weipian_lab.rasters.writing import write

__all__ = [
    "BASELINE_OFFSET",
    "Image",
    "ImagePair",
    "ImagePath",
    "PairSource",
    "Remark",
    "Scene",
    "ScoreFile",
    "Source",
    "burn",
    "burn_numbers",
    "canonical",
    "day_in",
    "groups",
    "holds_bands",
    "inspect_pair",
    "open_pair",
    "open_source",
    "read",
    "read_files",
    "read_pair",
    "scene_of",
    "write",
]
