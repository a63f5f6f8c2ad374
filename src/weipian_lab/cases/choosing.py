"""Which case a notebook plays: a patch of an overlay run with a family that suits it, or a drawn one."""

from __future__ import annotations

import geopandas as gpd
import numpy as np

from weipian_lab.area import m2_to_mu
from weipian_lab.cases.families import FAMILIES
from weipian_lab.cases.ground import LAYERS, County
from weipian_lab.cases.making import make
from weipian_lab.cases.placing import Recipe
from weipian_lab.cases.scenario import Scenario
from weipian_lab.errors import InputError

__all__ = ["choose"]

LOOKED_AT = 60


def choose(county: County, seed: int, family: str = "", patches: gpd.GeoDataFrame | None = None) -> Scenario:
    """Return the scenario to be played.

    Parameters
    ----------
    county
        Management layers and rulebook.
    seed
        Chooses the family (where none is named), the patch and everything else.
    family
        Name of a family, "" for one drawn from the seed.
    patches
        Patches of an overlay run, with a column ``patch_id``; None: the place is drawn from the seed.

    Raises
    ------
    InputError
        If none of the patches suits the family; says how many were looked at.
    ParameterError
        As :func:`weipian_lab.cases.making.make`.
    """
    rng = np.random.default_rng([seed, 3])
    names = [family] if family else [str(name) for name in rng.permutation(sorted(FAMILIES))]
    if patches is None:
        return make(names[0], seed, county)
    frame = patches.to_crs(county.crs).sort_values("patch_id").reset_index(drop=True)
    order = rng.permutation(len(frame))[:LOOKED_AT]
    for name in names:
        for number in order:
            shape = frame.geometry.iloc[int(number)]
            if name not in FAMILIES or suits(county, FAMILIES[name].recipe, shape):
                return make(
                    name, seed, county, shape=shape, patch_id=str(frame["patch_id"].iloc[int(number)])
                )
    raise InputError("cases.no_patch", family=family or ", ".join(names), number=len(order))


def suits(county: County, recipe: Recipe, shape: object) -> bool:
    """Say whether a patch that is already drawn can be the place of a recipe.

    Families that need one permit or a second parcel are left to places drawn from the seed.
    """
    if recipe.parts > 1 or recipe.on in {"LSYD", "YDSP"} or ":" in recipe.on:
        return False
    ledger = county.ledger(shape)
    total = ledger.m2["total"]
    if recipe.on in LAYERS and recipe.on != "YJJBNTTB":
        return ledger.m2[LAYERS[recipe.on]] > 0.5 * total and recipe.suits(ledger, county.book)
    in_range = recipe.low_mu * 0.5 <= float(m2_to_mu(total)) <= recipe.high_mu * 3
    return in_range and recipe.suits(ledger, county.book)
