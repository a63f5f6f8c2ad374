"""Tables of the screening notebook, with headings in the language in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from weipian_lab import change
from weipian_lab.patches import size_classes
from weipian_lab.rasters import PairSource
from weipian_lab.rulebook import Rulebook
from weipian_lab.screening.pipeline import Fitted
from weipian_lab.screening.series import STATES, SeriesFound
from weipian_lab.text import t

__all__ = [
    "image_names",
    "labels_table",
    "legal_table",
    "model_table",
    "not_compared",
    "rules_shown",
    "series_counts",
    "series_table",
    "shift_table",
    "sizes_shown",
    "thresholds_in_words",
    "titles",
    "why_no_series",
]


def image_names(source: PairSource) -> str:
    """Return the names of both images, or of their scenes, for the note under a map."""
    names = []
    for image in (source.before, source.after):
        names.append(image.meta.get("scene") or Path(image.meta["path"]).name)
    return t("screening.source_images", before=names[0], after=names[1])


def rules_shown(rules: pd.DataFrame) -> pd.DataFrame:
    """Return the table of threshold rules as shown."""
    shown = pd.DataFrame(
        {
            t("screening.col_rule"): [
                f"▶ {n}" if c else n for n, c in zip(rules["name"], rules["chosen"], strict=True)
            ],
            t("screening.col_threshold"): rules["threshold"].map("{:.4g}".format),
            t("screening.col_share"): rules["share"].map("{:.2%}".format),
        }
    )
    return shown.reset_index(drop=True)


def sizes_shown(area_m2: Any) -> pd.DataFrame:
    """Return the size classes as shown."""
    table = size_classes(area_m2)
    return table.rename(columns={name: t(f"screening.col_{name}") for name in table.columns})


def labels_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """Return the comparison with labels as shown; a measure that is not defined is "–"."""
    rows = []
    for name in ("kappa", "f1", "precision", "recall", "auc"):
        value = found[name]
        rows.append([t(f"screening.metric_{name}"), "–" if value is None else f"{value:.3f}"])
    for name in ("true_positive", "false_positive", "false_negative", "true_negative"):
        rows.append([f"{t(f'screening.{name}')} (px)", f"{found[name]:,}"])
    return pd.DataFrame(rows, columns=[t("screening.col_metric"), t("screening.col_value")])


def legal_table(legal: pd.DataFrame, most: int = 15) -> pd.DataFrame:
    """Return the patches with the largest overlaps as shown."""
    table = legal.sort_values(["pbf_m2", "cultivated_m2"], ascending=False).head(most)
    words = {True: t("screening.yes"), False: t("screening.no")}
    return pd.DataFrame(
        {
            t("screening.col_patch_id"): table.index,
            t("screening.col_pbf_mu"): table["pbf_mu"].map("{:.2f}".format),
            t("screening.col_cultivated_mu"): table["cultivated_mu"].map("{:.2f}".format),
            t("screening.col_reaches"): [
                words.get(v, "–") if not pd.isna(v) else "–" for v in table["reaches"]
            ],
            t("screening.col_borderline"): table["borderline"].map(words),
            t("screening.col_rules"): table["rules"],
        }
    ).reset_index(drop=True)


def thresholds_in_words(rulebook: Rulebook, source: str, on: Any) -> str:
    """Return the thresholds of a source with their citations, or that none is stated."""
    found = rulebook.thresholds(source, on=on)
    if not found:
        return t("screening.legal_none", source=source)
    return "\n".join(f"{h.rule.title()}：{h.min_mu:g} {t('screening.mu')} · {h.rule.cite()}" for h in found)


def titles(days: Sequence[str]) -> list[str]:
    """Return the titles of both images with their dates."""
    return [
        t(f"screening.title_{which}", day=day) for which, day in zip(("before", "after"), days, strict=True)
    ]


def shift_table(shift: change.Shift, taken_out: tuple[float, float] | None) -> pd.DataFrame:
    """Return the shift measured and whether it was taken out."""
    done = t("screening.yes") if taken_out else t("screening.no")
    rows = [
        [t("screening.shift_dy"), f"{shift.dy_px:+.2f}"],
        [t("screening.shift_dx"), f"{shift.dx_px:+.2f}"],
        [t("screening.shift_quality"), f"{shift.quality:.2f}"],
        [t("screening.shift_agreeing"), str(shift.agreeing)],
        [t("screening.shift_taken_out"), done],
    ]
    return pd.DataFrame(rows, columns=[t("screening.fact"), t("screening.col_value")])


def _detail(name: str, value: Any, bands: Sequence[str]) -> str | None:
    """Return a number of a fit as shown, None for what is not short enough."""
    if name == "score_path":
        return Path(value).name
    if name == "scored_bands":
        return ", ".join(bands[at] for at in value)
    if name == "share_changed":
        return f"{value:.2%}"
    if name == "ended":
        return t(f"screening.model_ended_{value}")
    if isinstance(value, bool):
        return t("screening.yes" if value else "screening.no")
    if isinstance(value, (list, tuple)) and all(isinstance(v, (int, float)) for v in value):
        return ", ".join(f"{v:.3g}" for v in value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else None


def model_table(fitted: Fitted, bands: Sequence[str]) -> pd.DataFrame:
    """Return the detector, its sample, and the numbers of its fit that are short enough to show.

    Parameters
    ----------
    bands
        Names of the bands that the model was fitted on.
    """
    rows = [
        [t("screening.model_method"), _method_name(fitted)],
        [t("screening.model_sampled"), f"{fitted.sampled_share:.1%} ({len(fitted.scores):,} px)"],
    ]
    details = dict(fitted.model.details)
    if "ended" in details:
        details.pop("converged", None)  # the other says why too
    for name, value in details.items():
        if (shown := _detail(name, value, bands)) is not None:
            rows.append([t(f"screening.model_{name}"), shown])
    return pd.DataFrame(rows, columns=[t("screening.fact"), t("screening.col_value")])


def _method_name(fitted: Fitted) -> str:
    """Return the name of the detector as it was asked for, with what it is in words where it has a name."""
    name = str(fitted.options.get("method", fitted.model.method))
    index = name.lower().startswith("index:") or name.lower() in ("ndvi", "ndbi", "bsi", "mndwi")
    words = t(f"screening.method_{'index' if index else name}")
    return words if name == "given" else f"{name} · {words}"


def not_compared() -> str:
    """Return the sentence for a pair without labels."""
    return t("screening.not_compared")


def why_no_series(given: str, days: Sequence[str], frame: pd.DataFrame) -> str:
    """Return the sentence for a run in which no further dates were looked at.

    Parameters
    ----------
    given
        Folder of further dates, "" if none was named.
    days
        Days of both images, "" where not known.
    frame
        Patches.
    """
    if not given:
        return t("screening.series_none")
    if len(frame) == 0:
        return t("screening.series_no_patch")
    return t("screening.series_no_days", before=days[0] or "–", after=days[1] or "–")


def series_counts(found: SeriesFound) -> pd.DataFrame:
    """Return how many patches are in each state, as shown; states without one are left out."""
    counts = found.patches["state"].value_counts()
    rows = [[t(f"screening.series_state_{state}"), int(counts[state])] for state in STATES if state in counts]
    return pd.DataFrame(rows, columns=[t("screening.series_col_state"), t("screening.series_col_count")])


def series_table(found: SeriesFound, area_mu: pd.Series, most: int = 15) -> pd.DataFrame:
    """Return what the dates say of the largest patches, as shown.

    Parameters
    ----------
    area_mu
        By ``patch_id``.
    """
    table = found.patches.assign(area_mu=found.patches["patch_id"].map(area_mu)).nlargest(most, "area_mu")
    words = {True: t("screening.yes"), False: t("screening.no")}
    return pd.DataFrame(
        {
            t("screening.col_patch_id"): table["patch_id"],
            t("screening.col_area_mu"): table["area_mu"].map("{:.2f}".format),
            t("screening.series_col_state"): [t(f"screening.series_state_{s}") for s in table["state"]],
            t("screening.series_col_differs"): [
                f"{n} / {m}" for n, m in zip(table["differs"], table["seen"], strict=True)
            ],
            t("screening.series_col_window"): [
                f"{a} – {b}" if b else "–" for a, b in zip(table["since"], table["until"], strict=True)
            ],
            t("screening.series_col_before"): table["differed_before"].map(words),
        }
    ).reset_index(drop=True)
