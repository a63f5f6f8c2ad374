"""Photos of a field record: metadata with position and bearing, and checks of plausibility.

What is checked is what the metadata can show: distance to the patch, bearing towards it, time after the
later image, duplicates (notice 二(二)1; teaching limits in the rulebook, official ones are not known).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.random import Generator

from weipian_lab.rulebook import Rulebook

__all__ = ["FAULTS", "Photo", "check", "draw", "off_bearing"]

FAULTS = ("distance", "bearing", "time", "duplicate")
"""Problems that the metadata of a photo can show."""


@dataclass(frozen=True)
class Photo:
    """Metadata of one photo (position in the county's CRS, bearing clockwise from north in degrees)."""

    photo_id: str
    x: float
    y: float
    bearing: float
    taken_on: dt.date
    sha256: str
    shows: str
    by: str


def check(
    photos: Sequence[Photo], patch: shapely.Geometry, later_image: dt.date, visited: dt.date, book: Rulebook
) -> Mapping[str, list[str]]:
    """Return the problems of each photo (empty lists where there is none).

    Parameters
    ----------
    photos
        The photos.
    patch
        Outline in the same CRS as the photos.
    later_image, visited
        Date of the later image; last day on which a photo can have been taken.

    Returns
    -------
    Mapping
        Photo id → list of ``distance``, ``bearing``, ``time``, ``duplicate``.
    """
    far = book.number("T-PHOTO-DISTANCE")
    off = book.number("T-PHOTO-BEARING")
    hashes = [photo.sha256 for photo in photos]
    found: dict[str, list[str]] = {}
    for number, photo in enumerate(photos):
        point = shapely.Point(photo.x, photo.y)
        problems = []
        if patch.distance(point) > far:
            problems.append("distance")
        if not patch.contains(point) and off_bearing(photo, patch) > off:
            problems.append("bearing")
        if not later_image <= photo.taken_on <= visited:
            problems.append("time")
        if photo.sha256 in hashes[:number]:
            problems.append("duplicate")
        found[photo.photo_id] = problems
    return found


def off_bearing(photo: Photo, patch: shapely.Geometry) -> float:
    """Return the angle (°) between a photo's bearing and the direction of the nearest parcel's centroid."""
    point = shapely.Point(photo.x, photo.y)
    parcel = min(getattr(patch, "geoms", [patch]), key=lambda part: float(part.distance(point)))
    centre = parcel.centroid
    towards = float(np.degrees(np.arctan2(centre.x - photo.x, centre.y - photo.y)))
    return abs((photo.bearing - towards + 180) % 360 - 180)


def _edge(parcel: shapely.Geometry, angle: float) -> float:
    """Return the distance from a parcel's centroid to its outer edge in a direction."""
    centre = parcel.centroid
    far = 2 * float(np.hypot(*np.ptp(np.asarray(parcel.exterior.coords), axis=0)))
    ray = shapely.LineString(
        [centre, (centre.x + far * np.sin(angle), centre.y + far * np.cos(angle))]
    ).intersection(parcel)
    return float(ray.length)


def draw(
    patch: shapely.Geometry,
    later_image: dt.date,
    visited: dt.date,
    shows: Sequence[str],
    faults: Sequence[str],
    rng: Generator,
) -> list[Photo]:
    """Draw plausible photos around a patch, then spoil some: ``faults`` names the fault of each ("" none)."""
    photos: list[Photo] = []
    parcels = list(getattr(patch, "geoms", [patch]))
    for number, fault in enumerate(faults):
        parcel = parcels[number % len(parcels)]
        centre, angle = parcel.centroid, float(rng.uniform(0, 2 * np.pi))
        reach = _edge(parcel, angle) + float(rng.uniform(5, 25))
        reach += float(rng.uniform(350, 900)) if fault == "distance" else 0.0
        x, y = centre.x + reach * np.sin(angle), centre.y + reach * np.cos(angle)
        bearing = (np.degrees(angle) + 180 + float(rng.uniform(-15, 15)) + 150 * (fault == "bearing")) % 360
        span = max((visited - later_image).days, 0)
        taken = visited - dt.timedelta(days=int(rng.integers(0, min(span, 2) + 1)))
        if fault == "time":
            taken = later_image - dt.timedelta(days=int(rng.integers(20, 200)))
        digest = hashlib.sha256(rng.bytes(16)).hexdigest()
        if fault == "duplicate" and photos:
            digest = photos[-1].sha256
        photos.append(
            Photo(
                f"IMG_{number + 1:02d}",
                round(float(x), 1),
                round(float(y), 1),
                round(float(bearing), 1),
                taken,
                digest,
                shows[number % len(shows)],
                "甲" if number % 2 == 0 else "乙",
            )
        )
    return photos
