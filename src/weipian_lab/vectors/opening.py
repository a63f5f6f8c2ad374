"""Opening vector files: which layer, which driver, archives and folders; errors in the user's words."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from weipian_lab.errors import InputError
from weipian_lab.vectors.curves import curved_gpkg

__all__ = ["Opened", "layer_names", "opened"]

_PARQUET = {".parquet", ".geoparquet"}
_PARTS = (".shx", ".dbf")
_SINGLE = {".shp", ".geojson", ".fgb", *_PARQUET}  # files of one layer


@dataclass(frozen=True)
class Opened:
    """A file ready to be read.

    Attributes
    ----------
    path
        The file that the reader takes (a shapefile unpacked from an archive lies in a temporary folder).
    shown
        Name for messages.
    layer
        Name of the layer.
    driver
        "ESRI Shapefile", "GPKG", "OpenFileGDB", "GeoJSON", "Parquet" …
    info
        What pyogrio says of the layer; empty for Parquet.
    """

    path: Path
    shown: str
    layer: str
    driver: str
    info: dict[str, Any]


@contextmanager
def opened(path: Path | str, layer: str | None) -> Iterator[Opened]:
    """Find the layer of a file, a FileGDB, a folder of files (a layer each) or an archive.

    Raises
    ------
    InputError
        If there is no such file or layer, or it is no vector data, or it is damaged.
    """
    path = Path(path)
    if not path.exists():
        raise InputError("errors.missing_file", path=path)
    if _is_folder(path):
        path, layer = _in_folder(path, layer), None
    if _is_zip(path):
        with _unpacked(path, layer) as shp:
            yield _look(shp, None, path.name)
    elif path.suffix.lower() in _PARQUET:
        yield Opened(path, path.name, path.stem, "Parquet", {})
    else:
        yield _look(path, layer, path.name)


def layer_names(path: Path | str) -> list[str]:
    """Return the names of the layers of a file or folder.

    Raises
    ------
    InputError
        If there is no such file, or it is no vector data.
    """
    path = Path(path)
    if not path.exists():
        raise InputError("errors.missing_file", path=path)
    if _is_folder(path):
        return [file.stem for file in _files(path)]
    if _is_zip(path):
        with _archive(path) as zipped:
            return [Path(_decoded(m)).stem for m in _shapes(zipped)]
    try:
        return _names(path)
    except (DataSourceError, OSError) as error:
        raise InputError("vectors.not_a_vector", path=path.name, reason=_reason(error, path)) from error


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder of files, a layer each, and not a FileGDB."""
    return path.is_dir() and path.suffix.lower() != ".gdb"


def _is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip" and not path.name.lower().endswith(".gdb.zip")


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in _SINGLE)


def _in_folder(folder: Path, layer: str | None) -> Path:
    files = {file.stem: file for file in _files(folder)}
    if layer is None and len(files) == 1:
        return next(iter(files.values()))
    if layer is None and files:
        raise InputError("vectors.which_layer", path=folder.name, layers=", ".join(files))
    if layer not in files:
        names = ", ".join(files) or "-"
        raise InputError("vectors.no_layer", path=folder.name, layer=layer or "*.shp", layers=names)
    return files[layer]


def _names(path: Path) -> list[str]:
    if not path.is_file():
        return list(_listed.__wrapped__(path, 0, 0))
    state = path.stat()
    return list(_listed(path, state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=32)
def _listed(path: Path, changed_ns: int, size: int) -> tuple[str, ...]:
    """Return the layers of a file as it is now; its layers are opened one after the other."""
    return tuple(str(name) for name in pyogrio.list_layers(path)[:, 0])


def _look(path: Path, layer: str | None, shown: str) -> Opened:
    if path.suffix.lower() == ".shp":
        missing = [s for s in _PARTS if not _beside(path, s)]
        if missing:
            raise InputError("vectors.missing_part", path=shown, missing=", ".join(missing))
    try:
        layers = _names(path)
        if layer is None and len(layers) > 1:
            raise InputError("vectors.which_layer", path=shown, layers=", ".join(layers))
        if not layers or (layer is not None and layer not in layers):
            raise InputError("vectors.no_layer", path=shown, layer=layer, layers=", ".join(layers) or "-")
        name = layer or layers[0]
        info = pyogrio.read_info(path, layer=name, encoding="ISO-8859-1" if _is_shp(path) else None)
    except (DataSourceError, DataLayerError, OSError) as error:
        key = (
            "vectors.damaged" if path.suffix.lower() in (".shp", ".gpkg", ".gdb") else "vectors.not_a_vector"
        )
        raise InputError(key, path=shown, reason=_reason(error, path)) from error
    if info["driver"] == "GPKG":
        info["curved"] = curved_gpkg(path, name)
    return Opened(path, shown, name, str(info["driver"]), info)


def _is_shp(path: Path) -> bool:
    return path.suffix.lower() == ".shp"


def _beside(path: Path, suffix: str) -> bool:
    return any(path.with_suffix(s).exists() for s in (suffix, suffix.upper()))


def _reason(error: Exception, path: Path) -> str:
    return str(error).replace(str(path), path.name).splitlines()[0].split(".;")[0][:120]


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as zipped:
            yield zipped
    except (zipfile.BadZipFile, EOFError) as error:
        raise InputError("vectors.damaged", path=path.name, reason=str(error)) from error


def _shapes(zipped: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [m for m in zipped.infolist() if not m.is_dir() and m.filename.lower().endswith(".shp")]


@contextmanager
def _unpacked(archive: Path, layer: str | None) -> Iterator[Path]:
    """Unpack one shapefile of an archive under plain names, whatever paths the archive holds."""
    folder = Path(tempfile.mkdtemp(prefix="weipian-"))
    try:
        with _archive(archive) as zipped:
            shapes = _shapes(zipped)
            if layer is not None:
                shapes = [m for m in shapes if Path(_decoded(m)).stem == layer]
            if len(shapes) != 1:
                found = ", ".join(_decoded(m) for m in shapes) or "-"
                raise InputError("vectors.zip_content", path=archive.name, count=len(shapes), names=found)
            stem = shapes[0].filename[:-4]
            for member in zipped.infolist():
                if member.filename.startswith(stem + "."):
                    suffix = Path(member.filename).suffix.lower()
                    with zipped.open(member) as source, (folder / f"layer{suffix}").open("wb") as target:
                        shutil.copyfileobj(source, target)
        yield folder / "layer.shp"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _decoded(member: zipfile.ZipInfo) -> str:
    """Return a member's name; older archives hold GBK bytes, which Python reads as code page 437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
