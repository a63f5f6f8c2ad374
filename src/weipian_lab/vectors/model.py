"""What reading a layer gives: the frame, what was found out and done, what the layer says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import pandas as pd

from weipian_lab.text import t

__all__ = ["Layer", "LayerMeta", "ReadReport", "Repair"]


@dataclass(frozen=True)
class Repair:
    """One fault of one feature and what was done about it.

    Attributes
    ----------
    feature
        The feature's BSM or id where it has one, else its number in the file, counted from 0.
    fault
        "self_crossing", "empty", "no_geometry", "not_finite", "not_polygon", "mixed", "curve",
        "duplicate_id", "not_positive", "not_a_number", "out_of_range".
    action
        "made_valid", "set_aside", "polygons_kept", "linearised", "kept".
    area_before, area_after
        m² on the ellipsoid (square units where the layer has no CRS); NaN where there is no area to tell.
    detail
        What GEOS or the check said, or the value found.
    """

    feature: str
    fault: str
    action: str
    area_before: float = float("nan")
    area_after: float = float("nan")
    detail: str = ""

    def sentence(self) -> str:
        """Return the fault and the action in words."""
        return f"{t(f'vectors.fault_{self.fault}')} → {t(f'vectors.action_{self.action}')}"


@dataclass(frozen=True)
class ReadReport:
    """How a layer was read.

    Attributes
    ----------
    path, layer, driver
        Where it came from.
    features
        Number of features in the file within the box asked for.
    encoding, encoding_source
        Text encoding and what it was taken from: "given", "cpg", "detected", "format".
    renamed
        Field names as found → as used.
    repairs
        All faults found, in the order of the features.
    remarks
        Sentences for the user.
    """

    path: str
    layer: str
    driver: str
    features: int
    encoding: str
    encoding_source: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()
    remarks: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """Return the repairs as a table, one row each."""
        columns = ["feature", "fault", "action", "area_before_m2", "area_after_m2", "detail"]
        rows = [(r.feature, r.fault, r.action, r.area_before, r.area_after, r.detail) for r in self.repairs]
        return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class LayerMeta:
    """What a layer says of itself, in its metadata or its fields.

    Attributes
    ----------
    dl_scheme
        Scheme of its land-class codes: "ERDIAO", "SANDIAO" or "YDYH"; "" if it has none.
    data_year
        Year of the data, 0 if unknown.
    version
        Version or date of the layer, "" if unknown.
    assumed
        Names of those of the three that were guessed from the fields.
    extra
        Other metadata items.
    """

    dl_scheme: str = ""
    data_year: int = 0
    version: str = ""
    assumed: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    def shown(self) -> str:
        """Return year and version for an output row."""
        parts = [str(self.data_year) if self.data_year else "", self.version]
        return " ".join(part for part in parts if part) or t("vectors.unknown_version")


@dataclass(frozen=True)
class Layer:
    """A layer in memory.

    Attributes
    ----------
    frame
        Polygons, valid, with a CRS and normalised field names.
    report
        How it was read.
    meta
        What it says of itself.
    set_aside
        Features without ground (no geometry, empty, points, lines), as they were.
    """

    frame: gpd.GeoDataFrame
    report: ReadReport
    meta: LayerMeta
    set_aside: gpd.GeoDataFrame

    def with_frame(self, frame: gpd.GeoDataFrame) -> Layer:
        """Return the same layer with another frame."""
        return replace(self, frame=frame)

    @property
    def crs(self) -> Any:
        """CRS of the frame."""
        return self.frame.crs
