"""The filter: scikit-learn's contract, calibration, explanation, refusal of other evidence, spatial folds."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sklearn.utils.estimator_checks import parametrize_with_checks

from weipian_lab.classify import (
    FalseAlarmFilter,
    evidence_group,
    false_at_recall,
    load,
    out_of_fold,
    save,
    spatial_groups,
)
from weipian_lab.errors import CRSError, InputError, ParameterError, SchemaError
from weipian_lab.features import Schema

NAMES = (
    "difference_ndvi",
    "difference_red",
    "texture_after_red",
    "shape_compactness",
    "later_persistence_mean",
)


@parametrize_with_checks([FalseAlarmFilter(n_estimators=10, folds=3)])
def test_scikit_learn_contract(estimator, check) -> None:
    check(estimator)


def evidence(n: int = 200, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Simulated: persistence decides, with noise; the rest is chance; four places."""
    rng = np.random.default_rng(seed)
    real = rng.random(n) < 0.4
    table = pd.DataFrame(rng.standard_normal((n, len(NAMES))), columns=list(NAMES))
    table["later_persistence_mean"] = np.where(real, 0.9, 0.1) + 0.25 * rng.standard_normal(n)
    return Schema(NAMES, ("red", "nir")).attach(table), real, np.arange(n) % 4


def test_learns_and_says_what_spoke_for_it() -> None:
    table, real, places = evidence()
    model = FalseAlarmFilter(n_estimators=60).fit(table, real, groups=places)
    fresh, truth, _ = evidence(seed=1)
    assert (model.predict(fresh) == truth).mean() > 0.9
    said = model.explain(fresh)
    assert set(said.columns) == {"difference", "texture", "shape", "later"}
    assert (said.abs().idxmax(axis=1) == "later").mean() > 0.9
    assert said["later"][truth].median() > 0 > said["later"][~truth].median()
    single = model.explain(fresh.iloc[:3], by="feature")
    assert list(single.columns) == list(NAMES)


def test_probability_is_calibrated() -> None:
    rng = np.random.default_rng(0)
    chance = rng.random(1500)
    table = pd.DataFrame({"score_mean": np.log(chance / (1 - chance)), "shape_log_area": rng.random(1500)})
    real = rng.random(1500) < chance
    model = FalseAlarmFilter(n_estimators=80, min_samples_leaf=20).fit(table[:1000], real[:1000])
    probability = model.predict_proba(table[1000:])[:, 1]
    assert model.calibrated_
    for low, high in ((0, 0.33), (0.33, 0.67), (0.67, 1.01)):
        inside = (probability >= low) & (probability < high)
        assert real[1000:][inside].mean() == pytest.approx(probability[inside].mean(), abs=0.1)


def test_missing_evidence_counts_as_usual() -> None:
    table, real, _ = evidence()
    model = FalseAlarmFilter(n_estimators=20).fit(table, real)
    table.loc[:, "later_persistence_mean"] = np.nan
    assert np.isfinite(model.predict_proba(table)).all()
    assert not model.explain(table)["later"].any()


@pytest.mark.parametrize("part", ["names", "roles", "unit", "pixel_m", "none"])
def test_other_evidence_is_refused(part: str) -> None:
    table, real, _ = evidence(40)
    model = FalseAlarmFilter(n_estimators=5).fit(table, real)
    other = table.copy()
    changed = {"names": (*NAMES[:-1], "x"), "roles": ("red",), "unit": "DN", "pixel_m": 30.0}
    if part == "none":
        other.attrs = {}
        with pytest.raises(InputError, match="patch_table"):
            model.predict(other)
        return
    facts = Schema.of(table).as_dict() | {part: changed[part]}
    with pytest.raises(SchemaError, match=part):
        model.predict(Schema.from_dict(facts).attach(other))


def test_save_and_load(tmp_path: Path) -> None:
    table, real, _ = evidence(60)
    model = FalseAlarmFilter(n_estimators=5).fit(table, real)
    path = save(model, tmp_path / "filter.joblib", {"simulated": True, "data": "测试"})
    facts = json.loads((tmp_path / "filter.joblib.json").read_text("utf-8"))
    assert facts["provenance"]["data"] == "测试"
    again = load(path, trusted=True, expected_sha256=facts["sha256"])
    assert np.array_equal(again.predict_proba(table), model.predict_proba(table))
    with pytest.raises(ParameterError, match="trusted"):
        load(path)
    with pytest.raises(InputError, match="000000"):
        load(path, trusted=True, expected_sha256="0" * 64)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(InputError):
        load(path, trusted=True)
    with pytest.raises(InputError):
        load(tmp_path / "none.joblib", trusted=True)
    with pytest.raises(InputError):
        save(FalseAlarmFilter(n_estimators=5).fit(table.to_numpy(), real), tmp_path / "bare.joblib", {})


def test_a_model_of_another_version_or_kind_is_refused(tmp_path: Path) -> None:
    import joblib

    from weipian_lab.outputs import sha256, write_json

    path = tmp_path / "other.joblib"
    joblib.dump({"no": "filter"}, path)
    facts = {"sha256": sha256(path), "scikit_learn": __import__("sklearn").__version__}
    write_json(tmp_path / "other.joblib.json", facts)
    with pytest.raises(InputError, match="dict"):
        load(path, trusted=True)
    write_json(tmp_path / "other.joblib.json", facts | {"scikit_learn": "0.1"})
    with pytest.raises(InputError, match=r"0\.1"):
        load(path, trusted=True)


def test_one_class_and_bad_options() -> None:
    table, real, _ = evidence(20)
    with pytest.raises(InputError):
        FalseAlarmFilter().fit(table, np.ones(20, bool))
    with pytest.raises(ParameterError):
        FalseAlarmFilter(calibration="platt").fit(table, real)
    with pytest.raises(ParameterError):
        FalseAlarmFilter(n_estimators=5).fit(table, real).explain(table, by="band")


def test_blocks() -> None:
    points = [shapely.Point(x, y).buffer(5) for x, y in ((100, 100), (900, 800), (1100, 100), (100, 2100))]
    patches = gpd.GeoDataFrame(geometry=points, crs="EPSG:32648")
    groups = spatial_groups(patches, block_m=1000)
    assert groups[0] == groups[1]
    assert len(set(groups.tolist())) == 3
    with pytest.raises(CRSError):
        spatial_groups(patches.to_crs(4326))
    with pytest.raises(ParameterError):
        spatial_groups(patches, block_m=0)


def test_out_of_fold_has_not_seen_its_group() -> None:
    table, real, places = evidence(160)
    table["place_mark"] = places.astype(float)  # would give the answer away if the group were seen
    real = np.where(places == 3, ~real, real)  # in one place all is the other way round
    table = Schema((*NAMES, "place_mark"), ("red",)).attach(table)
    found = out_of_fold(FalseAlarmFilter(n_estimators=30), table, real, places)
    assert ((found > 0.5) == real)[places == 3].mean() < 0.3
    assert np.isfinite(out_of_fold(FalseAlarmFilter(n_estimators=10), table, real, places, folds=2)).all()
    with pytest.raises(InputError):
        out_of_fold(FalseAlarmFilter(), table, real, np.zeros(160))


def test_false_patches_at_a_recall_by_hand() -> None:
    real = [True, False, True, False, True, False]
    score = [9.0, 8.0, 7.0, 6.0, 5.0, 4.0]
    assert false_at_recall(real, score, 0.5) == (1, 7.0)  # two of three real ones: 9 and 7
    assert false_at_recall(real, score, 1.0) == (2, 5.0)
    with pytest.raises(ParameterError):
        false_at_recall(real, score, 0)
    with pytest.raises(InputError):
        false_at_recall([False], [1.0], 0.5)


def test_kinds_of_evidence() -> None:
    assert evidence_group("neighbours_score_rank") == "neighbours"
