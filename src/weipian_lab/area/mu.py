"""亩 and square metres, half-up rounding, thresholds (以上) and adjustment (平差).

1 亩 is 1/15 ha, so that 1 m² is exactly 0.0015 亩.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weipian_lab.errors import InputError

__all__ = ["M2_TO_MU", "adjust", "borderline", "m2_to_mu", "meets", "mu_to_m2", "round_half_up", "round_mu"]

M2_TO_MU = 0.0015
_M2_TO_MU = Decimal("0.0015")


@overload
def m2_to_mu(m2: float) -> float: ...
@overload
def m2_to_mu(m2: ArrayLike) -> Any: ...
def m2_to_mu(m2: Any) -> Any:
    """Convert m² to 亩, exactly ``m2 * 0.0015``; numbers, arrays and Series keep their kind.

    >>> m2_to_mu(10_000)
    15.0
    """
    return _number(m2) * M2_TO_MU


def mu_to_m2(mu: Any) -> Any:
    """Convert 亩 to m² (1 亩 is 2000/3 m²)."""
    return _number(mu) * 2000.0 / 3.0


def _number(value: Any) -> Any:
    return np.asarray(value, dtype=float) if isinstance(value, (list, tuple)) else value


def round_half_up(values: ArrayLike, step: float = 0.01) -> NDArray[np.float64]:
    """Round to a multiple of `step`, halves away from zero (四舍五入), on the decimal value as written.

    Python's and NumPy's ``round`` go to the even neighbour and see 4.995 as 4.99499…; here it gives 5.00.

    Parameters
    ----------
    values
        Any shape, finite.
    step
        Smallest unit kept, such as 0.01.

    Raises
    ------
    InputError
        If a value is not finite.
    """
    return _rounded(values, Decimal(1), step)


def round_mu(area_m2: ArrayLike, step_mu: float = 0.01) -> NDArray[np.float64]:
    """Convert m² to 亩 and round half-up to `step_mu`.

    >>> float(round_mu(3333.33)), float(round_mu(3330.0)), float(round_mu(3329.99))
    (5.0, 5.0, 4.99)
    """
    return _rounded(area_m2, _M2_TO_MU, step_mu)


def _rounded(values: ArrayLike, factor: Decimal, step: float) -> NDArray[np.float64]:
    array = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if not np.isfinite(array).all():
        raise InputError("errors.not_an_area", value=array[~np.isfinite(array)].flat[0])
    unit = Decimal(repr(float(step)))
    steps = array * float(factor / unit)
    whole = np.sign(steps) * np.floor(np.abs(steps) + 0.5)
    # Binary arithmetic decides only where it is far from a half; the rest is done in decimals.
    unsure = np.abs(np.abs(steps) % 1 - 0.5) < 1e-6
    for index in np.argwhere(unsure):
        exact = Decimal(repr(float(array[tuple(index)]))) * factor / unit
        whole[tuple(index)] = float(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    # n / (1/step) is the nearest double to the decimal; n * step is not (3 * 0.01 = 0.030000000000000002).
    inverse = 1 / unit
    result = whole / float(inverse) if inverse == inverse.to_integral_value() else whole * float(unit)
    return np.asarray(result + 0.0).reshape(np.shape(values))


def meets(area_m2: ArrayLike, threshold_mu: ArrayLike, *, step_mu: float = 0.01) -> NDArray[np.bool_]:
    """Whether an area reaches a threshold given as "N 亩以上", which includes the number itself.

    The area is converted to 亩 and rounded half-up to `step_mu` first, the unit in which practice reports:
    3333.33 m² is 5.00 亩 and reaches 5 亩.

    Parameters
    ----------
    area_m2
        Areas in m², any shape.
    threshold_mu
        Threshold in 亩, a number or an array that broadcasts.
    step_mu
        Rounding unit in 亩.

    Notes
    -----
    以上 includes the number: 民法典 art. 1259, 刑法 art. 99.
    """
    return np.asarray(round_mu(area_m2, step_mu) >= np.asarray(threshold_mu, dtype=float))


def borderline(
    area_m2: ArrayLike, threshold_mu: float, *, relative: float = 0.002, margin_mu: float = 0.01
) -> NDArray[np.bool_]:
    """Whether an area lies so near a threshold that survey noise could decide it.

    True within `relative` × threshold or `margin_mu` of it, whichever is wider (both sides).
    """
    distance = np.abs(np.asarray(area_m2, dtype=float) * M2_TO_MU - threshold_mu)
    return np.asarray(distance <= max(relative * threshold_mu, margin_mu) + 1e-9)


def adjust(parts: ArrayLike, total: ArrayLike | None = None, *, step: float = 0.01) -> NDArray[np.float64]:
    """Round parts so that they still sum to the rounded total (平差), by largest remainder.

    Parameters
    ----------
    parts
        ``(n, k)`` or ``(k,)`` non-negative parts of each of n wholes.
    total
        ``(n,)`` wholes, or None for the sum of the parts.
    step
        Rounding unit.

    Returns
    -------
    ndarray
        Shape of `parts`; every value a multiple of `step`, no part moved by `step` or more beyond
        the difference that was there before rounding, a zero part stays zero.

    Raises
    ------
    InputError
        If the parts do not sum to the total within `step` before rounding.
    """
    table = np.atleast_2d(np.asarray(parts, dtype=np.float64))
    whole = table.sum(axis=1) if total is None else np.atleast_1d(np.asarray(total, dtype=np.float64))
    gap = np.abs(table.sum(axis=1) - whole)
    if (gap > step).any():
        worst = int(np.argmax(gap))
        raise InputError("errors.parts_open", row=worst, parts=table[worst].sum(), total=whole[worst])
    units = np.floor(table / step + 1e-9)
    wanted = np.rint(round_half_up(whole, step) / step)
    missing = (wanted - units.sum(axis=1)).astype(int)
    remainder = np.where(table > 0, table / step - units, -1.0)
    order = np.argsort(-remainder, axis=1, kind="stable")
    for row in np.flatnonzero(missing):
        _share_out(units[row], order[row], int(missing[row]))
    result = round_half_up(units * step, step)
    return result.reshape(np.shape(parts))


def _share_out(units: NDArray[np.float64], order: NDArray[np.intp], missing: int) -> None:
    """Add or take single units in place: add to the largest remainders first, take from the smallest."""
    if missing > 0:
        units[order[:missing]] += 1
        return
    takers = [i for i in order[::-1] if units[i] > 0]
    units[takers[:-missing]] -= 1
