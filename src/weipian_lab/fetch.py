"""Get imagery when asked: search a STAC API or a static catalogue, filter, write images with provenance.

Nothing here is called by default, and no address is built in: the user gives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weipian_lab import outputs, rasters
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.grid import Grid
from weipian_lab.rasters import canonical

__all__ = ["FetchResult", "fetch"]

Box = tuple[float, float, float, float]
_MONTHS_APART = 2
_MASKS = {
    "scl": "SCL",
    "qa_pixel": "QA_PIXEL",
}  # asset key in lower case: ending of the file beside the image


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What was written.

    Attributes
    ----------
    images
        GeoTIFFs, oldest first.
    items
        Ids of the catalogue's items behind them.
    provenance
        JSON with address, filters, items, assets and hashes.

    A scene classification or quality band that an item offers is written beside its image
    (``<item>_SCL.tif``, ``<item>_QA_PIXEL.tif``), where the screening looks for it.
    """

    images: tuple[Path, ...]
    items: tuple[str, ...]
    provenance: Path


def fetch(
    catalogue: str,
    bbox: Box,
    dates: tuple[str, str],
    out_dir: str | Path,
    *,
    collection: str | None = None,
    max_cloud: float = 20.0,
    bands: Sequence[str] = ("B02", "B03", "B04", "B08", "B11", "B12"),
    series: bool = False,
    resolution_m: float = 10.0,
    months: Sequence[int] | None = None,
) -> FetchResult:
    """Search a catalogue and write a pair, or a series.

    Parameters
    ----------
    catalogue
        Address of a STAC API, or path of a static ``catalog.json`` (no server needed).
    bbox
        West, south, east, north in degrees.
    dates
        First and last day, ``YYYY-MM-DD``.
    out_dir
        Folder for the images and ``fetch.json``.
    collection
        Collection to look in; None for all.
    max_cloud
        Largest cloud cover in percent, by the item's ``eo:cloud_cover``; items that state none are kept.
    bands
        Assets to load, by key or by a usual name of the band.
    series
        Whether all items found are written. A pair is the two of one season (at most two months apart in the
        year) that lie furthest apart in time; the less cloudy wins among equals.
    resolution_m
        Pixel in metres.
    months
        Months of the year (1–12) that count; None for all.

    Raises
    ------
    ParameterError
        If box, dates or months make no sense.
    InputError
        If the catalogue cannot be read, or holds too few images.
    """
    _check(bbox, dates, months)
    found = _search(catalogue, bbox, dates, collection)
    kept = [
        item for item in found if _cloud(item) <= max_cloud and (not months or item.datetime.month in months)
    ]
    kept = sorted({item.id: item for item in kept}.values(), key=lambda item: (item.datetime, item.id))
    chosen = kept if series else _pair(kept)
    if len(chosen) < 2:
        raise InputError("fetch.too_few", found=len(found), kept=len(kept), cloud=max_cloud)
    folder = Path(out_dir)
    images = [_write(item, folder, bbox, bands, resolution_m) for item in chosen]
    provenance = outputs.write_json(
        folder / "fetch.json",
        {
            "catalogue": catalogue, "collection": collection, "bbox": bbox, "dates": dates,
            "max_cloud": max_cloud, "months": months, "bands": list(bands),
            "found": [item.id for item in found],
            "images": [_facts(item, path) for item, path in zip(chosen, images, strict=True)],
        },
    )  # fmt: skip
    return FetchResult(tuple(images), tuple(item.id for item in chosen), provenance)


def _check(bbox: Box, dates: tuple[str, str], months: Sequence[int] | None) -> None:
    west, south, east, north = bbox
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ParameterError("fetch.bad_box", bbox=bbox)
    try:
        first, last = (date.fromisoformat(day) for day in dates)
    except ValueError as error:
        raise ParameterError("fetch.bad_dates", dates=dates) from error
    if first > last:
        raise ParameterError("fetch.bad_dates", dates=dates)
    if months and not set(months) <= set(range(1, 13)):
        raise ParameterError("errors.bad_choice", name="months", value=list(months), choices="1–12")


def _search(catalogue: str, bbox: Box, dates: tuple[str, str], collection: str | None) -> list[Any]:
    """Return the items of an API or of a static catalogue that meet box and dates."""
    import pystac
    import pystac_client
    from pystac_client.exceptions import APIError
    from requests.exceptions import RequestException

    try:
        if Path(catalogue).is_file():
            static = pystac.Catalog.from_file(catalogue)
            return [
                item for item in static.get_items(recursive=True) if _meets(item, bbox, dates, collection)
            ]
        client = pystac_client.Client.open(catalogue)
        search = client.search(
            bbox=bbox, datetime=f"{dates[0]}T00:00:00Z/{dates[1]}T23:59:59Z",
            collections=[collection] if collection else None,
        )  # fmt: skip
        return [item for item in search.items() if _meets(item, bbox, dates, collection)]
    except (APIError, RequestException, OSError, ValueError, pystac.STACError) as error:
        raise InputError("fetch.no_catalogue", catalogue=catalogue, reason=str(error)[:200]) from error


def _meets(item: Any, bbox: Box, dates: tuple[str, str], collection: str | None) -> bool:
    if item.datetime is None or item.bbox is None or (collection and item.collection_id != collection):
        return False
    west, south, east, north = item.bbox[:2] + item.bbox[-2:] if len(item.bbox) == 4 else _flat(item.bbox)
    day = item.datetime.date().isoformat()
    return bool(
        dates[0] <= day <= dates[1]
        and west < bbox[2]
        and east > bbox[0]
        and south < bbox[3]
        and north > bbox[1]
    )


def _flat(box: Sequence[float]) -> list[float]:
    """Box of six numbers (with heights) as four."""
    return [box[0], box[1], box[3], box[4]]


def _cloud(item: Any) -> float:
    return float(item.properties.get("eo:cloud_cover") or 0.0)


def _pair(items: list[Any]) -> list[Any]:
    best: tuple[tuple[float, float], list[Any]] | None = None
    for i, first in enumerate(items):
        for second in items[i + 1 :]:
            gap = abs(first.datetime.month - second.datetime.month)
            if min(gap, 12 - gap) > _MONTHS_APART or first.datetime.date() == second.datetime.date():
                continue
            rank = ((second.datetime - first.datetime).days, -_cloud(first) - _cloud(second))
            if best is None or rank > best[0]:
                best = rank, [first, second]
    return best[1] if best else []


def _assets(item: Any, bands: Sequence[str]) -> list[str]:
    """Return the keys of the assets for the bands."""
    by_name = {canonical(key): key for key in item.assets}
    missing = [band for band in bands if band not in item.assets and canonical(band) not in by_name]
    if missing:
        raise InputError(
            "fetch.no_asset", item=item.id, missing=", ".join(missing), assets=", ".join(item.assets)
        )
    return [band if band in item.assets else by_name[canonical(band)] for band in bands]


def _write(item: Any, folder: Path, bbox: Box, bands: Sequence[str], resolution_m: float) -> Path:
    """Load the assets of one item onto a grid of its own zone and write a GeoTIFF of stored values."""
    import odc.stac

    keys = _assets(item, bands)
    masks = {key: _MASKS[key.lower()] for key in item.assets if key.lower() in _MASKS}
    loaded = odc.stac.load(
        [item], bands=keys, bbox=bbox, crs=_crs(item), resolution=resolution_m, chunks=None
    )
    box = loaded.odc.geobox
    data, nodata = _as_stored(np.stack([np.asarray(loaded[key].values[0]) for key in keys]))
    grid = Grid(f"EPSG:{box.crs.epsg}", box.transform, tuple(box.shape))
    baseline = item.properties.get("s2:processing_baseline") or item.properties.get("processing:version", "")
    tags = {"DATETIME": item.datetime.isoformat(), "STAC_ITEM": item.id, "PROCESSING_BASELINE": baseline}
    for key, ending in masks.items():
        coded = odc.stac.load([item], bands=[key], geobox=box, resampling="nearest", chunks=None)
        codes, nothing = _as_stored(np.asarray(coded[key].values[0]))
        rasters.write(folder / f"{item.id}_{ending}.tif", codes, grid, nodata=nothing, tags=tags)
    scale, offset = _stored_scale(item, keys[0])
    return rasters.write(
        folder / f"{item.id}.tif", data, grid, nodata=nodata, descriptions=list(bands), tags=tags,
        scale=scale, offset=offset,
    )  # fmt: skip


def _as_stored(data: NDArray[Any]) -> tuple[NDArray[Any], float]:
    """Return whole numbers as uint16 with nodata 0; items that state no type are loaded as floats."""
    if data.dtype.kind != "f":
        return data, 0
    known = np.isfinite(data)
    whole = bool(
        np.all(data[known] == np.rint(data[known])) and np.all((data[known] >= 0) & (data[known] < 65536))
    )
    if not whole:
        return data, float("nan")
    return np.where(known, data, 0).astype(np.uint16), 0


def _crs(item: Any) -> str:
    """Return the CRS the item states, else the UTM zone it lies in."""
    code = item.properties.get("proj:code") or item.properties.get("proj:epsg")
    return "utm" if not code else code if str(code).startswith("EPSG") else f"EPSG:{code}"


def _stored_scale(item: Any, key: str) -> tuple[float | None, float | None]:
    """Return scale and offset that the asset states (``raster:bands``), None if it states none."""
    stated = (item.assets[key].extra_fields.get("raster:bands") or [{}])[0]
    return stated.get("scale"), stated.get("offset")


def _facts(item: Any, path: Path) -> dict[str, Any]:
    return {
        "item": item.id,
        "collection": item.collection_id,
        "datetime": item.datetime.isoformat(),
        "cloud_cover": item.properties.get("eo:cloud_cover"),
        "file": path.name,
        "sha256": outputs.sha256(path),
        "masks": {
            mask.name: outputs.sha256(mask)
            for ending in _MASKS.values()
            if (mask := path.with_name(f"{path.stem}_{ending}.tif")).is_file()
        },
        "assets": {key: asset.href for key, asset in item.assets.items()},
    }
