"""Sample sizes before a survey."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from weipian_lab.accuracy.checks import as_float, as_mapping
from weipian_lab.errors import ParameterError

__all__ = ["sample_size"]


def sample_size(
    weights: Mapping[Hashable, float], users_accuracy: Mapping[Hashable, float], target_se: float
) -> float:
    """Return the sample size for a wanted standard error of overall accuracy (or of an area share).

    n = (Σ W_i S_i / SE)², S_i = sqrt(U_i (1 - U_i)): Cochran (1977) eq. 5.25 for a large population,
    as used in Olofsson et al. (2014) eq. 13. Not rounded.

    Parameters
    ----------
    weights
        Share of each stratum; sizes in any unit are taken as shares of their sum.
    users_accuracy
        User's accuracy expected in each stratum (or the expected share of the target class), 0-1.
    target_se
        Wanted standard error, greater than 0.

    Raises
    ------
    ParameterError
        If a stratum is missing on one side, a share lies outside 0-1 or the target is not positive.

    Examples
    --------
    Olofsson et al. (2014), section 5.1:

    >>> w = {"deforestation": 0.020, "gain": 0.015, "forest": 0.320, "other": 0.645}
    >>> u = {"deforestation": 0.70, "gain": 0.60, "forest": 0.90, "other": 0.95}
    >>> round(sample_size(w, u, 0.01))
    641
    """
    weights, users_accuracy = as_mapping("weights", weights), as_mapping("users_accuracy", users_accuracy)
    target_se = as_float("target_se", target_se)
    if set(weights) != set(users_accuracy):
        differing = sorted(map(str, set(weights) ^ set(users_accuracy)))
        raise ParameterError("accuracy.strata_mismatch", strata=", ".join(differing))
    share = np.array([as_float("weights", weights[k]) for k in weights])
    accuracy = np.array([as_float("users_accuracy", users_accuracy[k]) for k in weights])
    if not target_se > 0:
        raise ParameterError("errors.not_positive", name="target_se", value=target_se)
    if len(share) == 0 or not np.all(share >= 0) or share.sum() <= 0:
        raise ParameterError("accuracy.bad_weights", value=dict(weights))
    if not np.all((accuracy >= 0) & (accuracy <= 1)):
        raise ParameterError("accuracy.bad_share", name="users_accuracy", value=dict(users_accuracy))
    if not np.isclose(share.sum(), 1, atol=0.005):  # printed shares may miss 1 by their rounding
        share = share / share.sum()
    return float(((share * np.sqrt(accuracy * (1 - accuracy))).sum() / target_se) ** 2)
