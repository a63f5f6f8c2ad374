"""What every detector shares: image pairs and samples as float32 arrays, and the model they are scored with.

A pair is two arrays ``(band, row, col)``; a sample is two arrays ``(n, band)`` of the same ground.
Integers are cast to float32 before any arithmetic, for a difference of unsigned integers wraps around.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weipian_lab.errors import GridError, InputError, ParameterError

__all__ = ["ROLES", "Float", "Mask", "Model", "Samples", "as_cube", "band_roles", "prepare", "take_samples"]

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]

# role → names that sensors give the band
ROLES: Mapping[str, tuple[str, ...]] = {
    "blue": ("B02", "B2", "BLUE"),
    "green": ("B03", "B3", "GREEN"),
    "red": ("B04", "B4", "RED"),
    "nir": ("B08", "B8", "NIR", "NIR08", "B8A"),
    "swir1": ("B11", "SWIR1", "SWIR16"),
    "swir2": ("B12", "SWIR2", "SWIR22"),
}
# the usual stacks, by number of bands; used only where no names are given
_BY_COUNT: Mapping[int, tuple[str, ...]] = {
    4: ("B02", "B03", "B04", "B08"),
    6: ("B02", "B03", "B04", "B08", "B11", "B12"),
    10: ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12"),
    12: ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"),
    13: ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"),
}


def band_roles(n_bands: int, bands: Sequence[str] | None = None) -> dict[str, int]:
    """Return ``{role: index}`` of the bands blue, green, red, nir, swir1 and swir2 that a stack holds.

    Parameters
    ----------
    n_bands
        Number of bands of the stack.
    bands
        Band names (Sentinel-2 ``B02``… or ``blue``…, any case). Without names the usual stacks of
        4, 6, 10, 12 and 13 bands are taken as what they usually are; any other count has no roles.

    Raises
    ------
    ParameterError
        If there are not as many names as bands.
    """
    if bands is not None and len(bands) != n_bands:
        raise ParameterError("change.band_names", found=len(bands), expected=n_bands)
    names = [
        str(name).strip().upper() for name in (bands if bands is not None else _BY_COUNT.get(n_bands, ()))
    ]
    roles = {}
    for role, aliases in ROLES.items():
        hit = next((names.index(alias) for alias in aliases if alias in names), None)
        if hit is not None:
            roles[role] = hit
    return roles


def as_cube(array: ArrayLike, what: str) -> Float:
    """Return `array` as float32 ``(band, row, col)``; masked pixels become NaN, one plane becomes one band.

    Raises
    ------
    InputError
        If it has not two or three axes, is empty or does not hold real numbers.
    """
    mask = np.ma.getmaskarray(array) if isinstance(array, np.ma.MaskedArray) else None
    data = np.asarray(array)
    if data.dtype.kind not in "fiu":
        raise InputError("change.not_numbers", what=what, found=data.dtype)
    if data.ndim == 2:
        data = data[np.newaxis]
    if data.ndim != 3 or data.size == 0:
        raise InputError("change.not_a_cube", what=what, found=data.shape)
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite and so not valid
        cube = data.astype(np.float32, copy=False)
    if mask is not None:
        cube = np.where(mask.reshape(cube.shape), np.float32(np.nan), cube)
    return cube


def prepare(before: ArrayLike, after: ArrayLike, valid: ArrayLike | None = None) -> tuple[Float, Float, Mask]:
    """Return both images as float32 and the mask of pixels that are valid and finite in every band of both.

    In the images returned, pixels that are not valid hold 0, so that arithmetic on them is harmless.

    Raises
    ------
    GridError
        If the shapes of the images, or of the mask, differ.
    """
    first, second = as_cube(before, "before"), as_cube(after, "after")
    if first.shape != second.shape:
        raise GridError("change.shapes_differ", before=first.shape, after=second.shape)
    good = np.asarray(np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0))
    if valid is not None:
        given = np.asarray(valid)
        if given.shape != good.shape:
            raise GridError("change.mask_shape", found=given.shape, expected=good.shape)
        good = good & given.astype(bool)
    if not good.all():
        first, second = np.where(good, first, np.float32(0)), np.where(good, second, np.float32(0))
    return first, second, good


@dataclass(frozen=True)
class Samples:
    """Pixels (and, where the caller has them, whole tiles) that a model's statistics are taken from.

    Attributes
    ----------
    before, after
        float64 ``(n, band)``, finite.
    tiles
        ``(before, after, valid)`` as :func:`prepare` returns them; empty if only pixels were given.
    """

    before: NDArray[np.float64]
    after: NDArray[np.float64]
    tiles: tuple[tuple[Float, Float, Mask], ...] = field(default=(), repr=False)

    @property
    def identical(self) -> bool:
        """Whether both dates hold the same numbers, so that there is no change to model."""
        return bool(np.array_equal(self.before, self.after))


def _pixel_samples(before: ArrayLike, after: ArrayLike, valid: ArrayLike | None) -> Samples:
    first = np.asarray(before, dtype=np.float64)
    second = np.asarray(after, dtype=np.float64)
    if first.shape != second.shape:
        raise GridError("change.shapes_differ", before=first.shape, after=second.shape)
    good = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    if valid is not None:
        good &= np.asarray(valid, dtype=bool)
    return Samples(first[good], second[good])


def take_samples(
    before: ArrayLike | Sequence[ArrayLike],
    after: ArrayLike | Sequence[ArrayLike],
    valid: ArrayLike | Sequence[ArrayLike] | None = None,
    *,
    max_samples: int = 150_000,
    random_state: int = 0,
) -> Samples:
    """Return at most `max_samples` valid pixels, drawn without replacement.

    Parameters
    ----------
    before, after
        ``(n, band)`` pixels, one image ``(band, row, col)``, or a list of such tiles.
    valid
        Mask(s) to match.

    Raises
    ------
    InputError
        If not one pixel is valid.
    """
    if isinstance(before, np.ndarray) and before.ndim == 2:
        samples = _pixel_samples(before, after, valid)  # type: ignore[arg-type]
    else:
        alone = isinstance(before, np.ndarray)
        firsts: list[Any] = [before] if alone else list(cast(Sequence[Any], before))
        seconds: list[Any] = [after] if alone else list(cast(Sequence[Any], after))
        masks: list[Any] = [valid] if alone else list(cast(Sequence[Any], valid or [None] * len(firsts)))
        tiles = tuple(prepare(b, a, v) for b, a, v in zip(firsts, seconds, masks, strict=True))
        return _of_tiles(tiles, max_samples, random_state)
    chosen = _drawn(len(samples.before), max_samples, random_state)
    return samples if chosen is None else Samples(samples.before[chosen], samples.after[chosen])


def _of_tiles(tiles: tuple[tuple[Float, Float, Mask], ...], most: int, seed: int) -> Samples:
    """Return pixels drawn from all tiles together; only those drawn are copied."""
    places = [np.flatnonzero(valid) for _, _, valid in tiles]
    ends = np.cumsum([len(place) for place in places])
    chosen = _drawn(int(ends[-1]), most, seed)
    if chosen is not None:
        starts = ends - [len(place) for place in places]
        cuts = np.searchsorted(chosen, ends)
        mine = np.split(chosen, cuts[:-1])
        places = [place[own - start] for place, own, start in zip(places, mine, starts, strict=True)]
    stacks = [
        np.concatenate(
            [tile[i].reshape(len(tile[i]), -1)[:, p] for tile, p in zip(tiles, places, strict=True)], axis=1
        )
        for i in (0, 1)
    ]
    return Samples(stacks[0].T.astype(np.float64), stacks[1].T.astype(np.float64), tiles)


def _drawn(count: int, most: int, seed: int) -> NDArray[np.intp] | None:
    """Return the positions of the pixels drawn, rising; None for all.

    Raises
    ------
    InputError
        If there is none.
    """
    if count == 0:
        raise InputError("change.no_valid_pixel")
    if count <= most:
        return None
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


@dataclass(frozen=True, kw_only=True)
class Model(ABC):
    """A fitted detector: scores any block of the pair, the same as it would score the whole.

    Attributes
    ----------
    method
        Name of the detector.
    n_bands
        Bands that a block must have.
    halo_px
        Pixels that a block needs around what is kept of it, for the score there to be that of the whole.
    df
        Degrees of freedom where the squared score is chi-square for unchanged pixels, else None.
    details
        What the fit found, for reports (plain numbers, lists and texts).
    """

    method: str
    n_bands: int
    halo_px: int = 0
    df: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def score_block(self, before: ArrayLike, after: ArrayLike, valid: ArrayLike | None = None) -> Float:
        """Return the change score of a block, float32 ``(row, col)``, NaN where not valid.

        What is not finite is not valid.

        Raises
        ------
        InputError
            If the block has not the bands that the model was fitted on.
        """
        return self._checked(*prepare(before, after, valid))

    def score_read(self, before: Float, after: Float, valid: Mask) -> Float:
        """Return the score of a block as :mod:`weipian_lab.rasters` reads it: finite wherever it is valid.

        The same as :meth:`score_block`, without another look at every value.
        """
        if not valid.all():
            before, after = np.where(valid, before, np.float32(0)), np.where(valid, after, np.float32(0))
        return self._checked(before, after, valid)

    def _checked(self, before: Float, after: Float, valid: Mask) -> Float:
        if len(before) != self.n_bands:
            raise InputError("change.band_count", found=len(before), expected=self.n_bands)
        if not valid.any():
            return np.full(valid.shape, np.nan, dtype=np.float32)
        score = self._score(before, after, valid).astype(np.float32, copy=False)
        if not valid.all():
            score[~valid] = np.nan
        return score

    @abstractmethod
    def _score(self, before: Float, after: Float, valid: Mask) -> Float: ...
