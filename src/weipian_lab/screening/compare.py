"""Patches against a raster of labels: how good the screening was, where someone knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from weipian_lab.errors import InputError
from weipian_lab.grid import Grid
from weipian_lab.rasters import burn, open_source

__all__ = ["UNLABELLED", "Compared", "against_labels", "compare", "read_labels"]

UNLABELLED = 255


def read_labels(path: str | Path, grid: Grid) -> NDArray[np.uint8]:
    """Read labels onto a grid: 0 unchanged, 1 changed, 255 (or nodata, or outside) not labelled.

    Raises
    ------
    InputError
        If it holds other values, or no label lies on the grid.
    """
    with open_source(path, [1], scale=1.0) as source:
        values, valid = source.on(grid, "nearest").read()
    labels = np.where(valid, np.nan_to_num(values[0], nan=UNLABELLED), UNLABELLED)
    found = np.unique(labels)
    if not np.isin(found, (0, 1, UNLABELLED)).all():
        raise InputError("screening.bad_labels", path=path, found=", ".join(f"{v:g}" for v in found[:8]))
    if (labels == UNLABELLED).all():
        raise InputError("screening.no_labels", path=path)
    return labels.astype(np.uint8)


def against_labels(
    frame: gpd.GeoDataFrame, labels: NDArray[np.uint8], grid: Grid, score: NDArray[np.float32] | None = None
) -> dict[str, Any]:
    """Compare patches with labels, pixel by pixel.

    Parameters
    ----------
    frame
        Patches in the grid's CRS.
    labels
        ``(row, col)`` from :func:`read_labels`.
    score
        ``(row, col)`` for the area under the curve; NaN counts as the smallest score.

    Returns
    -------
    dict
        ``kappa, f1, precision, recall, auc`` (0–1; None where not defined), ``true_positive, false_positive,
        false_negative, true_negative`` (pixels), ``labelled_share``.
    """
    from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score, roc_auc_score

    known = labels != UNLABELLED
    truth = labels[known] == 1
    mapped = burn(frame.geometry, grid)[known]
    both = bool(truth.any() and not truth.all())
    auc = None
    if score is not None and both:
        values = score[known]
        finite = np.isfinite(values)
        low = float(values[finite].min()) if finite.any() else 0.0
        auc = float(roc_auc_score(truth, np.where(finite, values, low)))
    return {
        "kappa": float(cohen_kappa_score(truth, mapped)) if both else None,
        "f1": float(f1_score(truth, mapped, zero_division=0)),
        "precision": float(precision_score(truth, mapped, zero_division=0)),
        "recall": float(recall_score(truth, mapped, zero_division=0)),
        "auc": auc,
        "true_positive": int((truth & mapped).sum()),
        "false_positive": int((~truth & mapped).sum()),
        "false_negative": int((truth & ~mapped).sum()),
        "true_negative": int((~truth & ~mapped).sum()),
        "labelled_share": float(known.mean()),
    }


@dataclass(frozen=True, slots=True)
class Compared:
    """Labels and flagged pixels on one grid, and the figures of :func:`against_labels`."""

    labels: NDArray[np.uint8]
    mapped: NDArray[np.bool_]
    grid: Grid
    figures: dict[str, Any]

    @property
    def labelled(self) -> int:
        """Number of labelled pixels."""
        return int((self.labels != UNLABELLED).sum())


def compare(frame: gpd.GeoDataFrame, labels: str | Path, score: str | Path, grid: Grid) -> Compared:
    """Compare patches with a label raster; see :func:`against_labels`.

    Parameters
    ----------
    labels, score
        Files; the score lies on `grid`.

    Raises
    ------
    InputError
        As :func:`read_labels`.
    """
    known = read_labels(labels, grid)
    with open_source(score, scale=1.0) as source:
        values, _ = source.read()
    figures = against_labels(frame, known, grid, values[0])
    return Compared(known, burn(frame.geometry, grid), grid, figures)
