"""What the feedback sheet finds of planted layer errors, and what else it says, on counties of other seeds.

    weipian simulate --seed 1 --size small --out /tmp/county1
    python benchmarks/feedback.py data/small /tmp/county1 …

Each county is a folder as ``weipian simulate`` makes it. All batches are taken together and whole layers
looked at, with the images of a summer, the next spring and the next summer. The limits come from the rulebook
as it is. The answers (``truth/errors.json``) are read here only. ``benchmarks/feedback.md`` holds the tables.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from weipian_lab import overlay, rasters, rulebook, vectors
from weipian_lab.text import t

# planted kind: patterns of the sheet that tell it
PATTERNS = {
    "number_missing": ("no_number",),
    "pbf_over_built": ("pbf_built",),
    "pbf_overlap": ("pbf_overlap",),
    "slivers": ("pbf_border", "pbf_sliver"),
    "approval_shifted": ("shifted",),
    "filing_date": ("bad_date", "late"),
    "class_out_of_date": ("class_filed", "class_bare", "class_dull", "class_enclosed"),
}
DAYS = ("0718", "0423", "0717")  # summer, spring of the next year, summer


def sheet(county: Path, book: rulebook.Rulebook) -> pd.DataFrame:
    """Return the feedback on all batches of a county, with the images there are of the three seasons."""
    files = sorted(p for p in (county / "batches").iterdir() if p.suffix in {".shp", ".gpkg", ".gdb"})
    batches = [vectors.read(file, schema="PATCHES").frame for file in files]
    patches = gpd.GeoDataFrame(pd.concat(batches, ignore_index=True), crs=batches[0].crs)
    sources = overlay.county(county / "layers/county.gpkg")
    ledger = overlay.ledger(patches, sources, book, keep_pieces=True)
    images = sorted(p for p in (county / "images").glob("S2SIM_*.tif") if "_SCL" not in p.name)
    looks = [rasters.read(p) for day in DAYS for p in images if p.stem.endswith(day)]
    green = overlay.greenest(sources["DLTB"], looks)
    return overlay.feedback(ledger, book, sources, patches, throughout=True, greenest=green)


def rows(county: Path, book: rulebook.Rulebook) -> Iterator[dict[str, Any]]:
    """Yield for each planted kind how many were planted, found and listed, and how many listed are false."""
    said = sheet(county, book)
    errors = json.loads((county / "truth/errors.json").read_text("utf-8"))["errors"]
    for kind, patterns in PATTERNS.items():
        planted = {(e["layer"], _named(e["feature"])) for e in errors if e["kind"] == kind}
        own = said[said["pattern"].isin(patterns)].drop_duplicates(["layer", "feature"])
        hits = [_hits(row, planted) for row in own.itertuples()]
        found = set().union(*hits)
        yield {
            "county": county.name, "kind": kind, "planted": len(planted), "found": len(found),
            "listed": len(own), "false": sum(not hit for hit in hits),
        }  # fmt: skip
    rest = said[~said["pattern"].isin({p for group in PATTERNS.values() for p in group})]
    counts = ", ".join(f"{k} {v}" for k, v in rest["pattern"].value_counts().sort_index().items())
    yield {"county": county.name, "kind": f"not planted as such: {counts}", "listed": len(rest)}


def _hits(row: Any, planted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return what a row tells of; of two polygons that overlap the other stands in the sentence."""
    return {e for e in planted if e[0] == row.layer and (e[1] == row.feature or e[1] in row.sentence)}


def _named(feature: str) -> str:
    word, _, number = feature.partition(" ")
    return t("overlay.row", number=number) if word == "row" else feature


def main() -> None:
    """Print a table for each county."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counties", nargs="+", type=Path)
    parser.add_argument("--rulebook", default="ningxia-2024")
    given = parser.parse_args()
    book = rulebook.load(given.rulebook)
    table = pd.DataFrame([row for county in given.counties for row in rows(county, book)])
    print(table.to_string(index=False))
    told = table.dropna(subset=["planted"]).groupby("kind", sort=False)[
        ["planted", "found", "listed", "false"]
    ]
    print(told.sum().astype(int).to_string())


if __name__ == "__main__":
    main()
