"""Tables, warnings in words and the summary that the screening notebook writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from weipian_lab import change
from weipian_lab.area import m2_to_mu
from weipian_lab.rasters import PairSource, Remark
from weipian_lab.text import LANGS, t

__all__ = [
    "day_of",
    "export_note",
    "facts_table",
    "headline",
    "patch_table",
    "result_remarks",
    "summary",
    "warnings_in_words",
]

_MUCH_FLAGGED = 0.10
_NEARLY_ALL = 0.9995  # shown as 100.0 %
_FACTS = (
    "path",
    "dtype",
    "crs",
    "shape",
    "pixel",
    "scale",
    "offset",
    "scale_from",
    "datetime",
    "baseline",
    "mask",
)


def day_of(source: PairSource, which: str, given: str = "") -> str:
    """Return a date as ``YYYY-MM-DD``: as given, else from the image's tags, "" if neither states one."""
    if given:
        return given
    text = str(getattr(source, which).meta["datetime"])[:10].replace(":", "-").replace("/", "-")
    digits = text.replace("-", "")[:8]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) == 8 and digits.isdigit() else ""


def facts_table(report: Mapping[str, Any], hide_folders: bool = True) -> pd.DataFrame:
    """Return what was found about both files, one fact a row."""
    rows = []
    if any("scene" in report[which] for which in ("before", "after")):
        rows.append(
            [t("screening.fact_scene"), *(report[which].get("scene", "–") for which in ("before", "after"))]
        )
    for fact in _FACTS:
        values = [_shown(report[which].get(fact), fact, hide_folders) for which in ("before", "after")]
        rows.append([t(f"screening.fact_{fact}"), *values])
    rows.append(
        [
            t("screening.fact_valid"),
            f"{report['valid_share_before']:.1%}",
            f"{report['valid_share_after']:.1%}",
        ]
    )
    return pd.DataFrame(rows, columns=[t("screening.fact"), t("rasters.before"), t("rasters.after")])


def _shown(value: Any, fact: str, hide_folders: bool) -> str:
    if fact == "scale_from":
        return t(f"rasters.scale_{value}")
    if hide_folders and fact in ("path", "mask") and value:
        items = value if isinstance(value, list) else [value]
        return ", ".join(str(item).replace("\\", "/").rsplit("/", 1)[-1] for item in items)
    if isinstance(value, (list, tuple)):
        if len(set(value)) == 1 and len(value) > 2:
            value = value[:1]
        return ", ".join(f"{v:.6g}" if isinstance(v, float) else str(v) for v in value)
    return "–" if value in (None, "") else str(value)


def patch_table(frame: gpd.GeoDataFrame, most: int = 15) -> pd.DataFrame:
    """Return the largest patches with headings in the language in force; areas to 0.01."""
    columns = ["patch_id", "area_mu", "area_m2", "pixels", "score_mean", "score_max"]
    table = pd.DataFrame(frame[columns]).nlargest(most, "area_m2")
    table["area_mu"] = table["area_mu"].map("{:.2f}".format)
    table["area_m2"] = table["area_m2"].map("{:.2f}".format)
    return table.rename(columns={name: t(f"screening.col_{name}") for name in columns}).reset_index(drop=True)


def result_remarks(
    frame: gpd.GeoDataFrame, flagged_share: float, threshold: change.Threshold, valid_share: float
) -> list[Remark]:
    """Return what a user should know about the result."""
    found = []
    if not np.isfinite(threshold.value):
        found.append(Remark("screening.flat_score"))
    elif frame.empty:
        found.append(Remark("screening.no_patch", {"threshold": f"{threshold.value:.4g}"}))
    if flagged_share > _MUCH_FLAGGED:
        found.append(Remark("screening.much_flagged", {"share": f"{flagged_share:.0%}"}))
    if valid_share < _NEARLY_ALL:
        found.append(Remark("screening.part_only", {"share": f"{valid_share:.1%}"}, "note"))
    return found


def headline(frame: gpd.GeoDataFrame, reaching: int | None, simulated: bool) -> dict[str, str]:
    """Return one sentence a language: patches, their area, how many reach the notice's threshold."""
    values = {"count": len(frame), "mu": f"{m2_to_mu(float(frame['area_m2'].sum())):,.2f}"}
    sentences: dict[str, str] = {}
    for lang in LANGS:
        text = t("screening.headline", lang, **values)
        if reaching is not None and len(frame):  # without patches nothing was tested
            text += t("screening.headline_legal", lang, reaching=reaching)
        sentences[lang] = text + (t("screening.headline_simulated", lang) if simulated else "")
    return sentences


def warnings_in_words(remarks: Iterable[Remark]) -> str:
    """Return the remarks as lines, warnings first; a sentence if there are none."""
    ordered: Sequence[Remark] = sorted(remarks, key=lambda remark: remark.level != "warning")
    marks = {"warning": "⚠", "note": "·"}
    lines = [f"{marks[remark.level]} {remark.text()}" for remark in ordered]
    return "\n".join(lines) or t("screening.no_remarks")


def export_note(simulated: bool) -> str:
    """Return what the field ``BZ`` of an official format says of every patch; Chinese, as the format is."""
    said = t("screening.export_suspected", "zh")
    return said + t("screening.export_simulated", "zh") if simulated else said


def summary(
    frame: gpd.GeoDataFrame,
    *,
    report: Mapping[str, Any],
    shift: change.Shift,
    model: change.Model,
    threshold: change.Threshold,
    rules: pd.DataFrame,
    flagged_share: float,
    legal: pd.DataFrame | None,
    labels: Mapping[str, Any] | None,
    remarks: Iterable[Remark],
) -> dict[str, Any]:
    """Return the content of ``screening.json``."""
    simulated = bool(report["before"]["simulated"] or report["after"]["simulated"])
    reaching = None if legal is None or legal["reaches"].isna().any() else int(legal["reaches"].sum())
    return {
        "notebook": "01_screening",
        "headline": headline(frame, reaching, simulated),
        "simulated": simulated,
        "patches": len(frame),
        "area_m2": float(frame["area_m2"].sum()),
        "area_mu": m2_to_mu(float(frame["area_m2"].sum())),
        "flagged_share": flagged_share,
        "method": model.method,
        "method_details": dict(model.details),
        "threshold": {
            "rule": threshold.rule,
            "value": threshold.value,
            "strong": threshold.strong,
            **threshold.details,
        },
        "other_rules": rules[["rule", "threshold", "share"]].to_dict("records"),
        "shift": {
            "dy_px": shift.dy_px,
            "dx_px": shift.dx_px,
            "quality": shift.quality,
            "agreeing": shift.agreeing,
        },
        "legal_reaching": reaching,
        "legal_borderline": None if legal is None else int(legal["borderline"].sum()),
        "labels": dict(labels) if labels else None,
        "images": {key: report[key] for key in ("before", "after", "alignment", "valid_share")},
        "remarks": [{"level": r.level, "zh": r.text("zh"), "en": r.text("en")} for r in remarks],
    }
