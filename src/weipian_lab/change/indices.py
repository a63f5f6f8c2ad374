"""Differences of spectral indices; formulas by the Awesome Spectral Indices catalogue (spyndex)."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weipian_lab.change.pixels import Float, Mask, Model, Samples, band_roles
from weipian_lab.errors import ParameterError

__all__ = ["IndexModel", "brightness", "fit_index", "index_image", "ndvi", "require_index"]

# the catalogue's letters for bands
_LETTERS = {"blue": "B", "green": "G", "red": "R", "nir": "N", "swir1": "S1", "swir2": "S2"}
# names in common use that the catalogue lists under another
_ALIASES = {"BSI": "BI"}


def _catalogue_name(name: str) -> str:
    import spyndex  # loads a table of 280 formulas; only those who ask for an index pay for it

    wanted = _ALIASES.get(name.upper(), name)
    known = {key.upper(): key for key in spyndex.indices}
    if wanted.upper() not in known:
        near = difflib.get_close_matches(wanted.upper(), known, n=3)
        raise ParameterError(
            "change.unknown_index", name=name, near=", ".join(near) or "NDVI, NDBI, BSI, MNDWI"
        )
    return str(known[wanted.upper()])


def require_index(name: str) -> None:
    """Raise :class:`ParameterError` if the catalogue has no such index."""
    _catalogue_name(name)


def index_image(image: Float, name: str, bands: Sequence[str] | None = None) -> Float:
    """Return a spectral index of an image, float32 ``(row, col)``, NaN where the formula is not defined.

    Parameters
    ----------
    image
        float32 reflectance ``(band, row, col)``.
    name
        Any index of spyndex whose bands are among blue, green, red, nir, swir1, swir2; also ``BSI``
        (Rikimaru et al. 2002; ``BI`` there).
    bands
        Band names, see :func:`~weipian_lab.change.pixels.band_roles`.

    Raises
    ------
    ParameterError
        If there is no such index or the image lacks a band of it.
    """
    import spyndex

    key = _catalogue_name(name)
    roles = band_roles(len(image), bands)
    letters = {_LETTERS[role]: image[at] for role, at in roles.items()}
    wanted = spyndex.indices[key].bands
    constants = {c: spyndex.constants[c].default for c in wanted if c in spyndex.constants}
    missing = [letter for letter in wanted if letter not in letters and constants.get(letter) is None]
    if missing:
        raise ParameterError("change.index_bands", name=name, missing=", ".join(missing))
    needed = {letter: letters[letter] if letter in letters else constants[letter] for letter in wanted}
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        value = spyndex.computeIndex(key, params=needed)
    plane = np.asarray(value, dtype=np.float32)
    defined: Float = np.where(np.isfinite(plane), plane, np.float32(np.nan))
    return defined


def ndvi(cube: Float, bands: Sequence[str] | None) -> Float | None:
    """Return the NDVI of ``(band, …)`` reflectance, −1 to 1; None without a red and a near-infrared band."""
    roles = band_roles(len(cube), bands)
    if not {"red", "nir"} <= roles.keys():
        return None
    red, nir = cube[roles["red"]], cube[roles["nir"]]
    index: Float = (nir - red) / np.maximum(np.abs(nir) + np.abs(red), np.float32(1e-6))
    return index


def brightness(cube: Float, bands: Sequence[str] | None) -> Float:
    """Return the mean visible reflectance of ``(band, …)``; of all bands where none is known as visible."""
    roles = band_roles(len(cube), bands)
    visible = [roles[r] for r in ("blue", "green", "red") if r in roles] or list(range(len(cube)))
    mean: Float = cube[visible].mean(axis=0)
    return mean


@dataclass(frozen=True, kw_only=True)
class IndexModel(Model):
    """Score = index after − index before: its size, or one direction of it."""

    index: str
    bands: tuple[str, ...] | None
    direction: str

    def _score(self, before: Float, after: Float, valid: Mask) -> Float:
        change = index_image(after, self.index, self.bands) - index_image(before, self.index, self.bands)
        if self.direction == "both":
            size: Float = np.abs(change)
            return size
        return change if self.direction == "gain" else -change


def fit_index(
    samples: Samples, *, index: str = "NDVI", bands: Sequence[str] | None = None, direction: str = "both"
) -> IndexModel:
    """Return the detector of an index difference (Singh 1989, IJRS 10:989–1003).

    Parameters
    ----------
    index
        See :func:`index_image`.
    bands
        Band names of the pair.
    direction
        ``"both"`` scores |Δ|, ``"gain"`` Δ, ``"loss"`` −Δ.
    """
    if direction not in ("both", "gain", "loss"):
        raise ParameterError(
            "errors.bad_choice", name="direction", value=direction, choices="both, gain, loss"
        )
    names = None if bands is None else tuple(bands)
    n_bands = samples.before.shape[1]
    index_image(samples.before[:1].T[:, :, np.newaxis].astype(np.float32), index, names)  # fails early
    return IndexModel(method=f"index:{index}", n_bands=n_bands, index=index, bands=names, direction=direction)
