"""Text encoding of shapefiles: the ``.cpg``, else strict UTF-8, else GB18030 (which holds GBK and GB2312).

A ``.cpg`` that the bytes contradict is not believed.
"""

from __future__ import annotations

import codecs
import struct
from dataclasses import dataclass
from pathlib import Path

from weipian_lab.errors import InputError, ParameterError

__all__ = ["Encoding", "detect", "known"]

_SAMPLE_BYTES = 64_000_000
_NAMES = {
    "65001": "UTF-8",
    "936": "GBK",
    "54936": "GB18030",
    "CP936": "GBK",
    "GB2312": "GBK",
    "UTF8": "UTF-8",
}


@dataclass(frozen=True)
class Encoding:
    """An encoding, where it was taken from, and whether the ``.cpg`` was wrong."""

    name: str
    source: str
    contradicted: str = ""


def known(name: str) -> str:
    """Return the usual spelling of an encoding's name.

    Raises
    ------
    ParameterError
        If Python knows no such encoding.
    """
    label = name.strip().upper().replace("_", "-")
    for prefix in ("ANSI ", "OEM ", "CODEPAGE "):
        label = label.removeprefix(prefix)
    label = _NAMES.get(label, label)
    try:
        codecs.lookup(label)
    except LookupError as error:
        raise ParameterError(
            "errors.bad_choice", name="encoding", value=name, choices="UTF-8, GBK, GB18030"
        ) from error
    return label


def detect(shp: Path) -> Encoding:
    """Return the encoding of a shapefile's texts.

    Raises
    ------
    InputError
        If the texts fit neither the ``.cpg``, UTF-8 nor GB18030.
    """
    texts = _texts(shp.with_suffix(".dbf") if shp.with_suffix(".dbf").exists() else shp.with_suffix(".DBF"))
    stated = _stated(shp)
    if stated and _fits(texts, stated):
        return Encoding(stated, "cpg")
    for name in ("UTF-8", "GB18030"):
        if _fits(texts, name):
            return Encoding(name, "detected", contradicted=stated)
    raise InputError("vectors.no_encoding", path=shp.name)


def _stated(shp: Path) -> str:
    for suffix in (".cpg", ".CPG"):
        if (file := shp.with_suffix(suffix)).is_file():
            try:
                return known(file.read_text("ascii", errors="ignore"))
            except ParameterError:
                return ""
    return ""


def _texts(dbf: Path) -> list[bytes]:
    """Return the distinct texts with bytes above ASCII: field names and values of character fields."""
    if not dbf.is_file():
        return []
    with dbf.open("rb") as stream:
        head = stream.read(32)
        if len(head) < 32:
            return []
        header, size = struct.unpack("<HH", head[8:12])
        fields = stream.read(max(header - 33, 0))
        stream.seek(header)
        body = stream.read(_SAMPLE_BYTES)
    if size < 1 or (body.isascii() and fields.isascii()):
        return []
    found = {fields[i : i + 11].split(b"\0")[0] for i in range(0, len(fields) - 31, 32)}
    offset = 1
    for i in range(0, len(fields) - 31, 32):
        width = fields[i + 16]
        if fields[i + 11 : i + 12] == b"C":
            found |= {body[j + offset : j + offset + width] for j in range(0, len(body) - size + 1, size)}
        offset += width
    return [text.rstrip(b" \0") for text in sorted(found) if not text.isascii()]


def _fits(texts: list[bytes], name: str) -> bool:
    """Whether all texts decode; a character cut in two at the end of a full field is let pass."""
    for text in texts:
        try:
            text.decode(name)
        except UnicodeDecodeError as error:
            cut = error.start > 0 and error.start >= len(text) - 3 and error.end == len(text)
            if not cut:
                return False
    return True
