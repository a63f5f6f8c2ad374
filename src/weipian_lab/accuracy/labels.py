"""Checking and coding of sample tables: labels of any kind in, integer codes and counts out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weipian_lab.accuracy.checks import as_mapping, as_table
from weipian_lab.errors import ParameterError, SchemaError

__all__ = ["AccuracyWarning", "Sample", "as_sizes", "code_sample", "same_labels"]


class AccuracyWarning(UserWarning):
    """Something cannot be estimated from this sample; the figure concerned is NaN, not invented."""


@dataclass(frozen=True)
class Sample:
    """A coded sample.

    Attributes
    ----------
    strata, classes : labels in the order of the codes
    stratum, mapped, reference : (n,) intp, codes
    """

    strata: list[Hashable]
    classes: list[Hashable]
    stratum: NDArray[np.intp]
    mapped: NDArray[np.intp]
    reference: NDArray[np.intp]

    def counts(self) -> NDArray[np.float64]:
        """Return the (stratum, mapped, reference) counts."""
        h, k = len(self.strata), len(self.classes)
        flat = (self.stratum * k + self.mapped) * k + self.reference
        return np.bincount(flat, minlength=h * k * k).reshape(h, k, k).astype(float)


def as_sizes(sizes: Mapping[Any, float] | pd.Series) -> dict[Hashable, float]:
    """Return stratum sizes as a dict of finite numbers not below 0.

    Raises
    ------
    ParameterError
        If it is no mapping.
    SchemaError
        If a size is missing, not a number, negative, or all are 0.
    """
    table = {plain(k): v for k, v in as_mapping("sizes", sizes).items()}
    result: dict[Hashable, float] = {}
    for stratum, size in table.items():
        try:
            number = float(size)
        except (TypeError, ValueError):
            number = np.nan
        if not np.isfinite(number) or number < 0:
            raise SchemaError("accuracy.bad_size", stratum=stratum, value=size)
        result[stratum] = number
    if not result or not 0 < sum(result.values()) < np.inf:
        raise SchemaError("accuracy.no_sizes")
    return result


def column(samples: pd.DataFrame, name: str) -> list[Hashable]:
    """Return a column's labels as plain Python values.

    Raises
    ------
    SchemaError
        If the column is missing or has an empty cell.
    """
    if name not in samples.columns:
        raise SchemaError(
            "accuracy.no_column", column=name, columns=", ".join(map(str, samples.columns)) or "–"
        )
    labels = [plain(v) for v in samples[name]]
    empty = samples[name].isna().to_numpy() | np.array([label == "" for label in labels], bool)
    if empty.any():
        rows = ", ".join(str(i) for i in samples.index[empty][:5])
        raise SchemaError("accuracy.empty_label", column=name, number=int(empty.sum()), rows=rows)
    for row, label in zip(samples.index, labels, strict=True):
        if not _hashable(label):
            raise SchemaError("accuracy.bad_label", column=name, row=row, value=label)
    return labels


def plain(value: Any) -> Hashable:
    """Return a label as a plain Python value; blanks around text are not part of it."""
    if isinstance(value, str):
        return value.strip()
    return value.item() if isinstance(value, np.generic) else value  # type: ignore[no-any-return]


def same_labels(known: Iterable[Hashable], found: Sequence[Hashable]) -> list[Hashable]:
    """Return `found` in the labels of `known`, when the two differ only by type (1 and "1").

    A file often turns numbers into text or back; labels that differ in more are left as they are.
    """
    known_set, found_set = set(known), set(found)
    if not found_set or known_set & found_set:
        return list(found)
    by_text = {str(k): k for k in known_set}
    if len(by_text) < len(known_set) or not any(str(f) in by_text for f in found_set):
        return list(found)
    return [by_text.get(str(f), f) for f in found]


def code_sample(
    samples: pd.DataFrame,
    stratum: str | None,
    sizes: Mapping[Hashable, float] | None = None,
    classes: Sequence[Hashable] | None = None,
) -> Sample:
    """Check a sample table and code its labels.

    Parameters
    ----------
    samples
        Columns mapped and reference, and the one named by `stratum`; a row a unit.
    stratum
        Column of the strata; None for a single one.
    sizes
        Known strata; fixes their order, and every unit must lie in one of them.
    classes
        Classes to report even if the sample lacks them; others found are added behind.

    Raises
    ------
    SchemaError
        If the table is empty, lacks a column or a label, or has a unit outside the strata.
    """
    samples = as_table(samples)
    if len(samples) == 0:
        raise SchemaError("accuracy.empty_sample")
    mapped = column(samples, "mapped")
    reference = same_labels(mapped, column(samples, "reference"))
    in_stratum = [_ALL] * len(samples) if stratum is None else column(samples, stratum)
    strata: list[Hashable] = [_ALL] if stratum is None else _ordered(in_stratum)
    if sizes is not None and stratum is not None:
        in_stratum = same_labels(sizes, in_stratum)
        strata = list(sizes)
        outside = [s for s in _ordered(in_stratum) if s not in sizes]
        if outside:
            raise SchemaError(
                "accuracy.outside_strata",
                strata=", ".join(map(str, outside)),
                number=sum(s in set(outside) for s in in_stratum),
                known=", ".join(map(str, sizes)),
            )
    found = set(mapped) | set(reference)
    first = _wanted(classes)
    first += [s for s in strata if s in found and s not in first]
    every = first + [c for c in _ordered([*mapped, *reference]) if c not in set(first)]
    return Sample(strata, every, _codes(in_stratum, strata), _codes(mapped, every), _codes(reference, every))


def _wanted(classes: Any) -> list[Hashable]:
    if classes is None:
        return []
    listed = isinstance(classes, Iterable) and not isinstance(classes, str)
    labels = [plain(c) for c in classes] if listed else [None]
    if not all(_hashable(c) and c is not None and c == c for c in labels):
        raise ParameterError("accuracy.bad_classes", value=repr(classes))
    return list(dict.fromkeys(labels))


def _hashable(label: Any) -> bool:
    try:
        hash(label)
    except TypeError:
        return False
    return True


_ALL = "all"


def _codes(values: Sequence[Hashable], labels: Sequence[Hashable]) -> NDArray[np.intp]:
    place = {label: i for i, label in enumerate(labels)}
    return np.fromiter((place[v] for v in values), np.intp, len(values))


def _ordered(values: Sequence[Hashable]) -> list[Hashable]:
    """Return the distinct values sorted where they can be compared, else as they appear."""
    distinct = list(dict.fromkeys(values))
    try:
        return sorted(distinct)  # type: ignore[type-var]
    except TypeError:
        return distinct


def check_sampled(
    sample_strata: NDArray[np.intp], sizes: Mapping[Hashable, float], *, finite: bool
) -> tuple[NDArray[np.intp], list[Hashable]]:
    """Return the codes of the strata to keep and the labels of empty ones left out (size 0, no unit).

    Raises
    ------
    SchemaError
        If a stratum of size 0 holds units, one with a size holds none, or (with `finite`) a sample is
        larger than its stratum.
    """
    number = np.bincount(sample_strata, minlength=len(sizes))
    keep, left_out = [], []
    for code, (label, size) in enumerate(sizes.items()):
        if size == 0 and number[code]:
            raise SchemaError("accuracy.zero_size", stratum=label, number=int(number[code]))
        if size == 0:
            left_out.append(label)
            continue
        if not number[code]:
            raise SchemaError("accuracy.no_units", stratum=label, size=f"{size:g}")
        if finite and number[code] > size * (1 + 1e-9):
            raise ParameterError(
                "accuracy.sample_over_size", stratum=label, number=int(number[code]), size=size
            )
        keep.append(code)
    return np.array(keep, np.intp), left_out
