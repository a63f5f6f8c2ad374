"""How many of the errors planted in the teaching county the feedback sheet finds, and how much else it says.

The floors leave room for another county of the same make: they hold for what a kind of error can show,
not for one draw of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from weipian_lab import overlay, rasters, rulebook, vectors
from weipian_lab.text import t

DATA = Path(__file__).parents[2] / "data/small"
BOOK = rulebook.load("ningxia-2024")
# planted kind: patterns that tell it, least recall, least precision, why no more is asked
FLOORS = {
    "number_missing": (("no_number",), 1.0, 1.0, "an empty field is seen"),
    "pbf_over_built": (("pbf_built",), 1.0, 0.7, "other polygons may reach over a yard too"),
    "pbf_overlap": (("pbf_overlap",), 1.0, 0.9, "overlaps are measured"),
    "slivers": (("pbf_border", "pbf_sliver"), 0.9, 0.9, "a border off by less than 0.1 m is left alone"),
    "approval_shifted": (("shifted",), 0.6, 0.9, "only where a patch shows where the work is"),
    "filing_date": (("bad_date", "late"), 0.3, 1.0, "a late date shows only where a patch meets the filing"),
    "class_out_of_date": (
        ("class_filed", "class_bare", "class_dull", "class_enclosed"), 0.5, 0.4,
        "a house among fields, or a pond in summer, looks like fallow at 10 m",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def sheet() -> pd.DataFrame:
    """The feedback on all batches of the year, whole layers looked at, with three images."""
    files = sorted(p for p in (DATA / "batches").iterdir() if p.suffix in {".shp", ".gpkg", ".gdb"})
    batches = [vectors.read(file, schema="PATCHES").frame for file in files]
    patches = gpd.GeoDataFrame(pd.concat(batches, ignore_index=True), crs=batches[0].crs)
    sources = overlay.county(DATA / "layers/county.gpkg")
    ledger = overlay.ledger(patches, sources, BOOK, keep_pieces=True)
    days = ("20230718", "20240423", "20240717")
    looks = [rasters.read(DATA / f"images/S2SIM_{day}.tif") for day in days]
    green = overlay.greenest(sources["DLTB"], looks)
    return overlay.feedback(ledger, BOOK, sources, patches, throughout=True, greenest=green)


def planted(kind: str) -> set[tuple[str, str]]:
    """(layer, feature) of each planted error of a kind, as the sheet would name it."""
    errors = json.loads((DATA / "truth/errors.json").read_text("utf-8"))["errors"]
    return {(e["layer"], _named(e["feature"])) for e in errors if e["kind"] == kind}


def _named(feature: str) -> str:
    word, _, number = feature.partition(" ")
    return t("overlay.row", number=number) if word == "row" else feature


def measured(sheet: pd.DataFrame, kind: str) -> dict[str, Any]:
    """Recall and precision of one kind; of two polygons that overlap either may be named."""
    right = planted(kind)
    own = sheet[sheet["pattern"].isin(FLOORS[kind][0])].drop_duplicates(["layer", "feature"])
    found: set[tuple[str, str]] = set()
    true = 0
    for row in own.itertuples():
        hits = {e for e in right if e[0] == row.layer and (e[1] == row.feature or e[1] in row.sentence)}
        found |= hits
        true += bool(hits)
    return {
        "planted": len(right),
        "said": len(own),
        "recall": len(found) / len(right),
        "precision": true / max(len(own), 1),
    }


@pytest.mark.parametrize("kind", list(FLOORS))
def test_planted_errors_are_found_and_little_else_is_said(sheet: pd.DataFrame, kind: str) -> None:
    _, recall, precision, why = FLOORS[kind]
    got = measured(sheet, kind)
    assert got["planted"] > 0
    assert got["recall"] >= recall, (got, why)
    assert got["precision"] >= precision, (got, why)


def test_every_kind_of_planted_error_is_measured() -> None:
    errors = json.loads((DATA / "truth/errors.json").read_text("utf-8"))["errors"]
    assert {e["kind"] for e in errors} == set(FLOORS)


def test_each_row_names_a_section_and_a_rule_and_suspects_only(sheet: pd.DataFrame) -> None:
    assert (sheet["section"] != "").all()
    assert (sheet["feature"] != "").all()
    assert set(sheet["rule_id"]) == {"NX2024-2.3-FEEDBACK"}
    assert sheet["sentence"].str.startswith("疑似").all()
    assert not sheet.duplicated(["pattern", "layer", "feature", "patch_id", "sentence"]).any()


def test_near_the_patches_is_a_part_of_throughout(sheet: pd.DataFrame) -> None:
    patches = vectors.read(DATA / "batches/MNR_2024Q1.shp", schema="PATCHES").frame
    sources = overlay.county(DATA / "layers/county.gpkg")
    ledger = overlay.ledger(patches, sources, BOOK, keep_pieces=True)
    near = overlay.feedback(ledger, BOOK, sources, patches)
    of_layers = near[near["pattern"].isin(["pbf_built", "pbf_border", "pbf_overlap", "class_filed"])]
    assert set(zip(of_layers["pattern"], of_layers["feature"], strict=True)) <= set(
        zip(sheet["pattern"], sheet["feature"], strict=True)
    )
    assert len(near)
