"""The learnt detector: what its planes say, its weights as a file, and blocks that score as the whole."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from weipian_lab import change
from weipian_lab.change.learnt import LEARNT_PLANES, SHIPPED, LearntModel, Weights
from weipian_lab.change.pixels import prepare
from weipian_lab.errors import InputError, ParameterError, SchemaError

SIDE = 320


def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    before = np.array([0.3 + gaussian_filter(rng.random((SIDE, SIDE)), 2) for _ in range(6)], np.float32)
    after = before + 0.01 * rng.standard_normal(before.shape).astype(np.float32)
    after[:3, 150:162, 150:164] += 0.2
    return before, after


@pytest.fixture(scope="module")
def fitted() -> tuple[np.ndarray, np.ndarray, LearntModel]:
    before, after = pair()
    model = change.fit(before, after, "learnt")
    assert isinstance(model, LearntModel)
    return before, after, model


def test_finds_the_new_building(fitted: tuple[np.ndarray, np.ndarray, LearntModel]) -> None:
    before, after, model = fitted
    score = model.score_block(before, after)
    assert ((score >= 0) & (score <= 1)).all()
    inside = score[152:160, 152:162]
    assert inside.min() > np.quantile(score, 0.98)


def test_a_block_scores_as_the_whole(fitted: tuple[np.ndarray, np.ndarray, LearntModel]) -> None:
    before, after, model = fitted
    whole = model.score_block(before, after)
    halo = model.halo_px
    part = np.s_[130 - halo : 190 + halo, 120 - halo : 200 + halo]
    block = model.score_block(before[:, *part], after[:, *part])
    np.testing.assert_allclose(block[halo:-halo, halo:-halo], whole[130:190, 120:200], atol=1e-5)


def test_planes_say_what_their_names_say() -> None:
    rng = np.random.default_rng(1)
    before = (0.3 + 0.05 * rng.random((6, SIDE, SIDE))).astype(np.float32)
    after = (before + 0.01 * rng.standard_normal(before.shape)).astype(np.float32)
    after[3, 20:60, 20:60] = 0.9  # NIR up: green
    after[2, 20:60, 20:60] = 0.1
    before[:, 100:140, 20:60] = 0.05  # dark at one date: shadow
    after[:3, 200:240, 200:240] += 0.3 * (rng.random((40, 40)) > 0.5)  # edges gained
    model = change.fit(before, after, "learnt")
    assert isinstance(model, LearntModel)
    planes = dict(zip(LEARNT_PLANES, model.planes(*prepare(before, after)), strict=True))
    green, dark, edges = planes["green_after"], planes["dark_visible"], planes["edges_gained"]
    assert green[40, 40] == pytest.approx(0.8 - 0.1, abs=0.01)  # (.9 − .1) / (.9 + .1) less .1
    assert green[280, 100] == 0
    assert dark[120, 40] > 3 > dark[280, 100]
    assert planes["dark_swir1"][120, 40] > 3
    assert edges[220, 220] > 1 > abs(edges[280, 100])


def test_identical_images_hold_no_change() -> None:
    before, _ = pair()
    assert (change.score(before, before, "learnt") == 0).all()


def test_not_valid_is_nan_and_does_not_spread(fitted: tuple[np.ndarray, np.ndarray, LearntModel]) -> None:
    before, after, model = fitted
    holed = after.copy()
    holed[:, 5:9, 5:9] = np.nan
    score = model.score_block(before, holed)
    assert np.isnan(score).sum() == 16
    assert np.isnan(score[5:9, 5:9]).all()


def test_needs_its_bands_and_tiles() -> None:
    before, after = pair()
    with pytest.raises(ParameterError, match="swir1"):
        change.score(before[:4], after[:4], "learnt")
    with pytest.raises(ParameterError, match="learnt"):
        change.fit(before.reshape(6, -1).T, after.reshape(6, -1).T, "learnt")


def test_weights_are_kept_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    weights = Weights(tuple(map(float, range(8))), -1.5, 0.7, {"simulated": True})
    path.write_text(json.dumps(weights.as_dict()), "utf-8")
    assert Weights.read(path) == weights


@pytest.mark.parametrize("broken", ["[]", "{}", "no json", "nan", "format", "more"])
def test_refuses_what_are_no_weights(tmp_path: Path, broken: str) -> None:
    facts = json.loads(SHIPPED.read_text("utf-8"))
    if broken == "nan":
        facts["intercept"] = float("nan")
    elif broken == "format":
        facts["format"] = "another"
    elif broken == "more":
        facts["coefficients"]["height"] = 1.0
    path = tmp_path / "w.json"
    path.write_text(json.dumps(facts) if broken in ("nan", "format", "more") else broken, "utf-8")
    with pytest.raises(SchemaError, match=r"w\.json"):
        Weights.read(path)
    with pytest.raises(InputError):
        Weights.read(tmp_path / "none.json")


def test_what_ships_was_learnt_on_simulated_data() -> None:
    shipped = Weights.read()
    assert shipped.provenance["simulated"] is True
    assert change.USUAL_RULES["learnt"]["value"] == shipped.threshold
