"""Land groups under surveys of several years, side by side.

The official counting rule says which year's survey counts; its text is not at hand: the user chooses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd

from weipian_lab.area import m2_to_mu
from weipian_lab.overlay.ledger import SUMMANDS, ledger
from weipian_lab.overlay.roles import SURVEY
from weipian_lab.rulebook import Rulebook

__all__ = ["baselines"]


def baselines(patches: gpd.GeoDataFrame, surveys: Mapping[str, Any], rulebook: Rulebook) -> pd.DataFrame:
    """Overlay patches with the survey (DLTB) of each baseline.

    Returns
    -------
    DataFrame
        ``patch_id, baseline, survey_version, dl_scheme`` and each land group in 亩; for each patch one row a
        baseline, in the order given.
    """
    tables = []
    for name, survey in surveys.items():
        found = ledger(patches, {SURVEY: survey}, rulebook)
        areas = m2_to_mu(found.areas[list(SUMMANDS)]).add_suffix("_mu").reset_index()
        areas.insert(1, "baseline", name)
        areas.insert(2, "survey_version", found.layers[SURVEY])
        areas.insert(3, "dl_scheme", found.scheme)
        tables.append(areas.assign(position=range(len(areas))))
    together = pd.concat(tables, ignore_index=True)
    ordered = together.sort_values("position", kind="stable", ignore_index=True)
    result: pd.DataFrame = ordered.drop(columns="position")
    return result
