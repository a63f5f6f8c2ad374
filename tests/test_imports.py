"""Imports go one way, and only the edges touch files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "weipian_lab"
FILES = sorted(PACKAGE.rglob("*.py"))

LEVELS = [
    {"yamlio"},
    {"text"},
    {"errors"},
    {"outputs"},
    {"area", "grid"},
    {"rasters", "vectors", "rulebook"},
    {"change", "features"},
    {"patches", "classify", "overlay", "accuracy", "tuning", "cases", "simulate"},
    {"screening"},
    {"plots", "maps", "widgets"},
    {"fetch", "province"},
    {"run"},
    {"cli"},
]
LEVEL = {name: number for number, names in enumerate(LEVELS) for name in names}
ALONGSIDE = {
    # within a level, what may import what
    ("grid", "area"),
    ("vectors", "rasters"),
    ("tuning", "accuracy"),
    ("tuning", "patches"),
    ("cases", "overlay"),
    ("features", "change"),
    ("maps", "plots"),
    ("widgets", "plots"),
    ("widgets", "maps"),
    ("simulate", "overlay"),
}
MAY_SIMULATE = {"simulate", "plots", "run", "cli"}


def module(file: Path) -> str:
    """Name of the module or package directly under weipian_lab."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(file: Path) -> Iterator[str]:
    """Yield the modules of the package that a file imports, by their first name."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "weipian_lab":
            yield from (alias.name for alias in node.names if not alias.name.startswith("_"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("weipian_lab."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("weipian_lab."))
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(PACKAGE)) for file in FILES])
def test_imports_go_one_way(file: Path) -> None:
    own = module(file)
    if own == "__init__":
        assert list(imported(file)) == []
        return
    assert own in LEVEL, f"{own} has no place in the order of imports; see weipian_lab/__init__.py"
    for name in imported(file):
        if name != own:
            assert LEVEL[name] < LEVEL[own] or (own, name) in ALONGSIDE, f"{own} may not import {name}"


def test_only_the_edges_simulate() -> None:
    for file in FILES:
        if module(file) not in MAY_SIMULATE:
            assert "simulate" not in set(imported(file)), file


def calls(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


OPENERS = {
    "rasters": {"rasterio.open", "rio.open", "rioxarray.open_rasterio"},
    "vectors": {"gpd.read_file", "geopandas.read_file", "pyogrio.read_dataframe", "pyogrio.write_dataframe"},
}


@pytest.mark.parametrize("owner", list(OPENERS))
def test_only_one_module_opens_rasters_and_one_vectors(owner: str) -> None:
    for file in FILES:
        if module(file) != owner:
            found = set(calls(file))
            assert not found & OPENERS[owner], file
            assert not any(name.endswith(".to_file") for name in found), file


def test_nothing_reads_the_clock_or_calls_out_by_default() -> None:
    clock = {
        "datetime.now",
        "datetime.today",
        "date.today",
        "time.time",
        "datetime.datetime.now",
        "datetime.date.today",
    }
    for file in FILES:
        assert not set(calls(file)) & clock, file
        if module(file) != "fetch":
            names = {name for node in ast.walk(ast.parse(file.read_text("utf-8"))) for name in _modules(node)}
            assert not names & {"requests", "urllib.request", "httpx", "aiohttp", "pystac_client"}, file


def _modules(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    return {node.module or ""} if isinstance(node, ast.ImportFrom) else set()
