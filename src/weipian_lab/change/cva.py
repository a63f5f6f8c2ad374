"""Change vector analysis: the length of the difference between the spectra of two dates."""

from __future__ import annotations

import numpy as np

from weipian_lab.change.linear import LinearModel, inverse_scale, no_difference
from weipian_lab.change.pixels import Samples

__all__ = ["fit_cva", "fit_cva_std"]


def fit_cva(samples: Samples) -> LinearModel:
    """Return the detector of raw change vectors: √Σ(after − before)², in units of reflectance.

    Source: Malila, W. A. (1980). Change vector analysis: an approach for detecting forest changes with
    Landsat. LARS Symposia, paper 385. Without radiometric normalisation it is for calibrated pairs only.
    """
    n = samples.before.shape[1]
    return LinearModel(
        method="cva",
        n_bands=n,
        before_weights=np.eye(n),
        after_weights=-np.eye(n),
        offset=np.zeros(n),
    )


def fit_cva_std(samples: Samples) -> LinearModel:
    """Return the detector of standardised change vectors: bands less their mean, over their deviation.

    The score is the Euclidean length in standard deviations. A band that does not vary adds nothing.
    Standardising both dates takes out any gain and offset between them (see Singh 1989, IJRS 10:989–1003).
    """
    if samples.identical:
        return no_difference(samples, "cva_std")
    x, y = samples.before, samples.after
    scale_x, scale_y = inverse_scale(x.var(axis=0)), inverse_scale(y.var(axis=0))
    return LinearModel(
        method="cva_std",
        n_bands=x.shape[1],
        before_weights=-np.diag(scale_x),
        after_weights=np.diag(scale_y),
        offset=x.mean(axis=0) * scale_x - y.mean(axis=0) * scale_y,
        details={"mean_before": x.mean(axis=0).tolist(), "mean_after": y.mean(axis=0).tolist()},
    )
