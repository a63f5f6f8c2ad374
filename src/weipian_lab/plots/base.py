"""What all figures share: the Chinese font, colours for colour-blind readers, the furniture of a map.

Colours are those of Okabe and Ito (2008), *Color Universal Design*.
"""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from pyproj import CRS

from weipian_lab.errors import InputError
from weipian_lab.outputs import atomic
from weipian_lab.text import t

__all__ = [
    "FAMILY",
    "GROUP_COLOURS",
    "PALETTE",
    "VERDICT_COLOURS",
    "axes",
    "check_text",
    "north_arrow",
    "save",
    "scale_bar",
    "setup",
    "source_note",
    "source_text",
]

FAMILY = "Weipian Sans SC"
"""Family name of the packaged subset of Noto Sans SC."""

PALETTE: dict[str, str] = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "vermilion": "#D55E00",
    "sky": "#56B4E9",
    "purple": "#CC79A7",
    "yellow": "#F0E442",
    "black": "#000000",
    "grey": "#999999",
}

GROUP_COLOURS: dict[str, str] = {
    "pbf": PALETTE["green"],  # 永久基本农田
    "cultivated": PALETTE["yellow"],  # 耕地
    "other_agricultural": PALETTE["orange"],  # 其他农用地
    "construction": PALETTE["vermilion"],  # 建设用地
    "unused": PALETTE["grey"],  # 未利用地
    "redline": PALETTE["purple"],  # 生态保护红线
    "water": PALETTE["sky"],
    "uncovered": "#DDDDDD",
}
"""One colour for each land group, the same in every figure."""

VERDICT_COLOURS: dict[str, str] = {
    "LEGAL": PALETTE["blue"],
    "ILLEGAL_NONAG": PALETTE["vermilion"],
    "FACILITY_AG": PALETTE["green"],
    "RURAL_ROAD": PALETTE["sky"],
    "TEMP_LAND": PALETTE["purple"],
    "PSEUDO_CHANGE": PALETTE["yellow"],
    "NO_CLASS_CHANGE": PALETTE["orange"],
    "OTHER": PALETTE["grey"],
    "UNDETERMINED": PALETTE["black"],
}
"""One colour for each verdict of a verification."""


@cache
def _register() -> frozenset[int]:
    """Register the packaged font with matplotlib; return the code points it holds."""
    with as_file(files(__package__).joinpath("fonts", "WeipianSansSC-Regular.otf")) as path:
        font_manager.fontManager.addfont(str(path))
        return frozenset(font_manager.get_font(str(path)).get_charmap())


def setup() -> None:
    """Set matplotlib up for the project's figures: font, colours, sizes; call it once at the top.

    The packaged font comes first and holds Latin, Greek and Chinese; nothing depends on installed fonts.
    """
    _register()
    mpl.rcParams.update(
        {
            "font.family": "sans-serif",
            "font.sans-serif": [FAMILY, "DejaVu Sans"],
            "mathtext.fontset": "dejavusans",
            "axes.unicode_minus": True,
            "axes.prop_cycle": cycler(color=[c for name, c in PALETTE.items() if name != "black"]),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 11,
            "axes.labelsize": 9,
            "axes.formatter.limits": (-5, 8),  # metres of a grid are written out
            "axes.formatter.useoffset": False,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "legend.fontsize": 8,
            "figure.figsize": (7.0, 4.2),
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "image.interpolation": "nearest",
            "savefig.dpi": 110,
            "svg.hashsalt": "weipian-lab",
        }
    )


def check_text(characters: str) -> str:
    """Return those of `characters` that the packaged font lacks ("" when it holds them all)."""
    held = _register()
    return "".join(sorted({c for c in characters if ord(c) not in held and not c.isspace()}))


def axes(ax: Axes | None = None, **options: Any) -> Axes:
    """Return `ax`, or new axes on a figure of their own (`options` as for ``plt.subplots``)."""
    if ax is not None:
        return ax
    new: Axes = plt.subplots(**options)[1]
    return new


def save(ax: Axes | Figure, path: Path | str, *, width_px: int = 770) -> Path:
    """Write a figure as PNG without time stamps; the thumbnail of a run is ``thumbnail.png``.

    Parameters
    ----------
    width_px
        Width of the picture in pixels.
    """
    figure = ax if isinstance(ax, Figure) else ax.get_figure(root=True)
    if figure is None:
        raise InputError("plots.no_figure")
    with atomic(path) as temporary:
        figure.savefig(temporary, dpi=width_px / figure.get_figwidth(), metadata={"Software": None})
    return Path(path)


def scale_bar(ax: Axes, crs: Any, *, share: float = 0.25) -> Axes:
    """Draw a bar of a round ground length at the lower left of a map.

    Parameters
    ----------
    ax
        Axes whose data coordinates are those of `crs`.
    crs
        Anything :class:`pyproj.CRS` reads; degrees are converted at the map's middle latitude.
    share
        Largest part of the map's width that the bar may take (0–1).
    """
    left, right = ax.get_xlim()
    bottom, top = ax.get_ylim()
    metres_per_unit = _metres_per_unit(CRS.from_user_input(crs), (bottom + top) / 2)
    length_m = _round_length(abs(right - left) * metres_per_unit * share)
    width = length_m / metres_per_unit * math.copysign(1, right - left)
    x, y = left + (right - left) * 0.04, bottom + (top - bottom) * 0.04
    height = (top - bottom) * 0.012
    ax.add_patch(
        Rectangle((x, y), width, height, facecolor="black", edgecolor="white", linewidth=0.8, zorder=10)
    )
    label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    ax.text(
        x + width / 2, y + 2 * height, label, ha="center", va="bottom", fontsize=8, zorder=10, bbox=_halo()
    )
    return ax


def _metres_per_unit(crs: CRS, latitude: float) -> float:
    if crs.is_geographic:
        ellipsoid = crs.ellipsoid
        radius = ellipsoid.semi_major_metre if ellipsoid else 6378137.0
        return math.radians(1) * radius * math.cos(math.radians(latitude))
    return float(crs.axis_info[0].unit_conversion_factor)


def _round_length(limit: float) -> float:
    """Return the largest of 1, 2, 5 × 10ⁿ that does not exceed `limit`."""
    power = 10.0 ** math.floor(math.log10(limit))
    return float(max(step for step in (1, 2, 5) if step * power <= limit * (1 + 1e-9)) * power)


def _halo() -> dict[str, Any]:
    return {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.0}


def north_arrow(ax: Axes) -> Axes:
    """Draw an arrow to the north (up in the map's grid) at the upper right."""
    arrow = {"facecolor": "black", "edgecolor": "white", "width": 3, "headwidth": 9, "headlength": 9}
    ax.annotate(
        t("plots.north"),
        xy=(0.95, 0.97),
        xytext=(0.95, 0.84),
        xycoords="axes fraction",
        textcoords="axes fraction",
        ha="center",
        va="top",
        fontsize=9,
        arrowprops=arrow,
        bbox=_halo(),
        zorder=10,
    )
    return ax


def source_text(crs: Any, source: str, simulated: bool) -> str:
    """Return the line that names coordinate system and source, and says so where data are simulated.

    Parameters
    ----------
    source
        Where the data come from, as to be shown.
    simulated
        Whether any of the data shown are simulated; every such figure says so.
    """
    known = CRS.from_user_input(crs)
    code = known.to_epsg()
    note = t("plots.source", crs=f"EPSG:{code}" if code else known.name, source=source)
    return f"{t('plots.simulated')} {note}" if simulated else note


def source_note(ax: Axes, crs: Any, source: str, simulated: bool) -> Axes:
    """Write :func:`source_text` under a map."""
    above = f"{ax.get_xlabel()}\n" if ax.get_xlabel() else ""
    note = above + source_text(crs, source, simulated)
    ax.set_xlabel(note, loc="left", fontsize=7, color="#444444", parse_math=False)
    return ax
