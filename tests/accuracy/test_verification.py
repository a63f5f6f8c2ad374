"""Reading of verification tables, and every fault they can have."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from weipian_lab import accuracy, outputs
from weipian_lab.errors import InputError, ParameterError, SchemaError


def table(**columns):
    base = {"patch_id": ["p1", "p2", "p3"], "verdict": ["LEGAL", "PSEUDO_CHANGE", "UNDETERMINED"]}
    return pd.DataFrame({**base, **columns})


def test_reads_what_was_written(tmp_path):
    given = table(
        patch_id=["007", "p2", "p3"],
        cause=["=1+1", "收割", None],
        verified_on=["2024-05-31", None, None],
        verifier_count=[2, 1, 1],
    )
    path = outputs.write_table(tmp_path / "verified.csv", given)
    read = accuracy.read_verified(path, patches=["007", "p2", "p3", "p4"])
    assert list(read["patch_id"]) == ["007", "p2", "p3"]
    assert list(read["cause"][:2]) == ["=1+1", "收割"]
    assert read["cause"].isna()[2]
    assert list(read["verifier_count"]) == [2, 1, 1]


def test_same_verdict_twice_is_one_patch():
    read = accuracy.check_verified(
        table(
            patch_id=["b", "a", "a"],
            verdict=["LEGAL", "PSEUDO_CHANGE", "pseudo_change "],
            cause=[None, None, "雪"],
        )
    )
    assert list(read["patch_id"]) == ["a", "b"]
    assert list(read["verifier_count"]) == [2, 1]
    assert read["cause"][0] == "雪"


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"patch_id": ["p1", "p1", "p2"]}, "LEGAL/PSEUDO_CHANGE"),
        ({"verdict": ["LEGAL", "WRONG", "OTHER"]}, "WRONG"),
        ({"verdict": ["LEGAL", None, "OTHER"]}, "verdict"),
        ({"patch_id": ["p1", " ", "p3"]}, "patch_id"),
        ({"verified_on": ["2024-02-30", None, None]}, "2024-02-30"),
        ({"verifier_count": [0, 1, 1]}, "p1"),
        ({"verifier_count": [1, "two", 1]}, "two"),
    ],
)
def test_bad_rows(columns, named):
    with pytest.raises(SchemaError, match=named):
        accuracy.check_verified(table(**columns))


def test_bad_tables(tmp_path):
    with pytest.raises(SchemaError, match="verdict"):
        accuracy.check_verified(table().drop(columns="verdict"))
    with pytest.raises(SchemaError):
        accuracy.check_verified(table().iloc[:0])
    with pytest.raises(SchemaError, match="p3"):
        accuracy.check_verified(table(), patches=["p1", "p2"])
    with pytest.raises(InputError, match=r"absent\.csv"):
        accuracy.read_verified(tmp_path / "absent.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(InputError, match="CSV"):
        accuracy.read_verified(tmp_path / "empty.csv")


def test_reference_by_target():
    verdicts = pd.Series(
        ["LEGAL", "ILLEGAL_NONAG", "PSEUDO_CHANGE", "NO_CLASS_CHANGE", "OTHER", "UNDETERMINED"]
    )
    change = accuracy.as_reference(verdicts)
    assert list(change[:5]) == ["true", "true", "false", "false", "true"]
    assert change.isna()[5]
    nonag = accuracy.as_reference(verdicts, "nonag")
    assert list(nonag[:5]) == ["false", "true", "false", "false", "false"]
    with pytest.raises(ParameterError):
        accuracy.as_reference(verdicts, "legal")


def test_disagreement_by_hand():
    reviews = pd.DataFrame(
        [("a", v, "PSEUDO_CHANGE") for v in "xy"]
        + [("b", "x", "PSEUDO_CHANGE"), ("b", "y", "LEGAL")]
        + [("c", v, "LEGAL") for v in "xy"]
        + [("d", "x", "LEGAL"), ("d", "y", "OTHER")]
        + [("alone", "x", "LEGAL")],
        columns=["patch_id", "verifier", "verdict"],
    )
    result = accuracy.disagreement(reviews)
    assert result["patches"] == 4
    assert result["agreement"] == 0.5
    assert (result["lowest"], result["highest"]) == (0.25, 0.5)
    # Fleiss: shares 3/8, 4/8, 1/8 → chance 26/64; (0.5 - 0.40625) / (1 - 0.40625)
    assert result["fleiss_kappa"] == pytest.approx(0.09375 / 0.59375)
    with pytest.raises(SchemaError):
        accuracy.disagreement(reviews.drop_duplicates("patch_id"))


def verified(reference, stratum=None, **columns):
    data = {"reference": [{"t": "true", "f": "false", "u": np.nan}[c] for c in reference], **columns}
    return pd.DataFrame(data if stratum is None else {"stratum": list(stratum), **data}).astype(
        {"reference": object}
    )


def test_false_alarm_share_by_hand():
    result = accuracy.false_alarm_share(verified("ttff" + "tttf", "aaaabbbb"), {"a": 30, "b": 70})
    assert result["estimate"] == pytest.approx(0.3 * 0.5 + 0.7 * 0.25)
    assert result["se"] == pytest.approx(np.sqrt(0.09 * 0.25 / 3 + 0.49 * 0.1875 / 3))
    assert result["lower"] < result["estimate"] < result["upper"]


def test_single_stratum_by_binomial_tails():
    result = accuracy.false_alarm_share(verified("f" * 7 + "t" * 13))
    lower, upper = result["lower"], result["upper"]
    # half of the outcome seen counts for 2.5 %, all of it for no more than 3.5 %
    for tail, point in ((stats.binom.sf(7, 20, lower), lower), (stats.binom.cdf(6, 20, upper), upper)):
        seen = stats.binom.pmf(7, 20, point)
        assert max((tail + seen / 2) / 0.025, (tail + seen) / 0.035) == pytest.approx(1)
    census = accuracy.false_alarm_share(verified("f" * 7 + "t" * 13), {"all": 20}, finite_population=True)
    assert census["lower"] == census["upper"] == pytest.approx(0.35)


def test_undecided_patches_bound_the_share():
    result = accuracy.false_alarm_share(verified("ffttuu"))
    assert result["undecided"] == 2
    assert result["estimate"] == 0.5
    assert (result["lowest"], result["highest"]) == pytest.approx((2 / 6, 4 / 6))


def test_share_of_area():
    result = accuracy.false_alarm_share(verified("ft", mu=[1.0, 3.0]), area="mu")
    assert result["estimate"] == 0.25
    with pytest.raises(SchemaError, match="mu"):
        accuracy.false_alarm_share(verified("ft", mu=[1.0, 0.0]), area="mu")


def test_breakdown_pools_or_marks_small_groups():
    sample = verified("f" * 6 + "t" * 6 + "f" + "t", kind=["a"] * 12 + ["b", "c"])
    marked = accuracy.breakdown(sample, "kind", minimum=5)
    assert list(marked["enough"]) == [True, False, False]
    assert marked.loc["a", "estimate"] == 0.5
    pooled = accuracy.breakdown(sample, "kind", minimum=5, small="pool")
    assert list(pooled["n"]) == [12, 2]
    assert pooled["estimate"].iloc[1] == 0.5


def test_no_positives_no_negatives_nothing_decided():
    assert accuracy.false_alarm_share(verified("ffff"))["estimate"] == 1
    none = accuracy.false_alarm_share(verified("tttt"))
    assert none["estimate"] == 0
    assert none["upper"] == pytest.approx(1 - 0.07**0.25)  # 0 of 4: one side can err, up to 7 %
    assert accuracy.share_of_false(verified("tttt", cause=list("wxyz")), "cause").empty
    with pytest.raises(SchemaError):
        accuracy.false_alarm_share(verified("uu"))


def test_causes_sum_to_one():
    causes = accuracy.share_of_false(
        verified("ffffft", cause=["雪", "雪", "收割", None, "雪", "雪"]), "cause"
    )
    assert causes["estimate"].sum() == pytest.approx(1)
    assert causes["false"].to_dict() == {"雪": 3, "收割": 1, "未填写": 1}


def test_one_patch_gives_a_share_and_no_interval():
    one = pd.DataFrame({"reference": ["false"], "stratum": ["s"]})
    with pytest.warns(accuracy.AccuracyWarning, match="s"):
        share = accuracy.false_alarm_share(one, {"s": 9})
    assert share["estimate"] == 1
    assert np.isnan(share["lower"])
    table = accuracy.shown({"accuracy.row_count": share})
    assert table.iloc[0, 2] == "–"
    assert "nan" not in accuracy.headline(share, None, {}, simulated=False)["en"]
