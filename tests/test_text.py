"""Two languages from one place."""

import pytest

from weipian_lab import text
from weipian_lab.errors import InputError, ProcedureError


def test_language_of_a_block_and_of_the_environment(monkeypatch):
    monkeypatch.setenv("WEIPIAN_LANG", "en")
    with text.language("zh"):
        assert text.t("errors.missing_file", path="x").startswith("找不到")
        assert text.t("errors.missing_file", lang="en", path="x").startswith("No such file")


@pytest.mark.parametrize("call", [lambda: text.use("fr"), lambda: text.language("fr").__enter__()])
def test_other_languages_are_refused(call):
    with pytest.raises(ValueError, match="fr"):
        call()


@pytest.mark.parametrize("key", ["errors.none", "none.none", "errors"])
def test_unknown_keys_are_refused(key):
    with pytest.raises(KeyError):
        text.t(key)


def test_values_are_data_not_templates():
    assert "{path.__class__}" in str(InputError("errors.missing_file", path="{path.__class__}"))


def test_procedure_error_names_rule_and_article():
    error = ProcedureError("errors.bad_choice", rule_id="R1", article="42", name="a", value=1, choices="b")
    assert (error.rule_id, error.article, error.exit_code) == ("R1", "42", 2)
