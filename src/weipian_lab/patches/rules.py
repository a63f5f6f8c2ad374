"""How flagged pixels become patches, and what every patch of a batch has in common."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import get_args

from weipian_lab.errors import ParameterError
from weipian_lab.patches.morphology import Order

__all__ = ["SOURCES", "Batch", "CleanUp"]

SOURCES = ("MNR_QUARTERLY", "NX_DAILY", "MNR_ANNUAL", "SELF")


@dataclass(frozen=True, slots=True)
class CleanUp:
    """Clean-up of a mask, in the order of the steps.

    Parameters
    ----------
    opening_px
        1. Half width of the square that takes away what is thinner.
    closing_px
        2. Half width of the square that fills gaps.
    order
        Which of steps 1 and 2 is first: ``open_close`` keeps specks from growing into patches, ``close_open``
        joins what lies close together before it takes thin parts away.
    connectivity
        3. Pixels that touch at a corner belong together (8) or not (4). A component stays only if one of its
        pixels reaches the strong threshold (hysteresis).
    min_px
        4. Sieve: components of fewer pixels go.
    split_neck_px
        5. Components joined by a neck of at most twice this many pixels become several patches, none smaller
        than `min_px`; no pixel is lost (:mod:`weipian_lab.patches.necks`).
    merge_gap_m
        6. Components not further apart than this, in metres, become one patch (of several parts). Not
        together with `split_neck_px`: parts cut at a neck touch.
    fill_px
        7. Holes of at most this many pixels are filled.
    smooth
        8. Corners are cut, the area of every ring stays.
    min_mu
        9. Patches below this many 亩 on the ellipsoid go (rounded half-up to 0.01 亩).
    """

    opening_px: int = 0
    closing_px: int = 0
    order: Order = "open_close"
    connectivity: int = 8
    min_px: int = 1
    split_neck_px: int = 0
    merge_gap_m: float = 0.0
    fill_px: float = 0.0
    smooth: bool = True
    min_mu: float = 0.0

    def __post_init__(self) -> None:
        for name in (
            "opening_px",
            "closing_px",
            "min_px",
            "split_neck_px",
            "merge_gap_m",
            "fill_px",
            "min_mu",
        ):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise ParameterError("patches.negative", name=name, value=value)
        if self.split_neck_px and self.merge_gap_m:
            raise ParameterError("patches.split_and_merge", neck=self.split_neck_px, gap=self.merge_gap_m)
        for name, choices in (("connectivity", (4, 8)), ("order", get_args(Order))):
            value = getattr(self, name)
            if value not in choices:
                known = ", ".join(map(str, choices))
                raise ParameterError("errors.bad_choice", name=name, value=value, choices=known)


@dataclass(frozen=True, slots=True)
class Batch:
    """What all patches of one screening share.

    Parameters
    ----------
    source
        ``SELF`` (自行筛查), ``MNR_QUARTERLY``, ``NX_DAILY`` or ``MNR_ANNUAL``.
    admin_code, manage_unit
        行政区代码 and 管理单元; they differ for 宁东.
    date_before, date_after
        ``YYYY-MM-DD``, "" if unknown.
    """

    source: str = "SELF"
    admin_code: str = ""
    manage_unit: str = ""
    date_before: str = ""
    date_after: str = ""

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise ParameterError(
                "errors.bad_choice", name="source", value=self.source, choices=", ".join(SOURCES)
            )
