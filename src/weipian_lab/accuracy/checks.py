"""Checks of arguments: what is no number, no whole number, no yes or no is named, not passed on to numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from weipian_lab.errors import ParameterError, SchemaError

__all__ = ["as_float", "as_mapping", "as_table", "check_flag", "whole"]


def as_float(name: str, value: Any, *, infinite: bool = False) -> float:
    """Return `value` as a float.

    Raises
    ------
    ParameterError
        Not a number, NaN, or infinite unless `infinite` is allowed; text is not a number.
    """
    try:
        number = np.nan if isinstance(value, (str, bytes)) else float(value)
    except (TypeError, ValueError):
        number = np.nan
    if np.isnan(number) or (np.isinf(number) and not infinite):
        raise ParameterError("accuracy.not_a_number", name=name, value=repr(value))
    return number


def whole(name: str, value: Any, least: int) -> int:
    """Return `value` as an int of at least `least`, else raise ParameterError."""
    number = as_float(name, value)
    if number % 1 or number < least:
        raise ParameterError("accuracy.not_whole", name=name, value=repr(value), least=least)
    return int(number)


def check_flag(name: str, value: Any) -> None:
    """Raise ParameterError for anything but True and False; the text "no" would count as true."""
    if not isinstance(value, (bool, np.bool_)):
        raise ParameterError("errors.bad_choice", name=name, value=repr(value), choices="True, False")


def as_mapping(name: str, value: Any) -> dict[Any, Any]:
    """Return a dict of a mapping, a Series or pairs.

    Raises
    ------
    ParameterError
        None of these (a bare list does not say which number is whose), or a label that occurs twice.
    """
    if isinstance(value, pd.Series) and not value.index.is_unique:
        raise ParameterError("accuracy.not_a_mapping", name=name, value=list(value.index))
    if isinstance(value, (Mapping, pd.Series)):
        return dict(value.items())
    try:
        pairs = [tuple(pair) for pair in value if not isinstance(pair, str)]
        table = dict(pairs)
    except (TypeError, ValueError):
        table, pairs = {}, [()]
    if len(table) < len(pairs) or isinstance(value, (str, pd.DataFrame)):
        raise ParameterError("accuracy.not_a_mapping", name=name, value=type(value).__name__)
    return table


def as_table(samples: Any) -> pd.DataFrame:
    """Return samples as a DataFrame: one, a mapping of columns, a list of records, or a structured array.

    Raises
    ------
    SchemaError
        Anything else: an array without names does not say which column is the map.
    """
    if isinstance(samples, pd.DataFrame):
        table = samples
    elif isinstance(samples, Mapping):
        table = _framed(dict(samples))
    elif isinstance(samples, np.ndarray) and samples.dtype.names:
        table = pd.DataFrame({name: samples[name] for name in samples.dtype.names})
    elif isinstance(samples, Sequence) and samples and all(isinstance(row, Mapping) for row in samples):
        table = _framed(list(samples))
    else:
        raise SchemaError("accuracy.not_a_sample", found=type(samples).__name__)
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()]
        raise SchemaError("accuracy.double_column", columns=", ".join(map(str, twice)))
    return table


def _framed(values: Any) -> pd.DataFrame:
    try:
        return pd.DataFrame(values)
    except (TypeError, ValueError):  # columns of different lengths, or none at all
        raise SchemaError("accuracy.not_a_sample", found=type(values).__name__) from None
