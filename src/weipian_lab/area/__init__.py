"""Areas: 亩 and m², area on the ellipsoid, rounding, thresholds, parts that sum to the whole."""

from weipian_lab.area.ellipsoidal import ellipsoidal_area
from weipian_lab.area.forms import ellipsoid_parameters
from weipian_lab.area.mu import (
    M2_TO_MU,
    adjust,
    borderline,
    m2_to_mu,
    meets,
    mu_to_m2,
    round_half_up,
    round_mu,
)
from weipian_lab.area.trapezoid import trapezoid_area

__all__ = [
    "M2_TO_MU",
    "adjust",
    "borderline",
    "ellipsoid_parameters",
    "ellipsoidal_area",
    "m2_to_mu",
    "meets",
    "mu_to_m2",
    "round_half_up",
    "round_mu",
    "trapezoid_area",
]
