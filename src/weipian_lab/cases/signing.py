"""Signatures of answer files (HMAC-SHA256): a change by hand shows."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["derive", "genuine", "sign"]


def sign(record: Mapping[str, Any], secret: str) -> str:
    """Return the signature of a record, its own ``signature`` left out."""
    content = {name: value for name, value in record.items() if name != "signature"}
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hmac.new(secret.encode(), plain.encode(), hashlib.sha256).hexdigest()


def genuine(record: Mapping[str, Any], secret: str) -> bool:
    """Say whether a record carries the signature of its content."""
    return hmac.compare_digest(str(record.get("signature", "")), sign(record, secret))


def derive(secret: str, seat: str) -> str:
    """Return a seat's own secret, from which the class's cannot be told."""
    return hmac.new(secret.encode(), seat.encode(), hashlib.sha256).hexdigest()
