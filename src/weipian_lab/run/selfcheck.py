"""Checks of the environment: what was found, whether it will do, and what to do where it will not."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from weipian_lab.errors import InputError, WeipianError
from weipian_lab.outputs import sha256
from weipian_lab.run.bundle import bundled
from weipian_lab.run.tables import Table
from weipian_lab.text import t

__all__ = [
    "Check",
    "check_data",
    "check_font",
    "check_memory",
    "check_output",
    "check_packages",
    "check_projections",
    "check_python",
    "check_rulebook",
    "check_widgets",
    "sample_button",
    "summary",
    "table",
]

OLDEST = (3, 11)
COMPILED = (
    "numpy",
    "scipy",
    "sklearn",
    "rasterio",
    "pyogrio",
    "shapely",
    "pyproj",
    "exactextract",
    "matplotlib",
)
WIDGETS = ("@jupyter-widgets/jupyterlab-manager", "jupyter-leaflet")
_ENVIRONMENT = ("PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "GDAL_DRIVER_PATH")


@dataclass(frozen=True)
class Check:
    """One check: its name (a catalogue key), whether it passed, what was found, what to do if it did not."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def table(checks: Iterable[Check]) -> Table:
    """Return the checks as a table: what, result, found, what to do."""
    rows = [
        [t(f"start.{c.name}"), t("start.ok" if c.ok else "start.not_ok"), c.found, "" if c.ok else c.remedy]
        for c in checks
    ]
    return Table([t(f"start.head_{name}") for name in ("what", "result", "found", "remedy")], rows)


def check_python() -> Check:
    """Check that Python is new enough."""
    found = f"Python {platform.python_version()} ({platform.system()} {platform.machine()})"
    oldest = ".".join(map(str, OLDEST))
    return Check("python", sys.version_info[:2] >= OLDEST, found, t("start.fix_python", oldest=oldest))


def check_packages(names: Iterable[str] = COMPILED) -> Check:
    """Check that the compiled packages load; a mix of pip and conda shows itself here."""
    broken, found = [], []
    for name in names:
        try:
            module = import_module(name)
        except ImportError as error:
            broken.append(f"{name}: {error}")
        else:
            found.append(f"{name} {getattr(module, '__version__', '')}".strip())
    return Check("packages", not broken, "; ".join(broken or found), t("start.fix_packages"))


def check_projections() -> Check:
    """Check that PROJ and GDAL find their data and agree on a point of CGCS2000."""
    from pyproj import Transformer
    from pyproj.exceptions import ProjError
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    foreign = ", ".join(f"{name}={os.environ[name]}" for name in _ENVIRONMENT if os.environ.get(name))
    remedy = t("start.fix_foreign", variables=foreign) if foreign else t("start.fix_projections")
    try:
        x, y = Transformer.from_crs(4490, 4523, always_xy=True).transform(106.23, 38.49)
        gdal_x, gdal_y = (values[0] for values in transform("EPSG:4490", "EPSG:4523", [106.23], [38.49]))
    except (ProjError, RasterioError, ValueError) as error:
        return Check("projections", False, str(error), remedy)
    apart = max(abs(x - gdal_x), abs(y - gdal_y))
    found = t("start.found_projections", x=f"{x:.2f}", y=f"{y:.2f}", apart=f"{apart:.4f}")
    return Check("projections", apart < 0.001, found, remedy)


def check_font() -> Check:
    """Check that the packaged font is there and holds the characters of every text of the package."""
    from importlib.resources import files

    from weipian_lab.plots import check_text

    texts = "".join(
        file.read_text("utf-8") for file in files("weipian_lab.text").iterdir() if file.name.endswith(".yaml")
    )
    missing = check_text(texts)
    found = missing or t("start.found_font")
    return Check("font", not missing, found, t("start.fix_font"))


def check_widgets(prefixes: Iterable[Path | str] | None = None) -> Check:
    """Check that JupyterLab has the extensions that draw widgets and maps.

    Parameters
    ----------
    prefixes
        Jupyter data folders to look in; those of this machine by default.
    """
    if prefixes is None:
        from jupyter_core.paths import jupyter_path

        prefixes = jupyter_path()
    folders = [Path(prefix) / "labextensions" for prefix in prefixes]
    absent = [name for name in WIDGETS if not any((folder / name).is_dir() for folder in folders)]
    try:
        found = ", ".join(f"{name} {version(name)}" for name in ("jupyterlab", "ipywidgets", "ipyleaflet"))
    except PackageNotFoundError as error:
        return Check("widgets", False, str(error), t("start.fix_widgets"))
    return Check("widgets", not absent, ", ".join(absent) or found, t("start.fix_widgets"))


def check_data(folder: Path | None = None) -> Check:
    """Check the bundled data against ``SHA256SUMS``.

    Parameters
    ----------
    folder
        Folder that holds ``SHA256SUMS``; ``data`` of the checkout by default.
    """
    try:
        folder = folder or bundled().parent
        sums = folder / "SHA256SUMS"
        if not sums.is_file():
            raise InputError("errors.missing_file", path=sums.name)
    except InputError as error:
        return Check("data", False, str(error), t("start.fix_data"))
    listed = [line.split(maxsplit=1) for line in sums.read_text("utf-8").splitlines() if line.strip()]
    wrong = [
        name.lstrip("*").strip()
        for digest, name in listed
        if not (file := folder / name.lstrip("*").strip()).is_file() or sha256(file) != digest
    ]
    found = ", ".join(wrong) if wrong else t("start.found_data", number=len(listed))
    return Check("data", bool(listed) and not wrong, found, t("start.fix_data"))


def check_rulebook(name: str) -> Check:
    """Check that the rulebook can be read."""
    from weipian_lab import rulebook

    try:
        book = rulebook.load(name)
    except WeipianError as error:
        return Check("rulebook", False, str(error), t("start.fix_rulebook"))
    return Check("rulebook", True, f"{book.id} {book.version}")


def check_memory(needed_gb: float) -> Check:
    """Check the free memory, in GB (10⁹ bytes)."""
    free_gb = psutil.virtual_memory().available / 1e9
    return Check("memory", free_gb >= needed_gb, f"{free_gb:.1f} GB", t("start.fix_memory", needed=needed_gb))


def check_output(folder: Path) -> Check:
    """Check that the output folder can be written."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
    except OSError as error:
        return Check("output", False, f"{folder.name}: {error.strerror}", t("start.fix_output"))
    return Check("output", True, t("start.found_output"))


def summary(checks: Iterable[Check]) -> dict[str, Any]:
    """Return ``start.json``: the checks, and a headline in both languages."""
    checks = list(checks)
    passed = sum(check.ok for check in checks)
    return {
        "notebook": "00_start_here",
        "headline": {
            code: t("start.headline", code, passed=passed, number=len(checks)) for code in ("zh", "en")
        },
        "simulated": False,
        "checks": [{"name": c.name, "ok": c.ok, "found": c.found} for c in checks],
    }


def sample_button() -> Any:
    """Return a button that answers when clicked, to see whether widgets work."""
    import ipywidgets

    button = ipywidgets.Button(description=t("start.widget_button"))
    answer = ipywidgets.Label()
    works = t("start.widget_works")  # the language of the cell, not of the callback
    button.on_click(lambda _: setattr(answer, "value", works))
    return ipywidgets.HBox([button, answer])
