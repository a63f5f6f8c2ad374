from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib import font_manager
from matplotlib import pyplot as plt

from weipian_lab import plots, text
from weipian_lab.plots.base import FAMILY, _metres_per_unit, _round_length
from weipian_lab.plots.start import sample_text

ROOT = Path(__file__).resolve().parents[2]
CATALOGUES = sorted((ROOT / "src/weipian_lab/text").glob("*.yaml"))


@pytest.fixture(autouse=True)
def _set_up() -> None:
    with mpl.rc_context():
        plots.setup()
        yield


def test_a_figure_in_chinese_raises_no_missing_glyph_warning(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = plots.axes()
        ax.plot([-1, 1], [-1e-3, 1e-3])  # with minus signs
        ax.set_title("疑似违法用地图斑 − × ÷ ≥ ≤ → Δσμκ² ³ ° ①〔2024〕")
        ax.set_xlabel("面积（亩）")
        file = plots.save(ax, tmp_path / "figure.png")
    assert file.stat().st_size > 5000


def test_the_check_would_see_a_missing_glyph() -> None:
    ax = plots.axes()
    ax.set_title("\U0001f600")
    with pytest.warns(UserWarning, match="missing from font"):
        ax.figure.canvas.draw()
    assert plots.check_text("亩a\U0001f600 \n") == "\U0001f600"


def test_the_packaged_font_is_the_one_used() -> None:
    found = font_manager.findfont(font_manager.FontProperties(family=["sans-serif"]))
    assert found.endswith("WeipianSansSC-Regular.otf")
    assert font_manager.get_font(found).family_name == FAMILY


def test_the_font_holds_gb2312() -> None:
    hanzi = "".join(
        bytes([high, low]).decode("gb2312", errors="ignore")
        for high in range(0xB0, 0xF8)
        for low in range(0xA1, 0xFF)
    )
    assert len(hanzi) == 6763  # GB/T 2312-1980: 3755 + 3008
    assert plots.check_text(hanzi) == ""


@pytest.mark.parametrize("file", CATALOGUES, ids=[file.stem for file in CATALOGUES])
def test_the_font_holds_every_text(file: Path) -> None:
    assert plots.check_text(file.read_text("utf-8")) == ""


def test_the_font_is_small() -> None:
    font = ROOT / "src/weipian_lab/plots/fonts/WeipianSansSC-Regular.otf"
    assert font.stat().st_size < 2e6


@pytest.mark.parametrize("colours", [plots.PALETTE, plots.GROUP_COLOURS, plots.VERDICT_COLOURS])
def test_no_colour_stands_for_two_things(colours: dict[str, str]) -> None:
    assert len(set(colours.values())) == len(colours)


def test_axes_are_taken_or_made() -> None:
    given = plt.figure().add_subplot()
    assert plots.axes(given) is given
    assert plots.axes() is not given


@pytest.mark.parametrize(("limit", "length"), [(2500, 2000), (999, 500), (1000, 1000), (10, 10), (0.7, 0.5)])
def test_a_scale_bar_has_a_round_length(limit: float, length: float) -> None:
    assert _round_length(limit) == pytest.approx(length)


@pytest.mark.parametrize(
    ("crs", "latitude", "metres"),
    [
        (32648, 0, 1.0),
        (4523, 38, 1.0),
        ("EPSG:2263", 40, 1200 / 3937),  # the US survey foot is 1200/3937 m
        (4490, 0, 111319.49),  # 2π · 6378137 / 360
        (4490, 60, 111319.49 / 2),
    ],
)
def test_the_ground_length_of_a_unit(crs: int | str, latitude: float, metres: float) -> None:
    from pyproj import CRS

    assert _metres_per_unit(CRS.from_user_input(crs), latitude) == pytest.approx(metres, rel=1e-6)


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    ax = plots.axes()
    ax.set_xlim(500_000, 510_000)
    ax.set_ylim(4_200_000, 4_206_000)
    plots.scale_bar(ax, 32648)
    (bar,) = ax.patches
    assert bar.get_width() == pytest.approx(2000)
    assert ax.texts[0].get_text() == "2 km"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_furniture_speaks_the_language_and_says_simulated(lang: text.Lang) -> None:
    with text.language(lang):
        ax = plots.axes()
        plots.north_arrow(ax)
        plots.source_note(ax, 32648, "$x$ data", simulated=True)
        ax.figure.canvas.draw()
    assert ax.texts[0].get_text() == {"zh": "北", "en": "N"}[lang]
    note = ax.get_xlabel()
    assert {"zh": "模拟", "en": "SIMULATED"}[lang] in note
    assert "EPSG:32648" in note
    plots.source_note(other := plots.axes(), 32648, "x", simulated=False)
    assert "模拟" not in other.get_xlabel()


def test_a_saved_figure_is_the_same_each_time_and_as_wide_as_asked(tmp_path: Path) -> None:
    first, second = (plots.save(sample_text(), tmp_path / name, width_px=600) for name in ("a.png", "b.png"))
    assert first.read_bytes() == second.read_bytes()
    assert int.from_bytes(first.read_bytes()[16:20], "big") == 600


def test_nothing_shows_figures() -> None:
    for file in (ROOT / "src/weipian_lab").rglob("*.py"):
        assert "plt.show(" not in file.read_text("utf-8"), file
