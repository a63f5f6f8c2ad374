"""What a product's papers say of its stored values: Sentinel-2's MTD_MSI….xml, Landsat's names and MTL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from weipian_lab.errors import InputError
from weipian_lab.rasters.band_names import TILE, Named, landsat
from weipian_lab.rasters.bands import canonical
from weipian_lab.rasters.scaling import BASELINE_OFFSET, BASELINE_WITH_OFFSET, Scaling

__all__ = ["Product", "above", "recognise"]

# order of band_id in MTD_MSI….xml (ESA, Sentinel-2 Products Specification Document)
_BAND_IDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
# every product sensed from this day on was made with baseline 04.00 or later, which carries the offset
_OFFSET_SINCE = "2022-01-25"
_SAFE = re.compile(r"^S2[A-D]_MSIL[12][AC]_\d{8}T\d{6}_N(\d{2})(\d{2})_")
_LEVEL_2 = re.compile(r"^L[COTEM]0[4-9]_L2S[PR]_\d{6}_\d{8}_\d{8}_02_")
_LEVEL_1 = re.compile(r"^L[COTEM]0[4-9]_L1\w\w_\d{6}_\d{8}_\d{8}_0[12]_")
_MOST_UP = 5  # IMG_DATA/R10m lies five folders below the product
_LARGEST_XML_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Product:
    """What is known of a scene's stored values.

    Attributes
    ----------
    factors
        By canonical band name: (scale, offset).
    origin
        As :class:`weipian_lab.rasters.scaling.Scaling`; "" if nothing is known.
    baseline
        Processing baseline, None where none is stated.
    papers
        The file it was read from, None if names alone say it.
    """

    factors: dict[str, tuple[float, float]]
    origin: str
    baseline: float | None = None
    papers: Path | None = None

    def scaling(self, names: Sequence[str]) -> Scaling | None:
        """Return scale and offset of some bands, None unless all are known."""
        keys = [canonical(name) for name in names]
        if not keys or not all(key in self.factors for key in keys):
            return None
        pairs = np.array([self.factors[key] for key in keys], np.float32)
        return Scaling(pairs[:, 0].copy(), pairs[:, 1].copy(), self.origin)


def recognise(files: Sequence[Named], day: str) -> Product:
    """Return what names, folders and papers of a scene say of its values.

    Parameters
    ----------
    files
        Band files of one scene.
    day
        Day of sensing, ``YYYY-MM-DD``, "" where not known.

    Raises
    ------
    InputError
        If the product's papers are damaged.
    """
    first = files[0]
    names = [canonical(file.band) for file in files]
    if landsat(first.path.stem) is not None:
        return _landsat(first, names)
    papers = _papers(first.path)
    if papers is not None:
        return _from_xml(papers)
    numbers = [found for folder in above(first.path) if (found := _SAFE.match(folder.name))]
    if numbers:
        baseline = float(f"{numbers[0][1]}.{numbers[0][2]}")
        return _uniform(
            names, BASELINE_OFFSET if baseline >= BASELINE_WITH_OFFSET else 0.0, "baseline", baseline
        )
    if TILE.search(first.scene) and day >= _OFFSET_SINCE:
        return _uniform(names, BASELINE_OFFSET, "assumed_date")
    return Product({}, "")


def _uniform(names: Sequence[str], offset: float, origin: str, baseline: float | None = None) -> Product:
    return Product(dict.fromkeys(names, (1e-4, offset)), origin, baseline)


def _landsat(file: Named, names: Sequence[str]) -> Product:
    """Return the factors of Collection 2.

    Level 2 has one pair for all (USGS, Landsat 8–9 Collection 2 Level 2 Science Product Guide, table 6-1),
    Level 1 states each band's in ``…_MTL.txt`` (reflectance at the sensor, the sun's height not divided out).
    """
    if _LEVEL_2.match(file.scene):
        return Product(dict.fromkeys(names, (2.75e-5, -0.2)), "product")
    papers = file.path.with_name(f"{file.scene}_MTL.txt")
    if not _LEVEL_1.match(file.scene) or not papers.is_file():
        return Product({}, "")
    text = papers.read_text("utf-8", errors="replace")
    numbers = landsat(file.path.stem) or {}
    factors = {}
    for number, name in numbers.items():
        pair = [
            re.search(rf"REFLECTANCE_{kind}_BAND_{number}\s*=\s*([-+.\dEe]+)", text)
            for kind in ("MULT", "ADD")
        ]
        if pair[0] and pair[1]:
            factors[name] = (float(pair[0][1]), float(pair[1][1]))
    return Product(factors, "product", None, papers)


def above(path: Path) -> list[Path]:
    """Return the folders that a file lies in, as far up as a product's own, the nearest first."""
    return list(path.resolve().parents)[:_MOST_UP]


def _papers(path: Path) -> Path | None:
    for folder in above(path):
        for file in sorted(folder.glob("MTD_MSIL*.xml")):
            return file
    return None


def _from_xml(papers: Path) -> Product:
    try:
        factors, baseline = _read_xml(papers)
    except (ElementTree.ParseError, ValueError, ZeroDivisionError) as error:
        raise InputError("rasters.bad_papers", path=papers) from error
    return Product(factors, "product", baseline, papers)


def _read_xml(papers: Path) -> tuple[dict[str, tuple[float, float]], float | None]:
    """Return the factors by band and the baseline; ValueError for what is no such file."""
    content = papers.read_bytes()
    if len(content) > _LARGEST_XML_BYTES or b"<!ENTITY" in content:  # no product has one, or is so large
        raise ValueError("not the papers of a product")
    found: dict[str, str] = {}
    offsets: dict[int, float] = {}
    for element in ElementTree.fromstring(content).iter():
        name = element.tag.rsplit("}", 1)[-1]
        if name in ("BOA_ADD_OFFSET", "RADIO_ADD_OFFSET"):
            offsets[int(element.get("band_id", "-1"))] = float(element.text or 0)
        elif element.text:
            found.setdefault(name, element.text.strip())
    scale = 1.0 / float(found.get("BOA_QUANTIFICATION_VALUE") or found.get("QUANTIFICATION_VALUE") or "")
    factors = {canonical(band): (scale, scale * offsets.get(i, 0.0)) for i, band in enumerate(_BAND_IDS)}
    number = re.fullmatch(r"\d{2}\.\d{2}", found.get("PROCESSING_BASELINE", ""))
    return factors, float(number[0]) if number else None
