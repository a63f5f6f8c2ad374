"""Kinds of building, digging and filling: their stages, sizes and what the law makes of them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ILLEGAL", "LAWFUL", "Work"]

_CLEAR = "soil_cleared"
_EARTH = "soil_cleared:0.7+gravel:0.3"


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of work on land.

    Parameters
    ----------
    kind
        Name.
    weight
        How often, relative to the others of its list.
    stages
        (days after the start, cover); "" gives the land back.
    second, share, rough
        As in :class:`weipian_lab.simulate.events.Part`.
    tblx
        Patch type.
    verdict
        What a careful visit finds.
    cause
        Use found, in English; shown as it is in truth files.
    size
        "near5", "near10", "small", "large", "any" or "long" (a road).
    actor
        "villager", "company", "village", "project".
    on
        Kinds of parcel it is done on.
    """

    kind: str
    weight: float
    stages: tuple[tuple[int, str], ...]
    tblx: str
    cause: str
    second: str = _CLEAR
    share: float = 0.15
    rough: float = 0.6
    verdict: str = "ILLEGAL_NONAG"
    size: str = "any"
    actor: str = "company"
    on: tuple[str, ...] = ("field", "paddy", "garden_field")


ILLEGAL: tuple[Work, ...] = (
    Work("house", 5.0, ((0, _CLEAR), (18, _EARTH), (45, "built"), (85, "red_roof:0.6+concrete:0.4")), "20",
         "village house on farmland", "yard", 0.3, 1.0, size="small", actor="villager"),
    Work("villa", 2.0, ((0, _CLEAR), (25, _EARTH), (70, "concrete:0.5+built:0.5"), (120,
         "red_roof:0.6+concrete:0.4")),
         "20", "villa on farmland", "lawn", 0.45, 0.8, size="near5"),
    Work("greenhouse_house", 2.5, ((0, "film_crop"), (40, "concrete:0.5+grey_roof:0.5")), "20",
         "greenhouse made into a house (大棚房)", "film_crop", 0.45, 0.8, size="near5", on=("greenhouse",
         "garden_field")),
    Work("golf", 0.7, ((0, _CLEAR), (40, "soil_moist:0.5+lawn:0.5"), (75, "lawn")), "GEF",
         "golf practice ground",
         "sand", 0.12, 0.3, size="large"),
    Work("factory", 5.0, ((0, _CLEAR), (20, _EARTH), (50, "concrete:0.7+gravel:0.3"), (95,
         "blue_steel:0.7+concrete:0.3")),
         "20", "workshop", "concrete", 0.3, 0.7, size="near10"),
    Work("hardening", 3.5, ((0, _CLEAR), (15, "gravel"), (35, "concrete")), "YH", "hardened yard", "gravel",
         0.25, 0.5,
         size="near5"),
    Work("road", 2.0, ((0, _CLEAR), (20, "gravel"), (60, "asphalt")), "DL2", "road without approval",
         "gravel", 0.2, 0.4,
         size="long", actor="village"),
    Work("pv", 2.0, ((0, _EARTH), (30, "pv:0.5+soil_dry:0.5"), (60, "pv")), "GF",
         "photovoltaic panels on farmland",
         "soil_dry", 0.3, 0.2, size="large"),
    Work("dumping", 3.0, ((0, "rubbish"), (60, "rubbish:0.7+gravel:0.3")), "TD", "waste dumped on farmland",
         "gravel", 0.35,
         0.9, size="near5", actor=""),
    Work("sand_pit", 2.0, ((0, _CLEAR), (20, "sand"), (70, "sand:0.6+turbid_water:0.4")), "CK",
         "sand dug from farmland",
         "turbid_water", 0.2, 0.5, size="near10"),
    Work("lake", 1.2, ((0, _CLEAR), (40, "turbid_water"), (80, "clear_water")), "SM",
         "lake dug for scenery", "lawn", 0.12,
         0.3, size="large"),
    Work("pond_pbf", 2.5, ((0, _CLEAR), (25, "turbid_water"), (60, "algae_water:0.5+turbid_water:0.5")), "KT",
         "fish pond on permanent basic farmland", "reed_full", 0.08, 0.3, size="near5", actor="villager"),
    Work("stockpile", 2.0, ((0, _CLEAR), (30, "gravel:0.6+soil_cleared:0.4")), "TD",
         "building material stored", "sand", 0.3,
         0.7, size="any"),
)  # fmt: skip

LAWFUL: tuple[Work, ...] = (
    Work("approved_factory", 3.0, ((0, _CLEAR), (20, _EARTH), (50, "concrete"), (95,
         "blue_steel:0.7+concrete:0.3")), "20",
         "approved construction", "concrete", 0.3, 0.7, "LEGAL", "near10"),
    Work("approved_housing", 2.0, ((0, _CLEAR), (30, _EARTH), (80, "built"), (140,
         "concrete:0.5+red_roof:0.5")), "20",
         "approved village houses", "yard", 0.3, 0.9, "LEGAL", "near5", "village"),
    Work("facility_agriculture", 3.0, ((0, _CLEAR), (25, "film_crop"), (50,
         "film_crop:0.6+blue_steel:0.4")), "20",
         "filed facility agriculture", "yard", 0.3, 0.7, "FACILITY_AG", "near5", "company"),
    Work("rural_road", 2.0, ((0, _CLEAR), (20, "gravel"), (45, "concrete")), "ND", "rural road", "gravel",
         0.2, 0.3,
         "RURAL_ROAD", "long", "village"),
    Work("temporary_land", 2.0, ((0, _CLEAR), (15, "gravel:0.6+soil_cleared:0.4"), (260, "")), "TD",
         "temporary land with approval", "blue_steel", 0.15, 0.7, "TEMP_LAND", "near10", "project"),
    Work("land_consolidation", 1.5, ((0, _CLEAR), (40, "soil_dry"), (110, "")), "DT",
         "land consolidation project",
         "soil_moist", 0.3, 0.2, "NO_CLASS_CHANGE", "large", "project"),
    Work("approved_pv", 0.6, ((0, _EARTH), (30, "pv:0.5+soil_dry:0.5"), (60, "pv")), "GF",
         "approved photovoltaic project",
         "soil_dry", 0.3, 0.2, "LEGAL", "large", "project", on=("natural_grass", "sand", "bare", "grass",
         "saline")),
    Work("self_corrected", 2.0, ((0, _CLEAR), (20, "gravel"), (100, "soil_dry"), (130, "")), "YH",
         "hardened yard removed by the owner within the year", "concrete", 0.3, 0.5, "ILLEGAL_NONAG",
         "near5", "villager"),
)  # fmt: skip
