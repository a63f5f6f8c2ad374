"""The county year: the county's own patches for every strategy; nothing dropped, nothing foreseen."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from weipian_lab import vectors
from weipian_lab.cases.portfolio import add_scores, portfolio, read_batches, source_of
from weipian_lab.cases.workdays import is_workday
from weipian_lab.cases.year import STRATEGIES, Year, accountability, compare, measures, run_year
from weipian_lab.cases.yeartables import accountability_table, addressees, compared, counts, ledger_table
from weipian_lab.errors import InputError, ParameterError

X, Y = 35_520_000.0, 4_260_000.0
SLOW = Year(teams=1, visits_a_day=0.1)


def field(column, row, share=1.0):
    """A patch of 50 m × 100 m·share in a field of the small county (7.5 亩)."""
    return box(
        X + column * 100 + 5, Y + row * 300 + 5, X + column * 100 + 55, Y + row * 300 + 5 + 100 * share
    )


@pytest.fixture(scope="module")
def batches(county):
    rows = []
    for number in range(24):
        rows.append((f"A{number:02d}", "MNR_2024Q1", "20231006", "20240320", field(number, number % 3)))
    rows.append(("N00", "MNR_2024_ANNUAL", "20231006", "20241028", field(0, 0, 0.9)))
    rows.append(("R00", "NX_DAILY_202408", "20240612", "20240808", field(3, 6, 2.0)))
    frame = gpd.GeoDataFrame(
        rows, columns=["patch_id", "batch", "date_before", "date_after", "geometry"], crs=county.crs
    )
    for name in ("date_before", "date_after"):
        frame[name] = [dt.datetime.strptime(x, "%Y%m%d").date() for x in frame[name]]
    frame["source"] = [source_of(name) for name in frame["batch"]]
    frame["tblx"] = ["20" if i % 2 else "ND" for i in range(len(frame))]
    return frame.sort_values(["date_after", "patch_id"], ignore_index=True)


@pytest.fixture(scope="module")
def truth(batches):
    """Every second patch is a breach, built from 1 March to 30 June; the first was given up in May."""
    built = batches[(batches["tblx"] == "20")].copy()
    built["change_id"] = [f"T{i}" for i in range(len(built))]
    built["date_start"], built["date_end"] = "20240301", "20240630"
    built["corrected"] = ["20240520"] + [""] * (len(built) - 1)
    return built


@pytest.fixture(scope="module")
def patches(batches, county, truth):
    found = batches[["patch_id"]].merge(truth[["patch_id", "change_id"]], how="left").fillna("")
    found["verdict"] = np.where(found["change_id"] != "", "ILLEGAL_NONAG", "PSEUDO_CHANGE")
    found.loc[found["patch_id"] == "A02", "verdict"] = "LEGAL"
    changes = truth[["change_id", "date_start", "date_end", "corrected", "geometry"]]
    return portfolio(batches, county, found, changes, [{"layer": "DLTB", "feature": "D0401"}])


def test_areas_are_a_real_overlay_and_a_site_is_one(patches):
    first = patches.set_index("patch_id")
    # 50 m × 100 m in the plane; the ellipsoid differs by the projection's scale (below 0.3 %)
    assert first.loc["A00", "cultivated_mu"] == pytest.approx(7.5, rel=0.005)
    assert first.loc["A00", "pbf_mu"] == first.loc["A00", "cultivated_mu"]  # west: basic farmland
    assert first.loc["A20", "pbf_mu"] == 0.0  # east: none
    assert first.loc["N00", "joined"] == "A00" and (patches["joined"] != "").sum() == 1
    assert first.loc["A04", "kind"] == "data_error"
    assert first.loc["A01", "kind"] == "illegal" and first.loc["A01", "final_mu"] > 0
    assert source_of("NX_DAILY_202408.shp") == "NX_DAILY" and source_of("MNR_2024Q2") == "MNR_QUARTERLY"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_ledger_follows_the_notice(patches, book, strategy):
    ledger = run_year(Year(), patches, strategy, 3, book)
    assert list(ledger["patch_id"]) == list(patches["patch_id"])
    corrected = ledger[ledger["status"] == "self_corrected"]
    assert corrected["listed"].all() and (corrected["counted_mu"] == 0).all()
    assert all(day <= dt.date(2024, 12, 31) for day in corrected["ended_on"])
    waiting = ledger[ledger["status"].str.endswith("_waiting") | (ledger["status"] == "not_visited")]
    assert waiting["outstanding"].all()
    visited = ledger[ledger["visited_on"].notna()]
    assert (visited["visited_on"] >= visited["received_on"]).all() and (visited["joined"] == "").all()
    assert visited["safety_checked"].all() and all(is_workday(day) for day in visited["visited_on"])
    assert (ledger.loc[ledger["kind"] != "illegal", ["counted_mu", "saved_mu"]] == 0).all(axis=None)
    land = ledger.loc[(ledger["kind"] == "illegal") & (ledger["joined"] == "")]
    assert (land["counted_mu"] + land["saved_mu"] <= land["final_mu"] + 0.02).all()


def test_a_breach_given_up_by_itself_is_neither_counted_nor_saved(patches, book):
    own = patches["corrected_on"].notna()
    assert own.sum() == 1
    for setting in (Year(), Year(unsafe_days=1.0)):
        ledger = run_year(setting, patches, "arrival", 0, book)
        assert ledger.loc[own, ["counted_mu", "saved_mu"]].to_numpy().sum() == 0


def test_visited_before_the_work_began_saves_all_and_after_it_nothing(patches, book):
    firm = Year(yielding=0.0, late_yielding=0.0, delivery_days=0, teams=50, visits_a_day=10)
    late = run_year(Year(yielding=0.0, late_yielding=0.0, delivery_days=120), patches, "arrival", 0, book)
    assert late["saved_mu"].sum() == 0  # built by 30 June, arrives in July
    soon = run_year(firm, patches, "arrival", 0, book)
    hit = soon[(soon["status"] == "filed") & (soon["batch"] == "MNR_2024Q1")]
    done = [(day - dt.date(2024, 3, 1)).days / 121 for day in hit["visited_on"]]
    assert np.allclose(hit["saved_mu"], hit["final_mu"] * (1 - np.array(done)), atol=0.006)


def test_teams_are_limited_and_order_is_the_only_difference(patches, book):
    ledgers = {name: run_year(SLOW, patches, name, 5, book) for name in STRATEGIES}
    visits = {name: int(ledger["safety_checked"].sum()) for name, ledger in ledgers.items()}
    assert len(set(visits.values())) == 1 and 5 < visits["area"] < len(patches)
    for ledger in ledgers.values():
        assert (ledger["received_on"] == ledgers["area"]["received_on"]).all()
    first = ledgers["pbf"].dropna(subset="visited_on").sort_values("visited_on", kind="stable")
    assert first.iloc[0]["pbf_mu"] == patches["pbf_mu"][patches["source"] == "MNR_QUARTERLY"].max()
    none = run_year(Year(unsafe_days=1.0), patches, "area", 0, book)
    assert measures(none)["visits"] == 0


def test_going_by_score_learns_from_visits_and_never_from_the_truth(patches, book):
    plain = run_year(SLOW, patches, "score", 1, book)
    turned = patches.assign(
        kind=patches["kind"].replace({"illegal": "not_illegal", "not_illegal": "illegal"}),
        starts_on=dt.date(2024, 3, 1),
        ends_on=dt.date(2024, 6, 30),
    )
    other = run_year(SLOW, turned, "score", 1, book)
    by_day = [x.dropna(subset="visited_on").sort_values("visited_on", kind="stable") for x in (plain, other)]
    assert by_day[0]["patch_id"].iloc[0] == by_day[1]["patch_id"].iloc[0]  # nothing is known at first
    assert list(by_day[0]["patch_id"]) != list(by_day[1]["patch_id"])
    assert (
        measures(plain)["false_visits"] < measures(run_year(SLOW, patches, "area", 1, book))["false_visits"]
    )


def test_scores_of_a_screening_are_taken(patches, book):
    screened = gpd.GeoDataFrame(
        {"confidence": [0.2, 0.9]}, geometry=[field(0, 0), field(7, 1)], crs=patches.crs
    )
    scored = patches.assign(score=add_scores(patches, screened))
    assert scored.set_index("patch_id").loc[["A07", "A00", "A05"], "score"].tolist() == [0.9, 0.2, 0.2]
    ledger = run_year(SLOW, scored, "score", 0, book).dropna(subset="visited_on")
    assert ledger.sort_values("visited_on", kind="stable")["patch_id"].iloc[0] == "A07"
    with pytest.raises(InputError, match="score"):
        add_scores(patches, screened.drop(columns="confidence"))


def test_batches_are_read_in_order_with_their_sources(batches, county, tmp_path):
    with pytest.raises(InputError, match="批次"):
        read_batches(tmp_path, county)
    for name in ("MNR_2024Q1", "NX_DAILY_202408"):
        part = batches[batches["batch"] == name]
        out = gpd.GeoDataFrame(
            {"JCBH": part["patch_id"], "TBLX": part["tblx"], "QSX": "20231006",
             "HSX": [f"{x:%Y%m%d}" for x in part["date_after"]]},
            geometry=part.geometry, crs=part.crs)  # fmt: skip
        vectors.write(tmp_path / f"{name}.gpkg", out)
    read = read_batches(tmp_path, county)
    assert list(read["source"].unique()) == ["MNR_QUARTERLY", "NX_DAILY"] and len(read) == 25


def test_intervals_of_the_comparison(patches, book):
    table = compare(SLOW, patches, 4, book)
    assert set(table["strategy"]) == set(STRATEGIES)
    assert (table["lower"] <= table["mean"]).all() and (table["mean"] <= table["upper"]).all()
    assert (table.loc[table["strategy"] == "arrival", "difference"] == 0).all()
    years = [[run_year(SLOW, patches, name, i, book) for name in ("area", "arrival")] for i in range(4)]
    runs = [[measures(ledger)["saved_mu"] for ledger in pair] for pair in years]
    gap = np.array(runs)[:, 0] - np.array(runs)[:, 1]
    row = table[(table["strategy"] == "area") & (table["measure"] == "saved_mu")].iloc[0]
    half = 3.182446 * gap.std(ddof=1) / 2  # t(0.975; 3), from a table
    assert (row["difference"], row["difference_upper"]) == pytest.approx((gap.mean(), gap.mean() + half))
    with pytest.raises(ParameterError, match="arrival"):
        run_year(SLOW, patches, "random", 0, book)


def test_the_line_is_marked_unverified_and_tables_are_in_words(patches, book):
    assert accountability(15.0, 85.0) == 0.15 and np.isnan(accountability(0.0, 0.0))
    ledger = run_year(Year(), patches, "area", 0, book)
    table = accountability_table(ledger, patches, book, 100.0, "zh")
    assert "15%" in set(table["数值"]) and table["依据或来源"].iloc[-1].endswith("待核实")
    shown = [ledger_table(ledger, book), counts(ledger, ["source", "status"], ["counted_mu"]),
             compared(compare(SLOW, patches, 2, book)), addressees(book, "zh")]  # fmt: skip
    for frame in shown:
        assert not [name for name in frame.columns if name.isascii()]
        assert not frame.astype(str).apply(lambda x: x.str.contains("nan|None|not_|MNR_")).any(axis=None)
    assert isinstance(shown[0], pd.DataFrame)
