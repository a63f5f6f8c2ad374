"""A thousand cases on the bundled county: each solvable, its key worth full marks."""

from pathlib import Path

import pytest

from weipian_lab.cases import FAMILIES, County, Session, make, score

LAYERS = Path(__file__).parents[2] / "data" / "small" / "layers" / "county.gpkg"


@pytest.mark.slow
def test_a_thousand_seeds_over_all_families(book):
    county, seen = County.read(LAYERS, book), set()
    for number in range(1000):
        family = sorted(FAMILIES)[number % len(FAMILIES)]
        scenario = make(family, number, county)
        session = Session(scenario)
        session.play(scenario.key.answers)
        assert session.ended and score(session).total == 100, (family, number)
        seen.add(scenario.fingerprint())
    # few permits stand in the county, so that some places recur; within a class `kit.new` draws again
    assert len(seen) >= 980
