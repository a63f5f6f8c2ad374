"""Independent random streams: one for each named part of the county.

A part draws only from the stream of its own name, so that changing one part (more clouds, other batches)
leaves every other as it was.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from numpy.typing import NDArray

__all__ = ["Waves", "noise_at", "noise_waves", "smooth_noise", "stream"]

Array = NDArray[np.float64]


def stream(seed: int, *names: object) -> Generator:
    """Return the random generator of the part `names` of the county `seed`.

    Parameters
    ----------
    seed
        Seed of the county, ≥ 0.
    names
        Words and whole numbers that name the part, such as ``("scene", "20240718", "noise", 3, 4)``.

    Notes
    -----
    The names are hashed into the spawn key of a ``SeedSequence``; nothing depends on the order in which
    parts are made, on the number of cores or on Python's own hash.
    """
    key = tuple(int.from_bytes(hashlib.sha256(str(n).encode()).digest()[:4], "little") for n in names)
    return np.random.Generator(PCG64(SeedSequence(seed, spawn_key=key)))


Waves = list[tuple[float, float, float]]


def noise_waves(rng: Generator, wavelength: float, waves: int = 8) -> Waves:
    """Draw the plane waves (direction, length, phase) of a smooth noise.

    Parameters
    ----------
    wavelength
        Typical length of a wave, in the unit of the points the noise is wanted at.
    """
    angle = rng.uniform(0.0, 2.0 * np.pi, waves)
    length = wavelength * rng.uniform(0.7, 1.6, waves)
    phase = rng.uniform(0.0, 2.0 * np.pi, waves)
    return list(zip(angle, length, phase, strict=True))


def noise_at(waves: Waves, u: Array, v: Array) -> Array:
    """Smooth noise of about unit spread at the points (`u`, `v`): the sum of its plane waves."""
    total = np.zeros(np.broadcast(u, v).shape)
    for a, w, p in waves:
        total += np.sin((u * np.cos(a) + v * np.sin(a)) * (2.0 * np.pi / w) + p)
    return np.asarray(total * np.sqrt(2.0 / len(waves)))


def smooth_noise(rng: Generator, u: Array, v: Array, wavelength: float, waves: int = 8) -> Array:
    """Draw a smooth noise and return it at the points (`u`, `v`); see :func:`noise_waves`."""
    return noise_at(noise_waves(rng, wavelength, waves), u, v)
