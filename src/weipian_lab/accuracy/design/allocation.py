"""How many units to check, and in which stratum."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from weipian_lab.accuracy.checks import as_float, as_mapping, whole
from weipian_lab.accuracy.intervals import check_confidence, share_interval
from weipian_lab.accuracy.labels import as_sizes, same_labels
from weipian_lab.errors import ParameterError, SchemaError

__all__ = ["allocate", "draw", "size_for_half_width", "size_for_total"]

Array = NDArray[np.float64]
How = Literal["proportional", "neyman", "equal", "precision"]
Frame = TypeVar("Frame", bound=pd.DataFrame)


def allocate(
    sizes: Mapping[Any, float],
    n: int,
    how: How = "neyman",
    *,
    shares: Mapping[Any, float] | None = None,
    minimum: int = 2,
    limit_to_size: bool = True,
) -> dict[Hashable, int]:
    """Share out `n` units among strata.

    Parameters
    ----------
    sizes
        Units (or area) of each stratum.
    n
        Units to check in all.
    how
        ``proportional`` to size; ``equal``; ``neyman``: to N S, S = sqrt(p (1 - p)), for the least
        variance of the total;
        ``precision``: to p (1 - p), the same half-width in every stratum.
    shares
        Expected share p of false alarms (or of the target) in each stratum, for ``neyman`` and ``precision``;
        0.5 where it is not given. Taken within 0.02-0.98: a share never seen is not a share of 0.
    minimum
        At least so many in each stratum (two are needed for a variance), if the stratum has them.
    limit_to_size
        Sizes are numbers of units, no stratum gets more than it has.

    Returns
    -------
    dict
        Whole numbers that sum to `n` (less, if all strata are used up).

    Raises
    ------
    ParameterError
        Unknown `how`, `n` below what the minimum takes, shares outside 0-1.
    """
    if how not in ("proportional", "neyman", "equal", "precision"):
        choices = "proportional, neyman, equal, precision"
        raise ParameterError("errors.bad_choice", name="how", value=how, choices=choices)
    n, minimum = whole("n", n, 0), whole("minimum", minimum, 0)
    table = {k: v for k, v in as_sizes(sizes).items() if v > 0}
    size = np.array(list(table.values()))
    top = np.floor(size) if limit_to_size else np.full(len(size), np.inf)
    floor = np.minimum(minimum, top)
    if n < floor.sum():
        raise ParameterError("accuracy.n_too_small", n=n, least=int(floor.sum()), strata=len(size))
    p = np.clip(_shares(table, shares), 0.02, 0.98)
    wish = {
        "proportional": size,
        "equal": np.ones(len(size)),
        "neyman": size * np.sqrt(p * (1 - p)),
        "precision": p * (1 - p),
    }[how]
    return dict(zip(table, _fill(wish, n, floor, top).tolist(), strict=True))


def _shares(table: Mapping[Hashable, float], shares: Mapping[Any, float] | None) -> Array:
    raw = {} if shares is None else as_mapping("shares", shares)
    given = {k: as_float("shares", v) for k, v in raw.items()}
    if any(not 0 <= v <= 1 for v in given.values()):
        raise ParameterError("accuracy.bad_share", name="shares", value=given)
    return np.array([given.get(k, 0.5) for k in same_labels(given, list(table))])


def _fill(wish: Array, n: int, floor: Array, top: Array) -> NDArray[np.int64]:
    """Give every stratum its minimum, then one unit after the other to the one furthest below its wish."""
    got = floor.copy()
    target = wish / wish.sum() * n
    got = np.clip(np.floor(target), floor, top)
    while got.sum() > n:  # minima took more than the wishes leave
        over = np.where(got > floor, got - target, -np.inf)
        got[int(np.argmax(over))] -= 1
    while got.sum() < n and np.any(got < top):
        under = np.where(got < top, target - got, -np.inf)
        got[int(np.argmax(under))] += 1
    return np.asarray(got, np.int64)


def size_for_half_width(
    share: float, half_width: float, *, population: float = np.inf, confidence: float = 0.95
) -> int:
    """Return the smallest simple random sample whose Wilson interval is at most ± `half_width`.

    Parameters
    ----------
    share
        Expected share of false alarms, 0-1; 0.5 if nothing is known.
    half_width
        Wanted half the length of the interval, 0-0.5 (exclusive).
    population
        Patches in the batch; the answer never exceeds it.

    Raises
    ------
    ParameterError
        Out of range.
    """
    check_confidence(confidence)
    share, half_width = as_float("share", share), as_float("half_width", half_width)
    population = as_float("population", population, infinite=True)
    if not population >= 1:
        raise ParameterError("errors.not_positive", name="population", value=population)
    if not 0 <= share <= 1:
        raise ParameterError("accuracy.bad_share", name="share", value=share)
    if not 0 < half_width < 0.5:
        raise ParameterError("accuracy.bad_half_width", value=half_width)

    def half(n: int) -> float:
        low, high = share_interval(share, 0.0, "wilson", confidence=confidence, n=n, df=max(n - 1, 1))
        return float(high - low) / 2

    low, high = 1, 2
    while half(high) > half_width:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if half(middle) <= half_width else (middle + 1, high)
    corrected = low / (1 + (low - 1) / population) if np.isfinite(population) else low
    return int(min(np.ceil(corrected), population))


def size_for_total(
    sizes: Mapping[Any, float],
    shares: Mapping[Any, float],
    half_width: float,
    *,
    confidence: float = 0.95,
    finite_population: bool = False,
) -> float:
    """Return the sample size (not rounded) for a total, such as the missed area, known to ± `half_width`.

    n = (Σ N S)² / (V + Σ N S²), V = (half_width / z)², under Neyman allocation (Cochran 1977, eq. 5.22);
    without the finite population correction the second term in the divisor is left out.

    Parameters
    ----------
    sizes
        Size of each stratum in the unit of the total (亩, m², units).
    shares
        Expected share of the stratum that adds to the total, 0-1.
    half_width
        In the unit of the total, above 0.

    Raises
    ------
    ParameterError
        Strata differ between the two, a number out of range.
    """
    check_confidence(confidence)
    table = as_sizes(sizes)
    if set(same_labels(table, list(shares))) != set(table):
        differing = sorted(map(str, set(table) ^ set(shares)))
        raise ParameterError("accuracy.strata_mismatch", strata=", ".join(differing))
    half_width = as_float("half_width", half_width)
    if not half_width > 0:
        raise ParameterError("errors.not_positive", name="half_width", value=half_width)
    size, p = np.array(list(table.values())), _shares(table, shares)
    spread = np.sqrt(p * (1 - p))
    z = stats.norm.ppf(0.5 + confidence / 2)
    below = (half_width / z) ** 2 + ((size * spread**2).sum() if finite_population else 0.0)
    return float((size * spread).sum() ** 2 / below)


def draw(frame: Frame, allocation: Mapping[Any, int], *, stratum: str = "stratum", seed: int = 0) -> Frame:
    """Return a random sample of rows, without repetition, with the numbers asked for in each stratum.

    The result is in the order of the frame and depends on its order and the seed only.

    Raises
    ------
    SchemaError
        The stratum column is missing, or a stratum holds fewer rows than asked for.
    """
    if stratum not in frame.columns:
        raise SchemaError("accuracy.no_column", column=stratum, columns=", ".join(map(str, frame.columns)))
    allocation = {k: whole("allocation", v, 0) for k, v in as_mapping("allocation", allocation).items()}
    rng = np.random.default_rng(whole("seed", seed, 0))
    labels = frame[stratum].to_numpy()
    chosen: list[NDArray[np.intp]] = []
    for label in sorted(allocation, key=str):
        rows = np.flatnonzero(labels == label)
        if len(rows) < allocation[label]:
            raise SchemaError(
                "accuracy.too_few_units", stratum=label, found=len(rows), wanted=allocation[label]
            )
        chosen.append(rng.choice(rows, size=allocation[label], replace=False))
    picked = np.sort(np.concatenate(chosen)) if chosen else np.empty(0, np.intp)
    return frame.iloc[picked]
