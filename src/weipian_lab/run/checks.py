"""The check that closes a section of a notebook."""

from __future__ import annotations

from typing import Any

from weipian_lab.text import t

__all__ = ["check"]


def check(holds: Any, key: str, **values: Any) -> None:
    """Print the sentence of `key` with a tick if it holds, else stop.

    Parameters
    ----------
    holds
        What should be true.
    key, **values
        The sentence that says what should hold, in :mod:`weipian_lab.text`.

    Raises
    ------
    AssertionError
        With the same sentence, if it does not hold.
    """
    sentence = t(key, **values)
    if not bool(holds):
        raise AssertionError(t("run.check_failed", sentence=sentence))
    print(f"✓ {sentence}")
