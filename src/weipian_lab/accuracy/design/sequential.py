"""A survey in several rounds: results come in, the next round goes where it helps most."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from weipian_lab.accuracy.checks import whole
from weipian_lab.accuracy.design.allocation import allocate
from weipian_lab.accuracy.labels import as_sizes
from weipian_lab.accuracy.shares import false_alarm_share
from weipian_lab.errors import ParameterError, SchemaError

__all__ = ["Survey"]


@dataclass(frozen=True)
class Survey:
    """What is known so far.

    Attributes
    ----------
    sizes
        Patches of the batch in each stratum.
    looks
        How often the interval will be looked at, fixed before.
        Each look is then at level 1 - (1 - confidence) / looks (Bonferroni), so that stopping as soon as
        the interval is short enough does not make the last one a lucky one.
    confidence
        Level over all looks.
    results
        Verified patches: patch_id, stratum, reference (``true``/``false``/missing).
    look
        Looks taken.
    """

    sizes: Mapping[Any, float]
    looks: int = 1
    confidence: float = 0.95
    results: pd.DataFrame | None = None
    look: int = 0

    def add(self, verified: pd.DataFrame) -> Survey:
        """Return the survey with further verified patches.

        Raises
        ------
        SchemaError
            A patch was verified before, or a column is missing.
        """
        for name in ("patch_id", "stratum", "reference"):
            if name not in verified.columns:
                columns = ", ".join(map(str, verified.columns))
                raise SchemaError("accuracy.no_column", column=name, columns=columns)
        known = verified if self.results is None else pd.concat([self.results, verified], ignore_index=True)
        twice = known["patch_id"].astype(str)
        twice = twice[twice.duplicated()]
        if len(twice):
            raise SchemaError("accuracy.double_id", column="patch_id", values=", ".join(twice.head(5)))
        return replace(self, results=known)

    def estimate(self, *, finite_population: bool = True) -> tuple[Survey, dict[str, Any]]:
        """Take a look: return the survey with the look counted, and the false-alarm share at its level.

        Raises
        ------
        ParameterError
            All looks are used up.
        SchemaError
            Nothing verified yet, or a stratum without a decided patch.
        """
        if self.look >= self.looks:
            raise ParameterError("accuracy.no_look_left", looks=self.looks)
        if self.results is None:
            raise SchemaError("accuracy.empty_sample")
        level = 1 - (1 - self.confidence) / self.looks
        share = false_alarm_share(
            self.results, self.sizes, confidence=level, finite_population=finite_population
        )
        return replace(self, look=self.look + 1), {**share, "level": level}

    def shares(self) -> dict[Hashable, float]:
        """Return the false-alarm share seen in each stratum, drawn towards one half by one pseudo-unit.

        A stratum without a false alarm in its first few patches is thus not written off;
        one half where nothing is decided yet.
        """
        shares = dict.fromkeys(as_sizes(self.sizes), 0.5)
        if self.results is not None:
            for stratum, group in self.results.dropna(subset="reference").groupby("stratum"):
                shares[stratum] = float((group["reference"].eq("false").sum() + 0.5) / (len(group) + 1))
        return shares

    def next_round(self, n: int) -> dict[Hashable, int]:
        """Return how many patches of each stratum to verify next: what a Neyman allocation still lacks.

        Shares are those of :meth:`shares`.
        """
        n = whole("n", n, 0)
        sizes = as_sizes(self.sizes)
        shares, done = self.shares(), dict.fromkeys(sizes, 0)
        if self.results is not None:
            number = self.results.dropna(subset="reference")["stratum"].value_counts()
            done |= {k: int(v) for k, v in number.items()}
        total = min(sum(done.values()) + n, int(sum(sizes.values())))
        least = min(2, total // max(sum(size > 0 for size in sizes.values()), 1))  # two give a variance
        wish = allocate(sizes, total, "neyman", shares=shares, minimum=least)
        lack = {k: max(wish.get(k, 0) - done[k], 0) for k in sizes}
        left = total - sum(done.values())
        over = sum(lack.values()) - left
        if over <= 0:
            return lack
        scaled = np.floor(np.array(list(lack.values())) * left / sum(lack.values())).astype(int)
        for k in np.argsort(-np.array(list(lack.values())), kind="stable")[: left - scaled.sum()]:
            scaled[k] += 1
        return dict(zip(lack, scaled.tolist(), strict=True))
