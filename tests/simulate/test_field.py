"""Visits to patches of a simulated county."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from weipian_lab import simulate
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.run import bundled
from weipian_lab.simulate import field


@pytest.fixture(scope="module")
def truth(tiny: simulate.County) -> gpd.GeoDataFrame:
    return simulate.truth_frame(tiny.events)


@pytest.fixture(scope="module")
def patches(truth: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    shapes = [*truth.geometry.buffer(3.0), shapely.box(0, 0, 50, 50)]
    return gpd.GeoDataFrame(
        {"patch_id": [f"S{i:03d}" for i in range(len(shapes))]}, geometry=shapes, crs=truth.crs
    )


def test_found_is_the_truth(patches: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> None:
    seen = field.found(patches, truth)
    assert (seen["change_id"].to_numpy()[:-1] == truth["change_id"].to_numpy()).mean() > 0.9
    assert seen.iloc[-1][["change_id", "verdict"]].to_list() == ["", "PSEUDO_CHANGE"]


def test_perfect_visits_give_the_truth(patches: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> None:
    seen = field.verify(patches, truth, 1, error_rate=0, disagreement_rate=0, missing_rate=0)
    assert seen.columns.to_list() == [
        "patch_id", "verdict", "cause", "verified_on", "verifier_count", "evidence",
    ]  # fmt: skip
    assert seen["verdict"].to_list() == field.found(patches, truth)["verdict"].to_list()
    assert set(seen["verifier_count"]) == {2}


def test_a_visit_depends_on_its_patch_alone(patches: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> None:
    whole = field.verify(patches, truth, 5).set_index("patch_id")
    part = field.verify(patches.iloc[10:3:-1], truth, 5).set_index("patch_id")
    assert part.equals(whole.loc[part.index])


def test_without_evidence_nothing_is_determined(patches: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> None:
    seen = field.verify(patches, truth, 1, missing_rate=1.0)
    assert set(seen["verdict"]) == {"UNDETERMINED"}
    assert set(seen["evidence"]) == {""}


def test_disagreement_brings_a_third_verifier(patches: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> None:
    seen = field.visits(patches, truth, 1, disagreement_rate=1.0)
    assert (seen.groupby("patch_id").size() == 3).all()
    first = seen.groupby("patch_id")["verdict"].agg(lambda v: v.iloc[0] != v.iloc[1])
    assert first.all()


def test_photographs_tell_where_and_when(patches: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> None:
    verified = field.verify(patches.iloc[:40], truth, 3)
    shots = field.photos(patches.iloc[:40], verified, 3, faulty_rate=0.4)
    assert shots["bearing_deg"].between(0, 360).all()
    assert {"bearing", "far", "time", "copy"} <= set(shots["fault"])
    copies = shots[shots["fault"] == "copy"]
    assert shots["sha1"].duplicated().sum() >= len(copies) - 1


def test_bad_arguments(patches: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> None:
    with pytest.raises(InputError):
        field.found(patches.drop(columns="patch_id"), truth)
    with pytest.raises(ParameterError):
        field.verify(patches, truth, 1, error_rate=1.5)


def test_a_crop_map_names_the_season(patches: gpd.GeoDataFrame, truth: gpd.GeoDataFrame) -> None:
    dated = patches.iloc[-1:].assign(date_before="2023-07-18", date_after="2024-07-17")
    assert field.found(dated, truth)["cause"].to_list() == ["season"]
    crops = bundled() / "truth" / "crops.tif"
    middle = shapely.transform(dated.geometry.to_numpy(), lambda xy: np.add(xy, (608_000, 4_251_000)))
    named = field.found(dated.set_geometry(middle, crs=truth.crs), truth, crops=crops)["cause"].iloc[0]
    assert named in {"crop_rotation", "crop_vigour", "mixed_or_unexplained"}
