"""Field names of the survey database: the alias table, and what each layer must hold."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast

import numpy as np
import pandas as pd

from weipian_lab import yamlio
from weipian_lab.errors import ParameterError, SchemaError
from weipian_lab.text import current
from weipian_lab.vectors.model import Repair

__all__ = ["apply", "converted", "label_field", "layer_title", "names", "normalised", "require", "schema_of"]


@cache
def _catalogue() -> Mapping[str, Any]:
    source = files(__package__).joinpath("schemas.yaml").read_text("utf-8")
    return cast(Mapping[str, Any], yamlio.loads(source))


def names() -> tuple[str, ...]:
    """Return the names of the schemas."""
    return tuple(_catalogue())


def layer_title(schema: str) -> str:
    """Return what a layer of a schema is called in the current language, "" if it has none."""
    return str(_catalogue()[schema]["title"][current()]) if schema in _catalogue() else ""


def schema_of(layer: str) -> str:
    """Return the schema that a layer's name stands for, "" if none.

    >>> schema_of("dltb"), schema_of("永久基本农田图斑"), schema_of("YJJBNT"), schema_of("河流")
    ('DLTB', 'YJJBNTTB', 'YJJBNTTB', '')
    """
    wanted = normalised(layer)
    for name, rule in _catalogue().items():
        if wanted in {normalised(n) for n in (name, rule["title"]["zh"], *rule.get("layers", []))}:
            return name
    return ""


def _schema(name: str) -> Mapping[str, Any]:
    if name not in _catalogue():
        raise ParameterError("errors.bad_choice", name="schema", value=name, choices=", ".join(names()))
    return cast(Mapping[str, Any], _catalogue()[name])


def label_field(schema: str | None) -> str:
    """Return the field that names a feature."""
    return str(_schema(schema)["id"]) if schema else ""


def normalised(name: str) -> str:
    """Return a field name for comparison: brackets and letters half-width, no blanks, upper case.

    >>> normalised("图斑面积（平方米）") == normalised("图斑面积 (平方米)")
    True
    """
    return "".join(unicodedata.normalize("NFKC", name).split()).upper()


def renames(columns: list[str], schema: str) -> dict[str, str]:
    """Return which columns the alias table renames, found → used; a name that is there already stays."""
    taken, result = set(columns), {}
    for field, rule in _schema(schema)["fields"].items():
        if field in taken:
            continue
        wanted = {normalised(field): 0} | {normalised(a): i for i, a in enumerate(rule.get("as", []), 1)}
        fitting = [c for c in columns if normalised(c) in wanted and c not in result]
        if fitting:
            result[min(fitting, key=lambda c: wanted[normalised(c)])] = field
    return result


def apply(
    frame: pd.DataFrame, schema: str, layer: str
) -> tuple[pd.DataFrame, dict[str, str], list[tuple[int, Repair]]]:
    """Rename by the alias table, check with pandera, and bring each field to its kind.

    Returns
    -------
    frame, renamed, faults
        Faults with the row they stand in; values are never changed but for text that is not a number,
        which becomes NaN.

    Raises
    ------
    SchemaError
        If a field is missing that the overlay cannot do without.
    """
    renamed = renames([str(c) for c in frame.columns if c != "geometry"], schema)
    frame = frame.rename(columns=renamed)
    require(frame, schema, layer)
    frame, faults = converted(frame, schema)
    return frame, renamed, faults


def converted(frame: pd.DataFrame, schema: str) -> tuple[pd.DataFrame, list[tuple[int, Repair]]]:
    """Check the fields there are, already under their used names, and bring each to its kind."""
    rules = _schema(schema)["fields"]
    labels = _labels(frame, schema)
    faults: list[tuple[int, Repair]] = []
    for field in [f for f in rules if f in frame.columns]:
        frame, wrong = _to_kind(frame, field, str(rules[field]["kind"]), labels)
        faults += wrong
    faults += _check(frame, rules, labels) + _repeated(frame, str(_schema(schema)["id"]), labels)
    return frame, faults


def require(frame: pd.DataFrame, schema: str, layer: str) -> None:
    """Check that a layer has the fields that the overlay cannot do without.

    Raises
    ------
    SchemaError
        For the first one missing; names the nearest field there is.
    """
    for field, rule in _schema(schema)["fields"].items():
        if rule.get("need") and field not in frame.columns:
            _complain(field, schema, layer, frame)


def _labels(frame: pd.DataFrame, schema: str) -> np.ndarray[Any, np.dtype[np.object_]]:
    field = str(_schema(schema)["id"])
    numbers = np.arange(len(frame)).astype(str).astype(object)
    if field not in frame.columns:
        return numbers
    values = frame[field]
    return np.where(values.isna() | (values.astype(str) == ""), numbers, values.astype(str)).astype(object)


def _complain(field: str, schema: str, layer: str, frame: pd.DataFrame) -> None:
    rule = _schema(schema)["fields"][field]
    columns = [str(c) for c in frame.columns if c != "geometry"]
    nearest = difflib.get_close_matches(field, columns, n=1, cutoff=0)
    raise SchemaError(
        "vectors.missing_field",
        schema=f"{schema} {_schema(schema)['title'][current()]}",
        layer=layer,
        field=field,
        meaning=rule[current()],
        fields=", ".join(columns) or "-",
        nearest=nearest[0] if nearest else "-",
    )


def _to_kind(
    frame: pd.DataFrame, field: str, kind: str, labels: Any
) -> tuple[pd.DataFrame, list[tuple[int, Repair]]]:
    values = frame[field]
    if kind == "number":
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
        blank = values.isna() | (values.astype(str).str.strip() == "")
        wrong = np.flatnonzero((numbers.isna() | np.isinf(numbers)) & ~blank)
        numbers = numbers.where(np.isfinite(numbers))
        faults = [
            (int(i), Repair(str(labels[i]), "not_a_number", "kept", detail=f"{field}={values.iloc[i]}"))
            for i in wrong
        ]
        return frame.assign(**{field: numbers}), faults
    if kind == "date" and pd.api.types.is_datetime64_any_dtype(values):
        return frame.assign(**{field: values.dt.strftime("%Y%m%d")}), []
    if pd.api.types.is_float_dtype(values):  # codes written as numbers: 640181.0
        whole = values.dropna().mod(1).eq(0).all()
        values = values.astype("Int64") if whole else values
    return frame.assign(**{field: values.astype("string").astype(object).where(values.notna(), None)}), []


def _check(frame: pd.DataFrame, rules: Mapping[str, Any], labels: Any) -> list[tuple[int, Repair]]:
    """Check ranges with pandera and list what fails."""
    import pandera.pandas as pa  # heavy; wanted only when a schema is named

    columns = {}
    for field, rule in rules.items():
        if rule["kind"] != "number" or field not in frame.columns:
            continue
        checks = [pa.Check.gt(0, error="not_positive")] if rule.get("positive") else []
        if "min" in rule:
            checks.append(pa.Check.in_range(rule["min"], rule["max"], error="out_of_range"))
        if checks:
            columns[field] = pa.Column(float, checks, nullable=True)
    if not columns:
        return []
    plain = pd.DataFrame(frame[list(columns)]).reset_index(drop=True)
    try:
        pa.DataFrameSchema(columns).validate(plain, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        return [
            (int(i), Repair(str(labels[int(i)]), str(check), "kept", detail=f"{column}={value:g}"))
            for i, column, check, value in zip(
                cases["index"], cases["column"], cases["check"], cases["failure_case"], strict=True
            )
        ]
    return []


def _repeated(frame: pd.DataFrame, field: str, labels: Any) -> list[tuple[int, Repair]]:
    if field not in frame.columns or field in ("PZWH",):  # one approval may have several plots
        return []
    values = frame[field]
    again = np.flatnonzero(values.duplicated(keep="first") & values.notna() & (values.astype(str) != ""))
    return [
        (int(i), Repair(str(labels[i]), "duplicate_id", "kept", detail=f"{field}={labels[i]}")) for i in again
    ]
