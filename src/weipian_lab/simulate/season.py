"""Crops and covers through the year: which end-member a field shows on which day.

A curve is a list of (day of year, mix of end-members), straight between. Dates follow the calendar of the
Yellow River plain (spring wheat sown late February to March and harvested in July, rice flooded in May and
cut from late September, maize cut late September to October, winter irrigation 20 October to 25 November).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from weipian_lab.simulate.spectra import reflectance

__all__ = ["CROPS", "CURVES", "curve"]

Array = NDArray[np.float64]
Points = tuple[tuple[int, str], ...]

_TREES: Points = ((1, "trees_bare"), (100, "trees_bare"), (130, "trees_full:0.8+trees_bare:0.2"),
                  (160, "trees_full"), (262, "trees_full"), (298, "trees_bare:0.7+trees_full:0.3"),
                  (315, "trees_bare"), (366, "trees_bare"))  # fmt: skip
_STEPPE: Points = ((1, "dry_grass:0.7+gravel:0.3"), (115, "dry_grass:0.6+gravel:0.4"),
                   (170, "steppe_green:0.8+gravel:0.2"), (235, "steppe_green:0.85+gravel:0.15"),
                   (285, "dry_grass:0.7+gravel:0.3"), (366, "dry_grass:0.7+gravel:0.3"))  # fmt: skip

# crops first: these rotate on fields
CROPS = ("maize", "wheat", "wheat_second", "rice", "alfalfa", "vegetable", "mulched", "fallow", "sunflower")

CURVES: dict[str, Points] = {
    "maize": ((1, "soil_dry"), (118, "soil_dry"), (136, "emergence"), (162, "maize_june"), (192,
              "maize_full"),
              (232, "maize_full"), (256, "maize_late"), (270, "maize_ripe"), (279, "stubble"),
              (305, "stubble:0.6+soil_dry:0.4"), (320, "soil_dry"), (366, "soil_dry")),
    "mulched": ((1, "soil_dry"), (98, "soil_dry"), (104, "mulch"), (132, "mulch:0.85+maize_june:0.15"),
                (158, "maize_june"), (186, "maize_full"), (228, "maize_full"), (252, "maize_ripe"),
                (268, "stubble"), (300, "soil_dry"), (366, "soil_dry")),
    "wheat": ((1, "soil_dry"), (68, "soil_dry"), (92, "emergence"), (112, "wheat_green:0.55+soil_moist:0.45"),
              (132, "wheat_green"), (163, "wheat_green"), (180, "wheat_ripe:0.7+wheat_green:0.3"), (190,
              "wheat_ripe"),
              (197, "stubble"), (222, "stubble:0.5+soil_dry:0.5"), (240, "soil_dry"), (366, "soil_dry")),
    "wheat_second": ((1, "soil_dry"), (68, "soil_dry"), (92, "emergence"),
                     (112, "wheat_green:0.55+soil_moist:0.45"), (132, "wheat_green"), (163, "wheat_green"),
                     (180, "wheat_ripe:0.7+wheat_green:0.3"), (188, "wheat_ripe"), (194, "soil_moist"),
                     (212, "emergence"), (238, "maize_june"), (265, "maize_june"), (292, "emergence"),
                     (305, "soil_dry"), (366, "soil_dry")),
    "rice": ((1, "soil_dry"), (118, "soil_dry"), (128, "flooded"), (150, "flooded"), (166, "tillering"),
             (196, "rice_full"), (238, "rice_full"), (260, "rice_ripe:0.6+rice_full:0.4"), (272, "rice_ripe"),
             (280, "stubble"), (318, "stubble:0.5+soil_dry:0.5"), (366, "soil_dry")),
    "alfalfa": ((1, "dry_grass"), (88, "dry_grass"), (118, "alfalfa:0.7+soil_dry:0.3"), (148, "alfalfa"),
                (156, "stubble"), (184, "alfalfa"), (194, "stubble:0.8+alfalfa:0.2"), (220, "alfalfa"),
                (234, "stubble:0.7+alfalfa:0.3"), (262, "alfalfa"), (280, "stubble:0.5+alfalfa:0.5"),
                (310, "dry_grass"), (366, "dry_grass")),
    "vegetable": ((1, "soil_dry"), (112, "soil_moist"), (120, "mulch:0.7+soil_moist:0.3"), (158, "emergence"),
                  (184, "maize_june"), (205, "maize_june"), (214, "soil_moist"), (232, "emergence"),
                  (256, "maize_june"), (276, "maize_june:0.5+soil_moist:0.5"), (286, "soil_dry"), (366,
                  "soil_dry")),
    "fallow": ((1, "dry_grass:0.4+soil_dry:0.6"), (120, "soil_dry"), (172, "steppe_green:0.6+soil_dry:0.4"),
               (230, "steppe_green"), (275, "dry_grass"), (366, "dry_grass:0.5+soil_dry:0.5")),
    "sunflower": ((1, "soil_dry"), (146, "soil_dry"), (166, "emergence"), (192, "maize_june"), (222,
                  "maize_full"),
                  (244, "wheat_ripe"), (262, "stubble"), (290, "soil_dry"), (366, "soil_dry")),
    # covers that stay
    "wolfberry": ((1, "trees_bare:0.3+soil_dry:0.7"), (98, "soil_dry:0.8+trees_bare:0.2"), (128, "bushes"),
                  (190, "bushes:0.7+trees_full:0.3"), (270, "bushes"), (312, "soil_dry:0.7+trees_bare:0.3"),
                  (366, "trees_bare:0.3+soil_dry:0.7")),
    "vineyard": ((1, "soil_dry"), (112, "soil_dry"), (148, "bushes:0.6+soil_dry:0.4"), (192,
                 "bushes:0.8+trees_full:0.2"),
                 (262, "bushes"), (294, "bushes:0.5+soil_dry:0.5"), (306, "soil_dry"), (366, "soil_dry")),
    "orchard": ((1, "trees_bare:0.7+soil_dry:0.3"), (104, "trees_bare:0.6+soil_dry:0.4"),
                (140, "trees_full:0.7+bushes:0.3"), (262, "trees_full:0.7+bushes:0.3"), (300,
                "trees_bare:0.6+bushes:0.4"),
                (318, "trees_bare:0.7+soil_dry:0.3"), (366, "trees_bare:0.7+soil_dry:0.3")),
    "trees": _TREES,
    "steppe": _STEPPE,
    "shrub": ((1, "dry_grass:0.5+sand:0.5"), (130, "dry_grass:0.5+sand:0.5"), (180,
              "steppe_green:0.7+sand:0.3"),
              (250, "steppe_green:0.7+sand:0.3"), (295, "dry_grass:0.5+sand:0.5"), (366,
              "dry_grass:0.5+sand:0.5")),
    "grass": ((1, "dry_grass"), (105, "dry_grass"), (150, "steppe_green:0.5+lawn:0.5"), (240,
              "steppe_green:0.6+lawn:0.4"),
              (288, "dry_grass"), (366, "dry_grass")),
    "sand": ((1, "sand"), (366, "sand")),
    "saline": ((1, "saline_crust:0.7+soil_dry:0.3"), (95, "saline_crust"), (190,
               "saline_crust:0.45+steppe_green:0.55"),
               (250, "saline_crust:0.5+steppe_green:0.5"), (320, "saline_crust:0.8+soil_dry:0.2"),
               (366, "saline_crust:0.7+soil_dry:0.3")),
    "bare": ((1, "gravel:0.5+soil_dry:0.5"), (366, "gravel:0.5+soil_dry:0.5")),
    "reed": ((1, "reed_dry"), (118, "reed_dry:0.8+clear_water:0.2"), (165, "reed_full"), (255, "reed_full"),
             (292, "reed_dry"), (366, "reed_dry")),
    "pond": ((1, "ice"), (48, "ice"), (64, "clear_water:0.7+turbid_water:0.3"), (180,
             "algae_water:0.5+turbid_water:0.5"),
             (250, "algae_water:0.6+turbid_water:0.4"), (325, "clear_water:0.6+turbid_water:0.4"), (344,
             "ice"), (366, "ice")),
    "lake": ((1, "ice"), (52, "ice"), (66, "clear_water"), (200, "clear_water:0.6+algae_water:0.4"), (330,
             "clear_water"),
             (348, "ice"), (366, "ice")),
    # the river is highest and muddiest in summer
    "river": ((1, "turbid_water:0.6+ice:0.4"), (60, "turbid_water:0.8+clear_water:0.2"), (200,
              "turbid_water"),
              (300, "turbid_water:0.8+clear_water:0.2"), (366, "turbid_water:0.6+ice:0.4")),
    "bar": ((1, "sand:0.6+canal_bed:0.4"), (150, "sand:0.6+canal_bed:0.4"), (200,
            "turbid_water:0.4+canal_bed:0.6"),
            (250, "turbid_water:0.3+steppe_green:0.3+canal_bed:0.4"), (300, "sand:0.6+canal_bed:0.4"),
            (366, "sand:0.6+canal_bed:0.4")),
    # canals run from early April to mid-September, and again for the winter irrigation
    "canal": ((1, "canal_bed"), (94, "canal_bed"), (98, "turbid_water:0.9+canal_bed:0.1"), (258,
              "turbid_water:0.9+canal_bed:0.1"),
              (264, "canal_bed"), (292, "canal_bed"), (295, "turbid_water:0.9+canal_bed:0.1"),
              (328, "turbid_water:0.9+canal_bed:0.1"), (332, "canal_bed"), (366, "canal_bed")),
    "ditch": ((1, "canal_bed:0.6+dry_grass:0.4"), (100, "turbid_water:0.4+dry_grass:0.6"), (150,
              "turbid_water:0.3+lawn:0.7"),
              (255, "turbid_water:0.3+reed_full:0.7"), (280, "canal_bed:0.4+reed_dry:0.6"), (366,
              "canal_bed:0.6+dry_grass:0.4")),
    "drain": ((1, "reed_dry:0.6+clear_water:0.4"), (130, "reed_dry:0.5+clear_water:0.5"), (170,
              "reed_full:0.7+clear_water:0.3"),
              (258, "reed_full:0.7+clear_water:0.3"), (295, "reed_dry:0.6+clear_water:0.4"), (366,
              "reed_dry:0.6+clear_water:0.4")),
    "asphalt": ((1, "asphalt"), (366, "asphalt")),
    "dirt": ((1, "dirt_track"), (120, "dirt_track"), (185, "dirt_track:0.6+lawn:0.4"), (260,
             "dirt_track:0.6+lawn:0.4"),
             (300, "dirt_track"), (366, "dirt_track")),
    "houses": ((1, "red_roof:0.35+grey_roof:0.3+yard:0.35"), (366, "red_roof:0.35+grey_roof:0.3+yard:0.35")),
    "flats": ((1, "grey_roof:0.5+concrete:0.3+asphalt:0.2"), (366, "grey_roof:0.5+concrete:0.3+asphalt:0.2")),
    "works": ((1, "blue_steel:0.55+concrete:0.45"), (366, "blue_steel:0.55+concrete:0.45")),
    "concrete": ((1, "concrete"), (366, "concrete")),
    "yard": ((1, "yard"), (366, "yard")),
    "greenhouse": ((1, "film_crop"), (150, "film_crop"), (175, "film_crop:0.7+soil_moist:0.3"),
                   (225, "film_crop:0.6+soil_dry:0.4"), (255, "film_crop"), (366, "film_crop")),
    "gaps": ((1, "soil_dry:0.7+yard:0.3"), (120, "soil_moist:0.6+yard:0.4"), (180, "emergence"), (260,
             "emergence"),
             (300, "soil_dry"), (366, "soil_dry:0.7+yard:0.3")),
}  # fmt: skip


@cache
def _points(name: str) -> tuple[Array, Array]:
    days, mixes = zip(*CURVES[name], strict=True)
    return np.array(days, float), np.array([reflectance(m) for m in mixes])


def curve(name: str, day: Array) -> Array:
    """Return reflectance of cover `name` on days of the year.

    Parameters
    ----------
    day
        ``(n,)`` days of the year, shifted by each field's own timing; held at 1 and 366.

    Returns
    -------
    ndarray
        ``(n, 6)`` float64.
    """
    days, values = _points(name)
    return np.stack([np.interp(day, days, values[:, band]) for band in range(values.shape[1])], axis=1)
