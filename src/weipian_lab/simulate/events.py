"""What happens on the ground: pieces of land that change, with their stages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import shapely

__all__ = ["Event", "Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of ground that changes.

    Parameters
    ----------
    polygon
        In the image CRS.
    stages
        (from which day, cover) in order of time; the cover is a curve or a mix of end-members,
        "" gives the ground back to what was there.
    second, share, rough
        Second cover mixed in, its mean share, and how: see :class:`weipian_lab.simulate.land.Kind`.
    tone
        Factors of reflectance by band: no two concretes, films or roofs are alike.
    dust
        Share of bare soil seen instead, 0–1: works are dusty, half done, half overgrown.
    """

    polygon: shapely.Polygon
    stages: tuple[tuple[date, str], ...]
    second: str = "soil_cleared"
    share: float = 0.15
    rough: float = 0.6
    tone: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    dust: float = 0.0

    def cover_on(self, day: date) -> str:
        """Return the cover on a day, "" while nothing has changed."""
        current = ""
        for start, cover in self.stages:
            if start <= day:
                current = cover
        return current


@dataclass(frozen=True, slots=True)
class Event:
    """A change on the ground, or what looks like one.

    Parameters
    ----------
    kind
        Such as "house", "golf", "harvest".
    is_true
        Whether the use of the land changed.
    lawful
        Whether it was allowed (approved, filed, temporary with approval, no change of use).
    verdict
        What a careful visit finds, one of the verdicts of ``verified.csv``.
    cause
        Cause of a pseudo-change, or the use found.
    tblx
        Patch type code (TBLX) an interpreter would give.
    start, end
        First and last day of work; for a pseudo-change the dates between which it shows.
    actor
        Who did it, "" unknown.
    note
        More about it, for the trainer.
    parts
        Pieces of ground; empty where the season alone makes the pseudo-change.
    """

    change_id: str
    kind: str
    is_true: bool
    lawful: bool
    verdict: str
    cause: str
    tblx: str
    start: date
    end: date
    geometry: shapely.Polygon
    actor: str = ""
    corrected: date | None = None
    note: str = ""
    parts: tuple[Part, ...] = field(default=())

    @property
    def stages(self) -> str:
        """Stages of the first part, ``20240401:soil_cleared;…``."""
        steps = self.parts[0].stages if self.parts else ()
        return ";".join(f"{day:%Y%m%d}:{cover or 'restored'}" for day, cover in steps)
