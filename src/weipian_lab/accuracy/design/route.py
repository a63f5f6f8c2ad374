"""Who visits which patch, in which order: near patches to one team, then nearest neighbour and 2-opt."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from weipian_lab.accuracy.checks import whole
from weipian_lab.errors import ParameterError

__all__ = ["plan_routes", "route_length", "shorten"]

Array = NDArray[np.float64]


def plan_routes(points: Array, teams: int = 1, *, depot: tuple[float, float] | None = None) -> pd.DataFrame:
    """Return a team and a place in its route for each point.

    Points are shared out by the angle at which they lie from the depot (sweep), equal numbers a team.
    Distances are straight lines, in metres of the projected CRS; roads are not known here.

    Parameters
    ----------
    points
        (n, 2) projected coordinates in metres.
    teams
        At least 1.
    depot
        Where the teams start and return; default the points' centroid.

    Returns
    -------
    DataFrame
        In the order of `points`: team (1 …), visit (1 … within the team), leg_m (from the stop before).

    Raises
    ------
    ParameterError
        `teams` below 1, or coordinates that are not finite.
    """
    points = np.asarray(points, float)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ParameterError("accuracy.bad_points_shape", found=points.shape)
    teams = whole("teams", teams, 1)
    if depot is not None and not np.all(np.isfinite(np.asarray(depot, float))):
        raise ParameterError("accuracy.bad_points", number=1)
    if not np.all(np.isfinite(points)):
        raise ParameterError("accuracy.bad_points", number=int((~np.isfinite(points)).any(1).sum()))
    start = np.asarray(depot if depot is not None else points.mean(0) if len(points) else (0, 0), float)
    angle = np.arctan2(points[:, 1] - start[1], points[:, 0] - start[0])
    order = np.argsort(angle, kind="stable")
    team, visit, leg = np.zeros(len(points), int), np.zeros(len(points), int), np.zeros(len(points))
    for number, rows in enumerate(np.array_split(order, teams), start=1):
        if not len(rows):
            continue
        distance = cdist(np.vstack([start, points[rows]]), np.vstack([start, points[rows]]))
        tour = shorten(distance)
        steps = distance[tour[:-1], tour[1:]]
        stops = rows[tour[1:] - 1]
        team[stops], visit[stops], leg[stops] = number, np.arange(1, len(rows) + 1), steps
    return pd.DataFrame({"team": team, "visit": visit, "leg_m": leg})


def shorten(distance: Array, rounds: int = 50) -> NDArray[np.intp]:
    """Return a short round tour from place 0 over all others: nearest neighbour, then 2-opt.

    Parameters
    ----------
    distance
        (n, n), symmetric.
    rounds
        Most passes of 2-opt; each takes every improving exchange it finds.
    """
    n = len(distance)
    tour = [0]
    free = np.ones(n, bool)
    free[0] = False
    while free.any():
        rest = np.flatnonzero(free)
        nearest = int(rest[np.argmin(distance[tour[-1], rest])])
        tour.append(nearest)
        free[nearest] = False
    path = np.array(tour, np.intp)
    for _ in range(rounds):
        if not _exchange(path, distance):
            break
    return path


def _exchange(path: NDArray[np.intp], distance: Array) -> bool:
    """Reverse every stretch whose reversal shortens the closed tour; tell whether there was one."""
    n, better = len(path), False
    for i in range(1, n - 1):
        j = np.arange(i + 1, n)
        after = path[(j + 1) % n]
        gain = (
            distance[path[i - 1], path[i]]
            + distance[path[j], after]
            - distance[path[i - 1], path[j]]
            - distance[path[i], after]
        )
        best = int(np.argmax(gain))
        if gain[best] > 1e-9:
            path[i : j[best] + 1] = path[i : j[best] + 1][::-1].copy()
            better = True
    return better


def route_length(distance: Array, tour: NDArray[np.intp]) -> float:
    """Return the length of the closed tour."""
    return float(distance[tour, np.roll(tour, -1)].sum())
