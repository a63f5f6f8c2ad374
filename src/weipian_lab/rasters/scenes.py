"""A scene in separate band files: a folder as the maker delivers it, or a list of files.

Of a folder one file a band is taken, the one with the smallest pixels.
Pictures, aerosol, water vapour and the makers' masks are no bands.
A cloud mask that lies among the files is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from weipian_lab.errors import InputError
from weipian_lab.rasters.band_names import ATMOSPHERIC, TILE, Named, day_in, landsat, named
from weipian_lab.rasters.bands import canonical, select
from weipian_lab.rasters.datasets import open_dataset
from weipian_lab.rasters.products import Product, above, recognise

__all__ = ["ImagePath", "Scene", "groups", "holds_bands", "read_files", "scene_of"]

ImagePath = str | Path | Sequence[str | Path]
"""An image: a file, a folder of band files, or a list of them."""

_RESOLUTIONS = ("R10m", "R20m", "R60m")
_ORDER = ("coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir_narrow",
          "water_vapour", "cirrus", "swir1", "swir2")  # fmt: skip
_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Scene:
    """Band files of one scene.

    Attributes
    ----------
    name
        For captions: what the file names have in common, else the folder.
    files, bands
        One file a band, and the band each states ("" where its name states none).
    mask
        Scene classification or quality band found with them, None if there is none.
    day
        Day of sensing in the names, ``YYYY-MM-DD``, "" if there is none.
    product
        What is known of the stored values.
    left_out
        Names of bands of the folder that see the air only.
    """

    name: str
    files: tuple[str, ...]
    bands: tuple[str, ...]
    mask: str | None
    day: str
    product: Product
    left_out: tuple[str, ...] = ()


def scene_of(path: ImagePath, bands: Sequence[str | int] | None = None) -> Scene | None:
    """Return the band files that a folder or a list holds; None for one file, which is an image by itself.

    Parameters
    ----------
    path
        File, folder, or list of files.
    bands
        Bands asked for: those that see the air are taken from a folder only then.

    Raises
    ------
    InputError
        If a folder holds no band file, or band files of several scenes; if a band is there twice; if a list
        is empty or holds files of several days.
    """
    if isinstance(path, (str, Path)):
        return _from_folder(Path(path), bands) if Path(path).is_dir() else None
    files = [str(one) for one in path]
    if not files:
        raise InputError("rasters.no_files")
    return _from_list(files) if len(files) > 1 else scene_of(files[0], bands)


def read_files(path: ImagePath, bands: Sequence[str | int] | None = None) -> list[Path]:
    """Return each file that an image is read from but for a mask: bands, and the product's papers."""
    scene = scene_of(path, bands)
    if scene is None:
        return [Path(path if isinstance(path, (str, Path)) else path[0])]
    known = bands is not None and all(scene.bands)
    at = select(scene.bands, bands, scene.name) if known else range(len(scene.files))
    files = [Path(scene.files[i]) for i in at]
    return files if scene.product.papers is None else [*files, scene.product.papers]


def groups(folder: Path) -> dict[str, list[Path]]:
    """Return the band files that lie side by side in a folder, by scene; a file alone is no scene."""
    found: dict[str, list[Named]] = {}
    for one in _named(sorted(folder.iterdir())):
        if one.scene and one.band:
            found.setdefault(one.scene, []).append(one)
    return {
        scene: [one.path for one in files]
        for scene, files in sorted(found.items())
        if len({canonical(one.band) for one in files}) > 1
    }


def holds_bands(folder: Path) -> bool:
    """Whether a folder holds band files, of one scene or of several."""
    return any(one.band for place in _places(folder) for one in _named(place.iterdir()))


def _named(paths: Iterable[Path]) -> list[Named]:
    return [found for path in paths if path.is_file() and (found := named(path)) is not None]


def _from_folder(folder: Path, wanted: Sequence[str | int] | None) -> Scene | None:
    places = _places(folder)
    found = _named(path for place in places for path in sorted(place.iterdir()))
    files = [one for one in found if one.band]
    if not files:
        if _is_image(folder):
            return None
        raise _no_bands(folder)
    scenes = sorted({one.scene for one in files})
    if len(scenes) > 1:
        listed = ", ".join(scene or "–" for scene in scenes[:_MOST_NAMED])
        more = "…" if len(scenes) > _MOST_NAMED else ""
        raise InputError("rasters.mixed_scenes", path=folder, count=len(scenes), scenes=listed + more)
    chosen = [_finest(same, folder) for same in _by_band(files)]
    left_out = [] if wanted is not None else [one for one in chosen if canonical(one.band) in ATMOSPHERIC]
    if len(left_out) < len(chosen):
        chosen = [one for one in chosen if one not in left_out]
    masks = [one for one in found if not one.band and one.scene == scenes[0]]
    return _scene(chosen, scenes[0] or folder.resolve().name, masks, [one.band for one in left_out])


def _places(folder: Path) -> list[Path]:
    """Return where band files lie: the folder, its R10m … folders, or the image data of a product in it."""
    for start in (folder, *sorted(folder.glob("*.SAFE"))):
        inside = sorted(start.glob("GRANULE/*/IMG_DATA")) or sorted(start.glob("IMG_DATA")) or [start]
        places = [place for one in inside for place in (one, *(one / name for name in _RESOLUTIONS))]
        places = [place for place in places if place.is_dir()]
        if any(one.band for place in places for one in _named(place.iterdir())):
            return places
    return [folder]


def _by_band(files: Iterable[Named]) -> list[list[Named]]:
    found: dict[str, list[Named]] = {}
    for one in files:
        found.setdefault(canonical(one.band), []).append(one)
    return [found[name] for name in sorted(found, key=lambda n: (_ORDER.index(n) if n in _ORDER else 99, n))]


def _finest(same: list[Named], folder: Path) -> Named:
    if len(same) == 1:
        return same[0]
    sizes = [(one.metres if all(s.metres for s in same) else None) or _pixel(one.path) for one in same]
    best = [one for one, size in zip(same, sizes, strict=True) if size == min(sizes)]
    if len(best) > 1:
        names = ", ".join(one.path.name for one in best)
        raise InputError("rasters.doubled_band", path=folder, band=best[0].band, files=names)
    return best[0]


def _pixel(path: Path) -> float:
    with open_dataset(path) as dataset:
        return float(abs(dataset.transform.determinant) ** 0.5)


def _is_image(folder: Path) -> bool:
    """Whether GDAL takes the folder itself for an image (an ArcInfo grid, a Zarr store)."""
    try:
        with open_dataset(folder) as dataset:
            return bool(dataset.count)
    except InputError:
        return False


def _no_bands(folder: Path) -> InputError:
    rasters = sorted(
        path.name for path in folder.iterdir() if path.suffix.lower() in (".tif", ".tiff", ".jp2")
    )
    shown = ", ".join(rasters[:_MOST_NAMED]) + ("…" if len(rasters) > _MOST_NAMED else "")
    return InputError("rasters.no_band_files", path=folder, count=len(rasters), found=shown or "–")


def _from_list(files: list[str]) -> Scene:
    said = [named(Path(file)) for file in files]
    bands = [one for one in said if one is not None and one.band]
    masks = [one for one in said if one is not None and not one.band]
    kept = [file for file, one in zip(files, said, strict=True) if one is None or one.band]
    for same in _by_band(bands):
        if len(same) > 1:
            names = ", ".join(one.path.name for one in same)
            raise InputError("rasters.doubled_band", path=same[0].path.parent, band=same[0].band, files=names)
    _require_one(bands)
    days = sorted({day for one in bands if (day := day_in(one.scene))})
    if not bands or len(bands) < len(kept):  # names that do not say it; the files' own descriptions may
        name = Path(files[0]).name
        return Scene(
            name, tuple(kept), ("",) * len(kept), _mask(masks), days[0] if days else "", Product({}, "")
        )
    masks = masks or _beside(bands[0])
    return _scene(bands, bands[0].scene or bands[0].path.resolve().parent.name, masks, [])


def _require_one(bands: list[Named]) -> None:
    """Refuse a list of several products or days; names of other kinds may differ, for the user chose them."""
    scenes = sorted({one.scene for one in bands})
    days = {day for scene in scenes if (day := day_in(scene))}
    products = {scene for scene in scenes if landsat(scene) or TILE.search(scene)}
    if len(days) > 1 or len(products) > 1:
        listed = ", ".join(scenes[:_MOST_NAMED]) + ("…" if len(scenes) > _MOST_NAMED else "")
        raise InputError("rasters.mixed_list", count=len(scenes), scenes=listed)


def _beside(first: Named) -> list[Named]:
    """Return the masks of the same scene in the folder of a band file, and in the R… folders next to it."""
    folder = first.path.parent
    places = [folder, *(folder.parent / name for name in _RESOLUTIONS if folder.name in _RESOLUTIONS)]
    found = _named(path for place in places if place.is_dir() for path in sorted(place.iterdir()))
    return [one for one in found if not one.band and one.scene == first.scene]


def _mask(masks: list[Named]) -> str | None:
    best = sorted(masks, key=lambda one: (one.metres or 0, one.path.name))
    return str(best[0].path) if best else None


def _scene(chosen: list[Named], name: str, masks: list[Named], left_out: list[str]) -> Scene:
    first = chosen[0]
    day = day_in(first.scene) or next((d for folder in above(first.path) if (d := _sensed(folder))), "")
    return Scene(
        name,
        tuple(str(one.path) for one in chosen),
        tuple(one.band for one in chosen),
        _mask(masks),
        day,
        recognise(chosen, day),
        tuple(left_out),
    )


def _sensed(folder: Path) -> str:
    """Return the day of sensing in the name of a product's folder; another folder's day may mean anything."""
    return day_in(folder.name) if folder.name.startswith(("S2", "LC0", "LE0", "LT0", "LO0")) else ""
