"""How the verified patches were drawn: stated, read off the table, or unknown and said so."""

import numpy as np
import pandas as pd
import pytest

from weipian_lab import accuracy
from weipian_lab.errors import ParameterError, SchemaError
from weipian_lab.text import t

BATCH = pd.DataFrame({"patch_id": [f"T{k}" for k in range(10)], "land": list("aaaaaabbbb")})


def verified(**columns):
    table = pd.DataFrame({"patch_id": ["T0", "T1", "T6", "T7"], "verdict": ["OTHER", "PSEUDO_CHANGE"] * 2})
    return table.assign(**columns)


def share(found):
    frame = found.frame.assign(reference=accuracy.as_reference(found.frame["verdict"]))
    return accuracy.false_alarm_share(frame, found.sizes, finite_population=True)


def test_unknown_design_is_said():
    found = accuracy.sampled_from(BATCH, verified())
    assert (found.design, found.known, found.sizes) == ("simple_random", False, {"all": 10})
    assert t("accuracy.design_unknown", n=4, batch=10) == found.statement
    stated = accuracy.sampled_from(BATCH, verified(), design="simple_random")
    assert stated.known
    assert share(stated)["estimate"] == share(found)["estimate"] == 0.5


def test_strata_from_the_field_list_or_from_the_patches():
    listed = accuracy.sampled_from(BATCH, verified(stratum=list("xxyy"), stratum_size=["6", "6", "4", "4"]))
    assert (listed.design, listed.known, listed.sizes) == ("stratified", True, {"x": 6, "y": 4})
    of_patches = accuracy.sampled_from(BATCH, verified(), strata="land")
    assert of_patches.sizes == {"a": 6, "b": 4}
    assert share(of_patches)["se"] == pytest.approx(share(listed)["se"])


def test_weights_are_strata_of_equal_weight():
    by_weight = accuracy.sampled_from(BATCH, verified(weight=[3, 3, 2, 2]))
    by_chance = accuracy.sampled_from(BATCH, verified(inclusion_probability=[1 / 3, 1 / 3, 0.5, 0.5]))
    assert by_weight.sizes == {"2": 4, "3": 6}
    assert by_chance.sizes == pytest.approx(by_weight.sizes)
    assert share(by_weight)["estimate"] == pytest.approx(0.5)


def test_census_has_no_sampling_error():
    everyone = pd.DataFrame(
        {"patch_id": BATCH["patch_id"], "verdict": ["OTHER"] * 7 + ["NO_CLASS_CHANGE"] * 3}
    )
    found = accuracy.sampled_from(BATCH, everyone)
    assert found.design == "census"
    result = share(found)
    assert (result["lower"], result["upper"]) == pytest.approx((0.3, 0.3))


@pytest.mark.parametrize(
    ("columns", "options", "error"),
    [
        ({}, {"design": "quota"}, ParameterError),
        ({}, {"design": "census"}, ParameterError),
        ({}, {"design": "stratified"}, SchemaError),
        ({}, {"design": "weighted"}, SchemaError),
        ({"stratum": list("xxyy")}, {}, SchemaError),  # sizes nowhere
        ({"stratum": ["x", "x", "y", None], "stratum_size": 5}, {}, SchemaError),
        ({"stratum": list("xxyy"), "stratum_size": [6, 5, 4, 4]}, {}, SchemaError),
        ({"stratum": list("xxyy"), "stratum_size": [1, 1, 4, 4]}, {}, SchemaError),
        ({"stratum": list("xxyy"), "stratum_size": [np.nan, np.nan, 4, 4]}, {}, SchemaError),
        ({"weight": [3, 3, 2, 0.5]}, {}, SchemaError),
        ({"weight": [3, 2, 4, 5]}, {}, SchemaError),
    ],
)
def test_a_design_that_cannot_be_is_refused(columns, options, error):
    with pytest.raises(error):
        accuracy.sampled_from(BATCH, verified(**columns), **options)
