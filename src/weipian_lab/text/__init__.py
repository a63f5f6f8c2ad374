"""Every sentence a user reads, in Chinese and in English, from one place.

The catalogues are the YAML files beside this module, one a topic.
An entry is ``key: {zh: …, en: …}``; the full key is ``topic.key``.
Values are filled in with :meth:`str.format`; they are data and are never read as a template.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast, get_args

from weipian_lab import yamlio

__all__ = ["LANGS", "Lang", "catalogue", "current", "language", "t", "use"]

Lang = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = get_args(Lang)

_current: ContextVar[Lang] = ContextVar("weipian_lang")


def current() -> Lang:
    """Return the language in force: the one chosen, else ``WEIPIAN_LANG``, else Chinese."""
    chosen = _current.get(None) or os.environ.get("WEIPIAN_LANG", "zh")
    return chosen if chosen in LANGS else "zh"


def use(lang: Lang) -> None:
    """Choose the language for this context from now on."""
    _check(lang)
    _current.set(lang)


@contextmanager
def language(lang: Lang) -> Iterator[None]:
    """Choose the language for a block."""
    _check(lang)
    token = _current.set(lang)
    try:
        yield
    finally:
        _current.reset(token)


def _check(lang: str) -> None:
    if lang not in LANGS:
        raise ValueError(f"lang is {lang!r}; it must be one of {', '.join(LANGS)}")


@cache
def catalogue(topic: str) -> Mapping[str, Mapping[str, str]]:
    """Return the entries of one topic, ``{key: {"zh": …, "en": …}}``."""
    source = files(__package__).joinpath(f"{topic}.yaml")
    if not source.is_file():
        raise KeyError(f"no text catalogue {topic!r}")
    return cast(Mapping[str, Mapping[str, str]], yamlio.loads(source.read_text("utf-8")))


def t(key: str, /, lang: Lang | None = None, **values: Any) -> str:
    """Return the text of `key` (``topic.name``) in `lang`, with `values` filled in.

    Raises
    ------
    KeyError
        If the key is in no catalogue or a value that the text names is missing.
    """
    topic, _, name = key.partition(".")
    entry = catalogue(topic).get(name)
    if entry is None:
        raise KeyError(f"no text for {key!r}")
    return entry[lang or current()].format(**values)
