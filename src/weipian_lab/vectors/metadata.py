"""What a layer says of itself: scheme of land classes, year, version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from weipian_lab.text import t
from weipian_lab.vectors.model import LayerMeta

__all__ = ["ITEMS", "meta_of"]

ITEMS = ("dl_scheme", "data_year", "version")
_SCHEMES = ("ERDIAO", "SANDIAO", "YDYH")


def meta_of(info: Mapping[str, Any], frame: pd.DataFrame) -> tuple[LayerMeta, str]:
    """Return the metadata, and a remark where the scheme had to be inferred from the codes."""
    items: dict[str, str] = {}
    for source in (info.get("dataset_metadata"), info.get("layer_metadata"), frame.attrs):
        items |= {str(k).lower(): str(v) for k, v in (source or {}).items()}
    assumed = []
    scheme = items.get("dl_scheme", "").upper()
    if scheme not in _SCHEMES:
        scheme = _scheme(frame)
        assumed += ["dl_scheme"] if scheme else []
    year = items.get("data_year", "")
    if not re.fullmatch(r"\d{4}", year):
        year = _year(frame)
        assumed += ["data_year"] if year else []
    extra = {k: v for k, v in items.items() if k not in ITEMS}
    meta = LayerMeta(scheme, int(year or 0), items.get("version", ""), tuple(assumed), extra)
    remark = t("vectors.scheme_assumed", scheme=scheme) if "dl_scheme" in assumed else ""
    return meta, remark


def _scheme(frame: pd.DataFrame) -> str:
    """Infer from the shape of the codes: three digits were the second survey's, four the third's."""
    if "DLBM" not in frame.columns:
        return ""
    codes = frame["DLBM"].dropna().astype(str)
    if not len(codes):
        return ""
    return "ERDIAO" if codes.str.fullmatch(r"\d{3}").mean() > 0.5 else "SANDIAO"


def _year(frame: pd.DataFrame) -> str:
    if "SJNF" not in frame.columns:
        return ""
    years = pd.to_numeric(frame["SJNF"], errors="coerce").dropna().astype(int).unique()
    return str(years[0]) if len(years) == 1 and 1900 < years[0] < 2100 else ""
