"""The state behind the tuning widget, and the widget without a browser."""

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import box

from weipian_lab.errors import ParameterError
from weipian_lab.tuning import Effort
from weipian_lab.widgets.tuning import TuningState, _Picture, tuning


@pytest.fixture
def state():
    frame = gpd.GeoDataFrame(
        {"patch_id": ["a", "b", "<b>c"], "area_mu": [1.0, 2.0, 4.0], "score_max": [1.0, 2.0, 3.0]},
        geometry=[box(600_000 + 100 * k, 4_250_000, 600_050 + 100 * k, 4_250_050) for k in range(3)],
        crs="EPSG:32648",
    )
    return TuningState(frame, np.array([True, False, True]), 5.0, Effort(2, 10, 1))


def test_counts_by_hand(state):
    low, high = state.counts(0.5), state.counts(1.5)
    assert (low["true"], low["false"], low["missed"], low["missed_mu"]) == (2, 1, 0, 5)
    assert (high["true"], high["false"], high["missed"], high["missed_mu"]) == (1, 1, 1, 6)
    assert high["precision"] == high["recall"] == 0.5
    assert high["cost"] == 2 * 2 * 10 + 6


def test_click_evidence_and_mark(state):
    assert state.at(600_025, 4_250_025) == "a"
    assert state.at(0, 0) is None
    assert "<b>" not in state.evidence("<b>c")
    assert state.verdicts == {}  # nothing is marked by itself
    state.mark("a", "PSEUDO_CHANGE")
    assert "PSEUDO_CHANGE" in state.evidence("a")
    with pytest.raises(ParameterError):
        state.mark("a", "GUILTY")


def test_widget_moves_together_and_marks(state):
    shown = tuning(state)
    slider, body, shape_map = shown.children
    image, side = body.children
    numbers, patch, verdict, evidence = side.children
    before = bytes(image.value), numbers.value
    slider.value = slider.min
    assert bytes(image.value) != before[0]
    assert numbers.value != before[1]
    assert bytes(image.value)[:4] == b"\x89PNG"
    patch.value = "b"
    verdict.value = "LEGAL"
    assert state.verdicts == {"b": "LEGAL"}
    assert "LEGAL" in evidence.value
    shape_map.close()


def test_picture_is_the_same_for_the_same_threshold(state):
    picture = _Picture(state)
    first = picture.png(1.5)
    assert picture.png(2.5) != first
    assert picture.png(1.5) == first


def test_no_candidates(state):
    with pytest.raises(ParameterError):
        TuningState(state.candidates.iloc[:0], np.array([], bool), 0.0, Effort())
