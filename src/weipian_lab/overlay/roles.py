"""What each management layer is to the ledger, and which of its fields are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weipian_lab import vectors
from weipian_lab.errors import InputError, ParameterError

__all__ = ["EVIDENCE", "ROLES", "SURVEY", "county", "sources"]

SURVEY = "DLTB"
SURVEY_FIELDS = ("BSM", "DLBM", "KCXS", "TBMJ")


@dataclass(frozen=True)
class Role:
    """A layer beside the survey.

    Attributes
    ----------
    part
        Name of its column in the ledger.
    fields
        Fields read, the first of which names a feature.
    """

    part: str
    fields: tuple[str, ...]


ROLES: Mapping[str, Role] = {
    "YJJBNTTB": Role("pbf", ("BSM", "YJJBNTMJ", "BHKSSJ")),
    "STBHHX": Role("redline", ("BSM", "HXMC")),
    "CZKFBJ": Role("urban", ("BSM",)),
    "YDSP": Role("approved", ("PZWH", "PZRQ", "PZMJ", "XMMC")),
    "SSNYD": Role("filed", ("BAH", "BARQ", "BAMJ", "YT")),
    "LSYD": Role("temporary", ("PZWH", "PZRQ", "PZMJ", "DQRQ")),
    "NCDL": Role("rural_road", ("BSM", "DLMC_", "KD")),
}
EVIDENCE = ("YDSP", "SSNYD", "LSYD")
"""Layers that can explain a change of land use."""


def county(path: Path | str, *, encoding: str | None = None) -> dict[str, vectors.Source]:
    """Return the known layers of a GPKG, FileGDB, folder or archive of shapefiles as sources.

    Layers are known by the names of the survey database, their Chinese titles and older names
    (``vectors/schemas.yaml``), in letters of any width and case.

    Parameters
    ----------
    encoding
        Encoding of the texts of shapefiles; None detects it.

    Raises
    ------
    InputError
        If it has no survey layer, or two layers stand for one.
    """
    names = vectors.layer_names(path)
    known: dict[str, str] = {}
    for name in names:
        kind = vectors.schema_of(name)
        if kind in known:
            raise InputError(
                "overlay.same_layer", path=Path(path).name, kind=kind, names=f"{known[kind]}, {name}"
            )
        known |= {kind: name} if kind in (SURVEY, *ROLES) else {}
    if SURVEY not in known:
        raise InputError("vectors.no_layer", path=Path(path).name, layer=SURVEY, layers=", ".join(names))
    return {
        kind: vectors.source(path, known[kind], schema=kind, encoding=encoding)
        for kind in (SURVEY, *ROLES)
        if kind in known
    }


def sources(layers: Mapping[str, Any]) -> dict[str, vectors.Source]:
    """Return sources for layers given as sources, layers, frames or paths, by the survey's layer names.

    Raises
    ------
    ParameterError
        If a name is not that of a layer the ledger knows, or the survey is missing.
    """
    known = (SURVEY, *ROLES)
    for name in layers:
        if name not in known:
            raise ParameterError("errors.bad_choice", name="layers", value=name, choices=", ".join(known))
    if SURVEY not in layers:
        raise ParameterError("overlay.no_survey", layers=", ".join(layers) or "-", survey=SURVEY)
    return {
        name: layers[name] if hasattr(layers[name], "meeting") else vectors.source(layers[name], schema=name)
        for name in known
        if name in layers
    }
