"""Batches in processes, in threads and one by one give the same; errors and progress come through."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from weipian_lab import rulebook, vectors
from weipian_lab.errors import InputError, ParameterError, RulebookError
from weipian_lab.overlay import Ledger, county, ledger, workers

X, Y = 35_609_118.0, 4_258_188.0
BOOK = rulebook.load("ningxia-2024")
CODES = ("0102", "1006", "0702", "1204")


@pytest.fixture(scope="module")
def layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A field of 30 × 30 squares of 40 m, every third of them basic farmland."""
    path = tmp_path_factory.mktemp("county") / "county.gpkg"
    west, south = (v.ravel() * 40.0 for v in np.meshgrid(np.arange(30), np.arange(30)))
    squares = shapely.box(X + west, Y + south, X + west + 40, Y + south + 40)
    survey = gpd.GeoDataFrame(
        {"BSM": np.arange(900).astype(str), "DLBM": np.resize(CODES, 900), "KCXS": 0.1},
        geometry=squares,
        crs=4523,
    )
    vectors.write(path, survey, layer="DLTB", metadata={"data_year": 2023})
    vectors.write(path, survey[["BSM", "geometry"]].iloc[::3], layer="YJJBNTTB", append=True)
    return path


@pytest.fixture
def patches() -> gpd.GeoDataFrame:
    place = np.random.default_rng(5).uniform(0, 1100, (2_200, 2)) + np.array([X, Y])
    shapes = shapely.box(*place.T, *(place + np.array([55.0, 35.0])).T)
    return gpd.GeoDataFrame({"patch_id": [f"P{i}" for i in range(2_200)]}, geometry=shapes, crs=4523)


@pytest.fixture
def other_thread() -> Iterator[None]:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    yield
    done.set()
    thread.join()


def _same(one: Ledger, two: Ledger) -> None:
    for table in ("areas", "codes", "evidence"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(two, table))


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux only")
def test_processes_give_what_one_worker_gives(
    layers: Path, patches: gpd.GeoDataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    context = multiprocessing.get_context
    monkeypatch.setattr(multiprocessing, "get_context", lambda m=None: (asked.append(m), context(m))[1])
    monkeypatch.setattr(workers, "_may_be_copied", lambda: True)
    done: list[tuple[int, int]] = []
    beside = ledger(patches, county(layers), BOOK, progress=lambda *at: done.append(at))
    assert asked == ["fork"]
    _same(beside, ledger(patches, county(layers), BOOK, workers=1))
    assert asked == ["fork"]
    assert done[-1] == (2_200, 2_200)
    assert len(done) >= 2


@pytest.mark.usefixtures("other_thread")
def test_a_process_with_threads_is_not_copied(
    layers: Path, patches: gpd.GeoDataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing, "get_context", lambda method: pytest.fail(f"copied by {method}"))
    _same(ledger(patches, county(layers), BOOK), ledger(patches, county(layers), BOOK, workers=1))


@pytest.mark.parametrize("copied", [True, False])
def test_an_error_in_a_batch_is_told_in_its_own_words(
    layers: Path, patches: gpd.GeoDataFrame, copied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_may_be_copied", lambda: copied and sys.platform == "linux")
    survey = vectors.read(layers, layer="DLTB").frame.assign(DLBM="9999")
    with pytest.raises(RulebookError, match="9999"):
        ledger(patches, {"DLTB": survey}, BOOK, scheme="SANDIAO")


@pytest.mark.parametrize(
    "error",
    [InputError("overlay.no_patches"), ParameterError("errors.bad_choice", name="a", value=1, choices="b")],
)
def test_an_error_comes_back_from_another_process_whole(error: Any) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.values) == (str(error), error.values)
