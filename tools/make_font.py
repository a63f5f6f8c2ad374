"""Make the figures' font: a subset of Noto Sans SC that covers GB2312 and the characters of our texts.

Needs Debian's package ``fonts-noto-cjk``; run with ``make font`` after texts with rare characters were added.
The result is renamed, so that it never meets an installed Noto of another version.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
TARGET = ROOT / "src/weipian_lab/plots/fonts/WeipianSansSC-Regular.otf"
FACE = "Noto Sans CJK SC"
FAMILY = "Weipian Sans SC"
EXTRA = (
    "²³×÷−°′″≥≤≠≈±·…—–‰√∞∑∫→←↑↓↔⇒▲△▼▽■□●○◆◇★☆✓✗①②③④⑤⑥⑦⑧⑨⑩⑪⑫〔〕【】《》「」、。，：；？！（）％～"
    "∩∪∈∅½¼¾⁻¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉"
)


def wanted() -> set[int]:
    """Return the code points: Latin, Greek, GB2312, symbols, all characters of texts and notebooks."""
    points = (
        set(range(0x20, 0x7F)) | set(range(0xA0, 0x180)) | set(range(0x391, 0x3CA)) | {ord(c) for c in EXTRA}
    )
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                points.add(ord(bytes([high, low]).decode("gb2312")))
            except UnicodeDecodeError:
                continue  # not every cell of the table is in use
    for pattern in ("src/**/*.yaml", "src/**/*.py", "notebooks/*.ipynb", "data/**/*.md"):
        for file in ROOT.glob(pattern):
            points |= {ord(character) for character in file.read_text("utf-8")}
    return points


def face() -> TTFont:
    """Return the Simplified Chinese face of Debian's collection."""
    for number in range(32):
        font = TTFont(SOURCE, fontNumber=number)
        if font["name"].getDebugName(1) == FACE:
            return font
    raise SystemExit(f"{SOURCE} holds no face {FACE}")


def main() -> None:
    """Write the subset."""
    font = face()
    options = subset.Options(layout_features=["kern", "ccmp"], hinting=False, desubroutinize=False)
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.notdef_outline = True
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=wanted())
    subsetter.subset(font)
    font["CFF "].cff.fontNames[0] = "WeipianSansSC-Regular"
    for record in list(font["name"].names):
        new = {1: FAMILY, 3: "WeipianSansSC-Regular", 4: f"{FAMILY} Regular", 6: "WeipianSansSC-Regular"}.get(
            record.nameID
        )
        if new:
            font["name"].setName(new, record.nameID, record.platformID, record.platEncID, record.langID)
    font.recalcTimestamp = False  # same bytes each time
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    font.save(TARGET)
    sys.stdout.write(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size / 1e6:.2f} MB\n")


if __name__ == "__main__":
    main()
