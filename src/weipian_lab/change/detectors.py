"""The table of detectors, and two ways to use them: a pair at once, or fit on samples and score blocks."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtr

from weipian_lab.change.cva import fit_cva, fit_cva_std
from weipian_lab.change.indices import fit_index, require_index
from weipian_lab.change.learnt import fit_learnt
from weipian_lab.change.mad import fit_irmad, fit_mad
from weipian_lab.change.pca_kmeans import fit_pca_kmeans
from weipian_lab.change.pixels import Float, Model, prepare, take_samples
from weipian_lab.change.registration import measure_shift, resample
from weipian_lab.change.residual import PRESETS, fit_cross_residual
from weipian_lab.change.sfa import fit_isfa, fit_sfa
from weipian_lab.errors import ParameterError

__all__ = ["DETECTORS", "USUAL_RULES", "chi2_probability", "fit", "require_method", "score"]

DETECTORS: Mapping[str, Callable[..., Model]] = {
    "cva": fit_cva,
    "cva_std": fit_cva_std,
    "mad": fit_mad,
    "irmad": fit_irmad,
    "sfa": fit_sfa,
    "isfa": fit_isfa,
    "pca_kmeans": fit_pca_kmeans,
    "index": fit_index,
    "cross_residual": fit_cross_residual,
    "learnt": fit_learnt,
}
_REGISTERED = (*PRESETS, "learnt")
# the threshold rule that goes with a score; arguments of change.threshold
USUAL_RULES: Mapping[str, Mapping[str, Any]] = {
    **{method: {"rule": "otsu"} for method in ("cva", "cva_std", "index")},
    **{method: {"rule": "kmeans"} for method in ("mad", "irmad", "sfa", "isfa")},
    "pca_kmeans": {"rule": "fixed", "value": 0.0},
    "cross_residual": {"rule": "null_fit", "k": 8.0, "hysteresis": 1.3},
    "construction": {"rule": "null_fit", "k": 12.0, "hysteresis": 1.3},
    "any_change": {"rule": "null_fit", "k": 3.0},
    "learnt": {"rule": "fixed", "value": 0.91},  # as its weights say, best on the simulated county
}
_INDEX_NAMES = ("ndvi", "ndbi", "bsi", "mndwi")


def require_method(method: str) -> None:
    """Check the name of a detector.

    Raises
    ------
    ParameterError
        If there is no such detector or spectral index; names the nearest.
    """
    fit_function, options = _resolve(method, {})
    if fit_function is fit_index and "index" in options:
        require_index(options["index"])


def _resolve(method: str, options: dict[str, Any]) -> tuple[Callable[..., Model], dict[str, Any]]:
    """Return the fit function of a method and its options; presets and names of indices are resolved."""
    if method in PRESETS:
        return fit_cross_residual, {**PRESETS[method], **options}
    if method in DETECTORS:
        return DETECTORS[method], options
    if method.lower().startswith("index:"):
        return fit_index, {"index": method[6:], **options}
    if method.lower() in _INDEX_NAMES:
        return fit_index, {"index": method.upper(), **options}
    choices = [*DETECTORS, *PRESETS, *_INDEX_NAMES, "index:NAME"]
    near = difflib.get_close_matches(method, choices, n=1)
    raise ParameterError("change.unknown", name="method", value=method, choices=", ".join(near or choices))


def fit(
    before: ArrayLike | Sequence[ArrayLike],
    after: ArrayLike | Sequence[ArrayLike],
    method: str = "irmad",
    *,
    valid: ArrayLike | Sequence[ArrayLike] | None = None,
    random_state: int = 0,
    max_samples: int = 150_000,
    bands: Sequence[str] | None = None,
    **options: Any,
) -> Model:
    """Fit a detector on samples; the model then scores any block of the pair.

    Parameters
    ----------
    before, after
        Samples of pixels ``(n, band)``, one image ``(band, row, col)``, or a list of such tiles;
        ``pca_kmeans`` looks at neighbourhoods and needs tiles.
    method
        See :func:`score`.
    valid
        Mask to match.
    random_state
        Seed of the draw of pixels (and of clustering).
    max_samples
        Pixels used for statistics; all if there are fewer.
    bands
        Band names, for detectors that need to know which band is which.
    **options
        Of the detector; its ``fit_…`` docstring lists them.

    Returns
    -------
    Model
        With ``score_block(before, after, valid)``, ``halo_px`` and ``details``.

    Raises
    ------
    ParameterError
        If the method or an option is unknown.
    InputError
        If no pixel is valid.
    """
    function, options = _resolve(method, options)
    known = [name for name in inspect.signature(function).parameters if name != "samples"]
    given: dict[str, Any] = {"random_state": random_state, "bands": bands}
    options = {**options, **{name: value for name, value in given.items() if name in known}}
    for option in options:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1) or known or ["-"]
            raise ParameterError("change.unknown_option", method=method, option=option, near=", ".join(near))
    samples = take_samples(before, after, valid, max_samples=max_samples, random_state=random_state)
    return dataclasses.replace(function(samples, **options), method=method)


def score(
    before: ArrayLike,
    after: ArrayLike,
    method: str = "irmad",
    valid: ArrayLike | None = None,
    random_state: int = 0,
    *,
    register: bool | None = None,
    **options: Any,
) -> Float:
    """Return the change score of an image pair.

    Parameters
    ----------
    before, after
        ``(band, row, col)`` reflectance on one grid; integers are cast to float32 first. Masked arrays,
        NaN and infinities are taken as not valid.
    method
        ``cva``, ``cva_std``, ``mad``, ``irmad``, ``sfa``, ``isfa``, ``pca_kmeans``, ``ndvi``, ``ndbi``,
        ``bsi``, ``mndwi``, ``index:NAME``, ``cross_residual`` and its presets ``construction`` and
        ``any_change``, ``learnt``.
    valid
        bool ``(row, col)``.
    random_state
        Seed; the same input and seed give the same score.
    register
        Whether a reliable sub-pixel shift (0.05 to 3 pixels) is measured and taken out first; it is part of
        the presets and of ``learnt``, which do so unless told not to, and of no other method. A screening
        run aligns by itself, reports the shift and needs no second time.
    **options
        Of :func:`fit`.

    Returns
    -------
    float32 ``(row, col)``, NaN where not valid; larger is more change. The scores of ``mad``, ``irmad``,
    ``sfa`` and ``isfa`` are square roots of a chi-square statistic (see :func:`chi2_probability`).

    Examples
    --------
    >>> import numpy as np
    >>> before = np.zeros((2, 1, 3)); after = before.copy(); after[:, 0, 1] = 3, 4
    >>> score(before, after, "cva").tolist()
    [[0.0, 5.0, 0.0]]
    """
    first, second, good = prepare(before, after, valid)
    if method in _REGISTERED if register is None else register:
        shift = measure_shift(first, second, good, bands=options.get("bands"))
        if shift.reliable and 0.05 < shift.distance_px <= 3:
            aligned = resample(np.where(good, second, np.float32(np.nan)), shift)
            first, second, good = prepare(first, aligned, good)
    model = fit(first, second, method, valid=good, random_state=random_state, **options)
    return model.score_block(first, second, good)


def chi2_probability(score: ArrayLike, df: int) -> Float:
    """Return the probability 0–1 that an unchanged pixel scores less: the usual "change probability" of MAD.

    As a rule for change at .95 or .99 it flags most of a real scene, since unchanged pixels are not normal.

    Parameters
    ----------
    score
        Score of ``mad``, ``irmad``, ``sfa`` or ``isfa``: the root of the statistic; NaN stays NaN.
    df
        The model's ``df``.
    """
    probability: Float = chdtr(df, np.asarray(score, dtype=np.float64) ** 2).astype(np.float32)
    return probability
