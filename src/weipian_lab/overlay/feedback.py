"""容错纠错: patterns that suggest the layer is wrong and not the land user, as a sheet for the section.

Notice 二(三): the enforcement body reports in writing, the section verifies and confirms in writing,
and the case goes on under the attribute confirmed. The sheet suspects; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from weipian_lab import vectors
from weipian_lab.overlay.ledger import Ledger
from weipian_lab.overlay.suspicions import suspicions
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import current, t

__all__ = ["COLUMNS", "compare", "feedback", "settled"]

COLUMNS = (
    "feedback_id",
    "patch_id",
    "kind",
    "pattern",
    "layer",
    "layer_version",
    "feature",
    "sentence",
    "section",
    "rule_id",
    "cite",
    "sent_on",
    "reply_on",
    "reply",
    "new_attribute",
)
_RULE = "NX2024-2.3-FEEDBACK"


def feedback(
    ledger: Ledger,
    rulebook: Rulebook,
    sources: Mapping[str, vectors.Source],
    patches: pd.DataFrame | None = None,
    *,
    throughout: bool = False,
    greenest: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return the feedback sheet; the last four columns are for people to fill in.

    Parameters
    ----------
    ledger
        With its pieces kept.
    sources
        The layers that the ledger was made from.
    patches
        With ``patch_id`` and ``date_after``, to compare filings with the day of the image; None leaves that.
    throughout
        Look at the whole of the survey and of the basic farmland, not only near the patches.
    greenest
        Highest mean NDVI of a survey parcel (BSM), see :func:`weipian_lab.overlay.greenest`.
    """
    met = suspicions(ledger, rulebook, sources, patches, throughout=throughout, greenest=greenest)
    place = {pattern: i for i, pattern in enumerate(dict.fromkeys(row.pattern for row in met))}
    # what touches a patch of the batch first: its case waits for the reply
    rows = sorted(met, key=lambda row: (row.patch_id == "", place[row.pattern], row.feature, row.patch_id))
    rule = rulebook.rule(_RULE)
    codes, lang = rulebook.codes("FEEDBACK"), current()
    table = []
    for number, row in enumerate(rows, 1):
        code = codes[row.kind]
        table.append(
            {
                "feedback_id": f"FK{number:04d}",
                "patch_id": row.patch_id,
                "kind": row.kind,
                "pattern": row.pattern,
                "layer": row.layer,
                "layer_version": ledger.layers.get(row.layer, ""),
                "feature": row.feature,
                "sentence": t(f"overlay.feedback_{row.pattern}", lang=lang, **row.values),
                "section": code.column("section_en" if lang == "en" else "section"),
                "rule_id": rule.id,
                "cite": rule.cite(lang),
            }
        )
    filled = pd.DataFrame(table, columns=list(COLUMNS[:-4]), dtype=object)
    return filled.assign(**dict.fromkeys(COLUMNS[-4:], ""))


def compare(before: Ledger, after: Ledger, *, least_m2: float = 0.01) -> pd.DataFrame:
    """Show an overlay before and after a reply side by side: one row for each patch and part that changed.

    Parameters
    ----------
    least_m2
        Smallest difference that is shown (the rulebook's T-LEDGER-TOLERANCE).

    Returns
    -------
    DataFrame
        ``patch_id, part, before_m2, after_m2, change_m2``.
    """
    common = before.areas.index.intersection(after.areas.index)
    old, new = before.areas.loc[common].fillna(0.0), after.areas.loc[common].fillna(0.0)
    table = pd.DataFrame(
        {
            "patch_id": np.repeat(np.asarray(common, dtype=object), old.shape[1]),
            "part": np.tile(np.asarray(old.columns, dtype=object), len(common)),
            "before_m2": old.to_numpy().ravel(),
            "after_m2": new.to_numpy().ravel(),
        }
    )
    table["change_m2"] = table["after_m2"] - table["before_m2"]
    return table.loc[table["change_m2"].abs() > least_m2].reset_index(drop=True)


def settled(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Show two feedback sheets side by side: which doubts a reply settled, which are left, which are new.

    Returns
    -------
    DataFrame
        ``feedback_id, state, layer, feature, sentence``: the rows of the first sheet with the state
        "settled" or "left", then those of the second that the first did not have, "new".
    """
    key = ["pattern", "layer", "feature"]
    old, new = (pd.MultiIndex.from_frame(sheet[key]) for sheet in (before, after))
    states = np.where(old.isin(new), "left", "settled")
    told = before.assign(state=states)
    added = after[~new.isin(old)].assign(state="new", feedback_id="")
    columns = ["feedback_id", "state", "layer", "feature", "sentence"]
    return pd.concat([told[columns], added[columns]], ignore_index=True)
