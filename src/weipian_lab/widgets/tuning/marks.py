"""Verdicts that a person marks: a file for each verifier, on disk after every mark."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pandas as pd

from weipian_lab.accuracy.verification import COLUMNS, VERDICTS
from weipian_lab.errors import OutputError, ParameterError, SchemaError
from weipian_lab.outputs import read_table, write_table

__all__ = ["Marks"]

_OWN = ("verifier", "marked_at")


class Marks:
    """The verdicts of one verifier, in a file of their own.

    The file has the columns of ``verified.csv``, then ``verifier`` and ``marked_at``; notebook 04 takes it as
    `verified`, and those of several verifiers one below the other as `reviews`. It is read again before every
    mark, so that two open notebooks of the same person do not undo each other.

    Parameters
    ----------
    folder
        Where the files lie.
    verifier
        Name or number of the person.
    evidence
        What the verdict rests on, kept with each mark.
    now
        Clock that tells when a mark was made; the local zone is added where it gives none. Nothing here reads
        one by itself.

    Raises
    ------
    ParameterError
        No name.
    OutputError
        The file belongs to somebody else.
    SchemaError
        The file is not one of marks.
    """

    def __init__(
        self, folder: Path | str, verifier: str, evidence: str = "", *, now: Callable[[], datetime]
    ) -> None:
        self.verifier = " ".join(verifier.split())
        if not self.verifier:
            raise ParameterError("widgets_tuning.no_name")
        plain = re.sub(r"[^\w-]+", "_", self.verifier)
        self.path = Path(folder) / f"verified_{plain}.csv"
        self.evidence, self._now = evidence, now
        self.table = self._read()

    def _read(self) -> pd.DataFrame:
        names = [*COLUMNS, *_OWN]
        if not self.path.is_file():
            return pd.DataFrame(columns=names, dtype=object)
        try:
            table = read_table(self.path, dtype=str, keep_default_na=False)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise SchemaError("widgets_tuning.bad_marks", path=self.path.name) from error
        if list(table.columns) != names or not table["verdict"].isin(VERDICTS).all():
            raise SchemaError("widgets_tuning.bad_marks", path=self.path.name)
        others = sorted(set(table["verifier"]) - {self.verifier})
        if others:
            raise OutputError(
                "widgets_tuning.other_verifier", path=self.path.name, other=others[0], name=self.verifier
            )
        return table

    def __len__(self) -> int:
        return len(self.table)

    def get(self, patch_id: str, column: str = "verdict") -> str:
        """Return the verdict on a patch (or another column of its mark), "" if there is none."""
        own = self.table.loc[self.table["patch_id"] == patch_id, column]
        return str(own.iloc[0]) if len(own) else ""

    def verdicts(self) -> dict[str, str]:
        """Return patch id → verdict."""
        return dict(zip(self.table["patch_id"], self.table["verdict"], strict=True))

    def mark(self, patch_id: str, verdict: str, cause: str = "") -> None:
        """Put a verdict on disk; one given before on the same patch is replaced.

        Raises
        ------
        ParameterError
            Unknown verdict.
        OutputError
            The file cannot be written, or belongs to somebody else by now.
        """
        if verdict not in VERDICTS:
            choices = ", ".join(VERDICTS)
            raise ParameterError("errors.bad_choice", name="verdict", value=verdict, choices=choices)
        at = self._now()
        at = at if at.tzinfo else at.astimezone()
        row = {
            "patch_id": patch_id,
            "verdict": verdict,
            "cause": cause.strip(),
            "verified_on": at.date().isoformat(),
            "verifier_count": "1",
            "evidence": self.evidence,
            "verifier": self.verifier,
            "marked_at": at.isoformat(timespec="seconds"),
        }
        self._write(patch_id, [row])

    def clear(self, patch_id: str) -> None:
        """Take back the verdict on a patch."""
        self._write(patch_id, [])

    def _write(self, patch_id: str, rows: list[dict[str, str]]) -> None:
        kept = self._read()
        table = pd.concat([kept[kept["patch_id"] != patch_id], pd.DataFrame(rows, columns=kept.columns)])
        table = table.sort_values("patch_id", ignore_index=True)
        write_table(self.path, table.astype(str))
        self.table = table
