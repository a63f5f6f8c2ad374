"""The county year: same patches for every strategy, corrected within the year counted 0, nothing dropped."""

import datetime as dt

import pytest

from weipian_lab.cases.workdays import is_workday
from weipian_lab.cases.year import STRATEGIES, Year, compare, measures, run_year
from weipian_lab.errors import ParameterError

SMALL = Year(quarterly=8, daily=10, annual=6, teams=1)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_ledger_follows_the_notice(book, strategy):
    ledger = run_year(SMALL, strategy, 3, book)
    assert len(ledger) == 3 * 8 + 10 + 6
    quarterly = ledger[ledger["source"] == "MNR_QUARTERLY"]
    assert ((quarterly["pbf_mu"] >= 4.99) | (quarterly["cultivated_mu"] >= 9.99)).all()
    corrected = ledger[ledger["status"] == "self_corrected"]
    assert corrected["listed"].all() and (corrected["counted_mu"] == 0).all()
    assert (corrected["ended_on"] <= dt.date(2024, 12, 31)).all()
    waiting = ledger[ledger["status"].str.endswith("_waiting") | (ledger["status"] == "not_visited")]
    assert waiting["outstanding"].all()
    visited = ledger[ledger["visited_on"].notna()]
    assert (visited["visited_on"] >= visited["received_on"]).all()
    assert visited["safety_checked"].all() and all(is_workday(day) for day in visited["visited_on"])
    assert (ledger.loc[ledger["kind"] != "illegal", "counted_mu"] == 0).all()


def test_teams_are_limited_and_order_is_the_only_difference(book):
    ledgers = [run_year(SMALL, name, 5, book) for name in STRATEGIES]
    for ledger in ledgers[1:]:
        assert (ledger["cultivated_mu"] == ledgers[0]["cultivated_mu"]).all()
    per_day = ledgers[0]["visited_on"].dropna().value_counts()
    assert per_day.max() <= 2
    none = run_year(Year(quarterly=5, daily=0, annual=0, unsafe_days=1.0), "area", 0, book)
    assert measures(none)["visits"] == 0 and (none["status"] == "not_visited").all()


def test_intervals_of_the_comparison(book):
    table = compare(SMALL, 4, book)
    assert set(table["strategy"]) == set(STRATEGIES)
    assert (table["lower"] <= table["mean"]).all() and (table["mean"] <= table["upper"]).all()
    base = table[table["strategy"] == "arrival"]
    assert (base["difference"] == 0).all()
    with pytest.raises(ParameterError, match="arrival"):
        run_year(SMALL, "random", 0, book)
