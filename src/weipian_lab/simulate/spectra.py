"""Surface reflectances of the simulated land covers.

Vegetation and soil come from PROSAIL (prosail 2.0.5, PROSPECT-D, solar zenith 35°, nadir, flat response over
the limits of each Sentinel-2 band; soil is the package's dry soil × 0.75); "built" is a Landsat-8 sample
mean; the rest are teaching values. They are starting points, not measurements of real fields.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["ENDMEMBERS", "reflectance"]

Array = NDArray[np.float64]

# B02 B03 B04 B08 B11 B12
ENDMEMBERS: dict[str, tuple[float, float, float, float, float, float]] = {
    "soil_dry": (0.173, 0.198, 0.238, 0.303, 0.382, 0.371),
    "soil_moist": (0.099, 0.114, 0.138, 0.186, 0.270, 0.242),
    "stubble": (0.101, 0.139, 0.168, 0.307, 0.359, 0.263),
    "emergence": (0.129, 0.160, 0.173, 0.317, 0.367, 0.310),
    "maize_june": (0.035, 0.067, 0.035, 0.381, 0.223, 0.107),
    "maize_full": (0.022, 0.050, 0.015, 0.482, 0.189, 0.069),
    "maize_late": (0.027, 0.081, 0.042, 0.364, 0.280, 0.131),
    "wheat_green": (0.020, 0.043, 0.016, 0.411, 0.169, 0.064),
    "wheat_ripe": (0.045, 0.104, 0.090, 0.318, 0.313, 0.175),
    "alfalfa": (0.025, 0.056, 0.016, 0.530, 0.207, 0.075),
    "bushes": (0.074, 0.114, 0.089, 0.404, 0.313, 0.199),
    "rice_full": (0.022, 0.054, 0.014, 0.473, 0.185, 0.066),
    "flooded": (0.080, 0.109, 0.121, 0.140, 0.045, 0.023),
    "tillering": (0.056, 0.085, 0.078, 0.281, 0.104, 0.042),
    "turbid_water": (0.09, 0.12, 0.14, 0.08, 0.02, 0.015),
    "clear_water": (0.04, 0.04, 0.03, 0.02, 0.01, 0.01),
    "built": (0.104, 0.141, 0.177, 0.274, 0.286, 0.227),
    "concrete": (0.22, 0.25, 0.28, 0.32, 0.33, 0.30),
    "blue_steel": (0.24, 0.20, 0.15, 0.20, 0.22, 0.20),
    "pv": (0.06, 0.07, 0.08, 0.12, 0.14, 0.12),
    "mulch": (0.24, 0.27, 0.30, 0.36, 0.36, 0.31),
    "film_crop": (0.20, 0.23, 0.22, 0.34, 0.25, 0.19),
    "black_net": (0.09, 0.10, 0.11, 0.15, 0.20, 0.18),
    "green_net": (0.09, 0.14, 0.11, 0.20, 0.24, 0.21),
    "snow": (0.85, 0.83, 0.80, 0.72, 0.10, 0.08),
    # mixes and teaching values
    "maize_ripe": (0.060, 0.105, 0.100, 0.330, 0.325, 0.200),
    "rice_ripe": (0.060, 0.105, 0.098, 0.310, 0.260, 0.150),
    "soil_cleared": (0.185, 0.225, 0.275, 0.340, 0.420, 0.400),
    "asphalt": (0.095, 0.105, 0.115, 0.140, 0.165, 0.150),
    "red_roof": (0.105, 0.115, 0.185, 0.250, 0.260, 0.215),
    "grey_roof": (0.135, 0.150, 0.165, 0.215, 0.235, 0.215),
    "yard": (0.140, 0.165, 0.195, 0.265, 0.310, 0.275),
    "dirt_track": (0.165, 0.195, 0.235, 0.300, 0.365, 0.340),
    "sand": (0.190, 0.226, 0.268, 0.325, 0.400, 0.380),
    "saline_crust": (0.260, 0.295, 0.330, 0.385, 0.375, 0.310),
    "gravel": (0.150, 0.175, 0.205, 0.255, 0.310, 0.295),
    "trees_full": (0.032, 0.056, 0.036, 0.340, 0.180, 0.090),
    "trees_bare": (0.095, 0.115, 0.130, 0.220, 0.270, 0.215),
    "dry_grass": (0.115, 0.150, 0.185, 0.285, 0.360, 0.290),
    "steppe_green": (0.095, 0.130, 0.140, 0.290, 0.320, 0.240),
    "reed_full": (0.035, 0.065, 0.050, 0.310, 0.180, 0.090),
    "reed_dry": (0.090, 0.125, 0.155, 0.280, 0.300, 0.220),
    "lawn": (0.035, 0.075, 0.035, 0.430, 0.210, 0.100),
    "algae_water": (0.045, 0.075, 0.050, 0.110, 0.025, 0.015),
    "canal_bed": (0.130, 0.155, 0.180, 0.230, 0.270, 0.240),
    "straw": (0.170, 0.220, 0.270, 0.400, 0.420, 0.310),
    "rubbish": (0.140, 0.155, 0.175, 0.230, 0.290, 0.270),
    "ice": (0.45, 0.46, 0.44, 0.36, 0.06, 0.05),
}


@cache
def _table() -> dict[str, Array]:
    return {name: np.array(values) for name, values in ENDMEMBERS.items()}


def reflectance(mix: str) -> Array:
    """Return the reflectance of an end-member, or of a mix written ``"a:0.6+b:0.4"``.

    Returns
    -------
    ndarray
        ``(6,)`` float64, 0–1.
    """
    total = np.zeros(6)
    for part in mix.split("+"):
        name, _, share = part.partition(":")
        total += _table()[name] * (float(share) if share else 1.0)
    return total
