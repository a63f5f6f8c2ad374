"""Counts of patches by size."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from weipian_lab.area import round_mu
from weipian_lab.text import t

__all__ = ["size_classes"]

SIZE_EDGES_MU = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


def size_classes(area_m2: Sequence[float], edges_mu: Sequence[float] = SIZE_EDGES_MU) -> pd.DataFrame:
    """Count patches by size class; a class includes its lower edge.

    Returns
    -------
    DataFrame
        ``size_class`` (in the language in force), ``patches``, ``area_mu`` (sum); empty classes too.
    """
    mu = round_mu(np.asarray(area_m2, float))
    which = np.digitize(mu, edges_mu)
    names = [t("patches.class_below", high=f"{edges_mu[0]:g}")]
    names += [
        t("patches.class_between", low=f"{low:g}", high=f"{high:g}") for low, high in pairwise(edges_mu)
    ]
    names.append(t("patches.class_above", low=f"{edges_mu[-1]:g}"))
    k = len(names)
    return pd.DataFrame(
        {
            "size_class": names,
            "patches": np.bincount(which, minlength=k),
            "area_mu": np.bincount(which, mu, k).round(2),
        }
    )
