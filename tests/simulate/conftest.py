from dataclasses import replace
from datetime import date

import pytest

from weipian_lab import simulate
from weipian_lab.simulate.layers import Base, base_layers


@pytest.fixture(scope="session")
def tiny_size() -> simulate.Size:
    small = simulate.SIZES["small"]
    scenes = (
        simulate.Scene(date(2023, 7, 18)),
        simulate.Scene(date(2024, 7, 17), cloud=0.2, shift_px=(0.4, 0.0)),
    )
    return replace(small, name="tiny", width_m=5_000, height_m=5_000, scenes=scenes)


@pytest.fixture(scope="session")
def tiny(tiny_size: simulate.Size) -> simulate.County:
    return simulate.make_county(7, tiny_size)


@pytest.fixture(scope="session")
def right(tiny: simulate.County) -> Base:
    """Layers of the tiny county before errors are planted."""
    return base_layers(tiny.seed, tiny.land)
