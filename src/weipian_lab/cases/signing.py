"""Signed answer files: a chain of dated steps under a key of the seat (HMAC-SHA256).

A seat signs with no network, so that it must hold whatever it signs with: no scheme keeps a trainee from
doing the case once more through the software, or from programming against it. What shows is stated in
:mod:`weipian_lab.cases.kit`.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from weipian_lab.errors import InputError

__all__ = ["Step", "broken_at", "derive", "genuine", "link", "now", "seal", "sign", "unseal"]

Step = Mapping[str, Any]
"""One line of a log: ``at`` (UTC, ISO 8601) and ``link`` (hex)."""

BLOCK = hashlib.sha256().digest_size


def sign(record: Mapping[str, Any], secret: str) -> str:
    """Return the signature of a record, its own ``signature`` left out."""
    return _mac(secret, _plain({name: value for name, value in record.items() if name != "signature"}))


def genuine(record: Mapping[str, Any], secret: str) -> bool:
    """Say whether a record carries the signature of its content."""
    return hmac.compare_digest(str(record.get("signature", "")).encode(), sign(record, secret).encode())


def derive(secret: str, purpose: str) -> str:
    """Return a key for one purpose, from which the secret cannot be told (hex, 256 bit)."""
    return _mac(secret, purpose)


def now() -> str:
    """Return the clock's time in UTC to the second."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def link(previous: str, at: str, answer: Mapping[str, Any], secret: str) -> str:
    """Return the link that ties an answer and its time to all that came before.

    Parameters
    ----------
    previous
        Link of the step before; the case's id for the first.
    at
        Time of the step.
    answer
        Plain data of the answer.
    """
    return _mac(secret, _plain([previous, at, answer]))


def broken_at(first: str, answers: Sequence[Mapping[str, Any]], log: Sequence[Step], secret: str) -> int:
    """Return the number of the first step whose link does not fit, 0 where the chain holds.

    Parameters
    ----------
    first
        What the chain begins with, the case's id.
    answers, log
        Answers and lines of the log in their order; one without the other breaks the chain.
    """
    previous = first
    for number in range(max(len(answers), len(log))):
        if number >= len(answers) or number >= len(log) or not isinstance(log[number], Mapping):
            return number + 1
        wanted = link(previous, str(log[number].get("at", "")), answers[number], secret)
        if not hmac.compare_digest(str(log[number].get("link", "")).encode(), wanted.encode()):
            return number + 1
        previous = wanted
    return 0


def seal(content: Mapping[str, Any], secret: str) -> str:
    """Close data so that nobody reads them by the way (encrypt, then authenticate; base64).

    Whoever holds the key and the program can open them: this hides, it does not protect.
    """
    plain = _plain(content).encode()
    closed = _mixed(plain, derive(secret, "stream"))
    return base64.b64encode(closed + _raw(derive(secret, "seal"), closed)).decode()


def unseal(text: str, secret: str) -> dict[str, Any]:
    """Open what :func:`seal` closed.

    Raises
    ------
    InputError
        If the data were changed or belong to another key.
    """
    try:
        whole = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InputError("kit.seal_broken") from error
    closed, mac = whole[:-BLOCK], whole[-BLOCK:]
    if not hmac.compare_digest(mac, _raw(derive(secret, "seal"), closed)):
        raise InputError("kit.seal_broken")
    return dict(json.loads(_mixed(closed, derive(secret, "stream"))))


def _mixed(content: bytes, key: str) -> bytes:
    """Add the key stream HMAC(key, counter); each key closes one text only."""
    blocks = range(-(-len(content) // BLOCK))
    stream = b"".join(_raw(key, number.to_bytes(8, "big")) for number in blocks)[: len(content)]
    return (int.from_bytes(content, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(content), "big")


def _plain(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def _raw(secret: str, content: bytes) -> bytes:
    return hmac.new(secret.encode(), content, hashlib.sha256).digest()


def _mac(secret: str, content: str) -> str:
    return _raw(secret, content.encode()).hex()
