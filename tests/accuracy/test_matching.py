"""Squares of 100 m whose overlaps can be worked out by hand."""

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import box

from weipian_lab.accuracy import match
from weipian_lab.errors import CRSError, ParameterError, SchemaError

X, Y = 500_000, 4_200_000  # on the central meridian the projection is true to 0.04 %


def layer(key, boxes, crs="EPSG:32648"):
    return gpd.GeoDataFrame(
        {key: list(boxes)},
        geometry=[box(X + a, Y + b, X + c, Y + d) for a, b, c, d in boxes.values()],
        crs=crs,
    )


@pytest.fixture
def patches():
    return layer("patch_id", {
        "exact": (0, 0, 100, 100),
        "half": (200, 0, 300, 100),
        "left": (400, 0, 450, 100),  # left and right split one parcel
        "right": (450, 0, 500, 100),
        "wide": (600, 0, 900, 100),  # one patch over two parcels
        "alone": (0, 500, 100, 600),
    })  # fmt: skip


@pytest.fixture
def reference():
    return layer("change_id", {
        "A": (0, 0, 100, 100),
        "B": (250, 0, 350, 100),
        "C": (400, 0, 500, 100),
        "D": (600, 0, 700, 100),
        "E": (800, 0, 900, 100),
        "F": (0, 900, 100, 1000),
        "touching": (100, 500, 200, 600),  # shares an edge with "alone", no area
    })  # fmt: skip


def test_coverage_rule_counts_split_and_merged_openly(patches, reference):
    result = match(patches, reference, share=0.5)
    assert result.patches["hit"].to_dict() == {
        "exact": True, "half": True, "left": True, "right": True, "wide": True, "alone": False
    }  # fmt: skip
    assert result.reference["hit"].to_dict() == {
        "A": True, "B": True, "C": True, "D": True, "E": True, "F": False, "touching": False
    }  # fmt: skip
    summary = result.summary()
    assert (summary["split"], summary["merged"]) == (1, 1)
    assert summary["precision"] == pytest.approx(5 / 6)
    assert summary["recall"] == pytest.approx(5 / 7)
    # covered hm² of 1, 1, .5, .5, 3, 1: 1 + .5 + .5 + .5 + 2 + 0
    assert summary["precision_area"] == pytest.approx(4.5 / 7, rel=1e-4)
    assert summary["recall_area"] == pytest.approx(4.5 / 7, rel=1e-4)


def test_delineation_apart_from_label(patches, reference):
    summary = match(patches, reference, share=0.5).summary()
    hectare = 10_000 / 0.9996**2
    assert summary["false_m2"] == pytest.approx(hectare, rel=1e-4)
    assert summary["missed_m2"] == pytest.approx(2 * hectare, rel=1e-4)
    assert summary["excess_m2"] == pytest.approx(1.5 * hectare, rel=1e-4)  # half of "half", a third of "wide"
    assert summary["lacking_m2"] == pytest.approx(0.5 * hectare, rel=1e-4)  # the other half of B


def test_iou_is_one_to_one(patches, reference):
    result = match(patches, reference, rule="iou", share=0.5)
    assert set(result.patches.index[result.patches["hit"]]) == {"exact", "left"} or set(
        result.patches.index[result.patches["hit"]]
    ) == {"exact", "right"}
    assert set(result.reference.index[result.reference["hit"]]) == {"A", "C"}
    assert result.pairs.set_index(["patch", "reference"]).loc[("half", "B"), "iou"] == pytest.approx(1 / 3)


def test_shift_of_one_pixel_of_a_five_mu_square():
    """DOMAIN.md §7: 5 亩 at 10 m is 5.77 px wide; one pixel aside leaves an IoU of 0.705."""
    side = np.sqrt(5 / 0.0015)
    result = match(
        layer("patch_id", {"p": (0, 0, side, side)}), layer("change_id", {"r": (10, 0, side + 10, side)})
    )
    assert result.pairs["iou"].iloc[0] == pytest.approx(0.705, abs=5e-4)


def test_overlapping_reference_counts_once():
    patch = layer("patch_id", {"p": (0, 0, 100, 100)})
    reference = layer("change_id", {"a": (0, 0, 40, 100), "b": (0, 0, 40, 100)})
    result = match(patch, reference, share=0.5)
    assert result.patches.loc["p", "share"] == pytest.approx(0.4)
    assert not result.patches.loc["p", "hit"]


def test_no_positives_and_no_negatives(patches, reference):
    none = match(patches, reference.iloc[:0])
    assert none.summary()["precision"] == 0
    assert np.isnan(none.summary()["recall"])
    empty = match(patches.iloc[:0], reference)
    assert np.isnan(empty.summary()["precision"])
    assert empty.summary()["recall"] == 0


def test_bad_input(patches, reference):
    with pytest.raises(CRSError, match="EPSG:4523"):
        match(patches, reference.to_crs("EPSG:4523"))
    with pytest.raises(CRSError):
        match(patches.set_crs(None, allow_override=True), reference)
    with pytest.raises(SchemaError, match="change_id"):
        match(patches, reference.drop(columns="change_id"))
    with pytest.raises(SchemaError):
        match(patches.assign(patch_id="x"), reference)
    for share in (0, 1.1, float("nan")):
        with pytest.raises(ParameterError):
            match(patches, reference, share=share)
    with pytest.raises(ParameterError):
        match(patches, reference, rule="touch")
