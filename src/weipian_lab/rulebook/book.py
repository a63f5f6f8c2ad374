"""A loaded rulebook: rules in force on a day, thresholds, land classes, codes, the procedure."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weipian_lab.errors import RulebookError
from weipian_lab.rulebook.model import Code, Content, Form, LandClass, Procedure, RuleEntry, Source, Stage
from weipian_lab.text import Lang, current, t

__all__ = ["Rule", "Rulebook", "Threshold"]


@dataclass(frozen=True)
class Rule:
    """One rule as in force on a day; `value` has the type that the rulebook gives it."""

    id: str
    value: Any
    unit: str
    source: str
    article: str
    effective_from: dt.date
    effective_to: dt.date | None
    verified: bool
    entry: RuleEntry = field(repr=False)
    origin: Source = field(repr=False)

    def title(self, lang: Lang | None = None) -> str:
        """Return the rule's title."""
        return self.entry.title.text(lang or current())

    def cite(self, lang: Lang | None = None) -> str:
        """Return source, article and date in force; 待核实 / unverified where the text was not read."""
        lang = lang or current()
        style = f"rulebook.cite_{self.origin.style if self.article else 'own'}"
        text = t(style, lang=lang, source=self.origin.text(lang), article=self.article)
        if self.origin.style != "own":
            text += t("rulebook.cite_since", lang=lang, date=self.effective_from.isoformat())
        return text if self.verified else f"{text} {t('rulebook.unverified', lang=lang)}"


@dataclass(frozen=True)
class Threshold:
    """Least overlap that makes a patch of one source subject to verification."""

    rule: Rule
    kind: str
    min_mu: float


class Rulebook:
    """Rules as data; see :func:`weipian_lab.rulebook.load`.

    Asking for what is not there raises :class:`RulebookError`: the package has no default numbers.
    """

    def __init__(self, content: Content, sha256: str, path: Path) -> None:
        self._content = content
        self.sha256 = sha256
        self.path = path
        self._versions: dict[str, list[RuleEntry]] = {}
        for entry in sorted(content.rules, key=lambda rule: rule.effective_from):
            self._versions.setdefault(entry.id, []).append(entry)

    @property
    def id(self) -> str:
        """Identifier of the rulebook."""
        return self._content.id

    @property
    def version(self) -> str:
        """Version of the rulebook."""
        return self._content.version

    @property
    def procedure(self) -> Procedure:
        """The table of states, events, guards, deadlines and red lines."""
        return self._content.procedure

    @property
    def stages(self) -> Mapping[str, Stage]:
        """Stages of the work with their papers; empty where the rulebook has none."""
        return self._content.stages

    @property
    def forms(self) -> Mapping[str, Form]:
        """Papers as forms with gaps, by code; empty where the rulebook has none."""
        return self._content.forms

    def title(self, lang: Lang | None = None) -> str:
        """Return the rulebook's title."""
        return self._content.title.text(lang or current())

    def rules(self) -> list[Rule]:
        """Return every version of every rule, sorted by id and date."""
        return [self._rule(e) for name in sorted(self._versions) for e in self._versions[name]]

    def rule(self, rule_id: str, on: dt.date | None = None) -> Rule:
        """Return the version of a rule in force on a day (the latest where no day is given).

        Raises
        ------
        RulebookError
            If the rulebook has no such rule, or none of its versions is in force on that day.
        """
        versions = self._versions.get(rule_id)
        if not versions:
            raise RulebookError(
                "rulebook.no_rule", id=rule_id, book=self.id, nearest=_nearest(rule_id, self._versions)
            )
        if on is None:
            return self._rule(versions[-1])
        day = on.date() if isinstance(on, dt.datetime) else on
        for entry in versions:
            if entry.holds_on(day):
                return self._rule(entry)
        windows = "; ".join(f"{e.effective_from}–{e.effective_to or ''}" for e in versions)
        raise RulebookError("rulebook.not_in_force", id=rule_id, on=day, windows=windows)

    def number(self, rule_id: str, on: dt.date | None = None) -> float:
        """Return a rule's value as a number.

        Raises
        ------
        RulebookError
            As :meth:`rule`, or if the value is not a number.
        """
        value = self.rule(rule_id, on).value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RulebookError("rulebook.not_a_number", id=rule_id, value=value)
        return float(value)

    def thresholds(self, source: str, on: dt.date | None = None) -> list[Threshold]:
        """Return the thresholds of a source of patches; empty where the notice states none.

        Parameters
        ----------
        source
            ``MNR_QUARTERLY``, ``NX_DAILY``, ``MNR_ANNUAL`` or ``SELF``.
        on
            Day on which the thresholds are to hold.

        Raises
        ------
        RulebookError
            For an unknown source, or a threshold that is not in force on that day.
        """
        if source not in self._content.thresholds:
            choices = ", ".join(self._content.thresholds)
            raise RulebookError("rulebook.unknown_source", book=self.id, source=source, choices=choices)
        return [
            Threshold(self.rule(entry.rule, on), entry.kind, self.number(entry.rule, on))
            for entry in self._content.thresholds[source]
        ]

    def land_group(self, dlbm: str, scheme: str = "SANDIAO") -> str:
        """Return ``cultivated``, ``other_agricultural``, ``construction`` or ``unused`` for a code.

        Raises
        ------
        RulebookError
            For a scheme or code that the rulebook does not know; schemes use one code for opposite things.
        """
        return self.land_class(dlbm, scheme).group

    def land_name(self, dlbm: str, scheme: str = "SANDIAO", lang: Lang | None = None) -> str:
        """Return the name of a land class; raises as :meth:`land_group`."""
        return self.land_class(dlbm, scheme).text(lang or current())

    def land_class(self, dlbm: str, scheme: str = "SANDIAO") -> LandClass:
        """Return a land class with its names, group and whether it was verified."""
        known = self.land_codes(scheme)
        if dlbm not in known:
            close = _nearest(str(dlbm), known)
            raise RulebookError("rulebook.unknown_class", code=dlbm, scheme=scheme, nearest=close)
        return known[dlbm]

    def land_codes(self, scheme: str = "SANDIAO") -> Mapping[str, LandClass]:
        """Return all codes of a scheme."""
        if scheme not in self._content.land_classes:
            choices = ", ".join(self._content.land_classes)
            raise RulebookError("rulebook.unknown_scheme", scheme=scheme, choices=choices)
        return self._content.land_classes[scheme].codes

    def codes(self, kind: str) -> Mapping[str, Code]:
        """Return a code list.

        Kinds: ``TBLX``, ``VERDICT``, ``DEPARTMENT``, ``MATTER``, ``FEEDBACK``, ``EVIDENCE``, ``DOCUMENT``.
        """
        if kind not in self._content.codes:
            raise RulebookError(
                "rulebook.unknown_code", kind="codes", code=kind, choices=", ".join(self._content.codes)
            )
        return self._content.codes[kind]

    def code(self, kind: str, code: str) -> Code:
        """Return one entry of a code list.

        Raises
        ------
        RulebookError
            For an unknown list or code.
        """
        entries = self.codes(kind)
        if code not in entries:
            raise RulebookError("rulebook.unknown_code", kind=kind, code=code, choices=", ".join(entries))
        return entries[code]

    def _rule(self, entry: RuleEntry) -> Rule:
        origin = self._content.sources[entry.source]
        return Rule(
            entry.id,
            entry.value,
            entry.unit,
            origin.zh,
            entry.article,
            entry.effective_from,
            entry.effective_to,
            entry.verified,
            entry,
            origin,
        )


def _nearest(word: str, choices: Mapping[str, Any]) -> str:
    found = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.0)
    return found[0] if found else "–"
