"""The frozen raster grid: where each pixel lies.

Arrays are ``(band, row, col)`` or ``(row, col)``; a :class:`Grid` says where they lie on the ground.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from weipian_lab.errors import CRSError, GridError

__all__ = ["Block", "Grid"]


@dataclass(frozen=True, slots=True)
class Block:
    """A window of a grid: first row and column, height and width, in pixels."""

    row: int
    col: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Slices over (row, col) of the whole array."""
        return slice(self.row, self.row + self.height), slice(self.col, self.col + self.width)


@dataclass(frozen=True, slots=True)
class Grid:
    """A raster grid.

    Parameters
    ----------
    crs
        Coordinate system, as WKT, ``EPSG:n`` or anything pyproj takes; kept as given.
    transform
        Affine map from (col, row) to (x, y) of the pixel's upper left corner.
    shape
        (rows, columns).
    """

    crs: str
    transform: Affine
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        try:
            CRS.from_user_input(self.crs)
        except ProjError as error:
            raise CRSError("errors.not_a_crs", crs=self.crs) from error
        if len(self.shape) != 2 or min(self.shape) < 1:
            raise GridError("errors.bad_shape", what="grid", found=self.shape, expected="(rows, cols) ≥ 1")

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax) in the grid's CRS."""
        rows, cols = self.shape
        corners = [self.transform @ xy for xy in ((0, 0), (cols, 0), (0, rows), (cols, rows))]
        xs, ys = zip(*corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def is_geographic(self) -> bool:
        """Whether coordinates are degrees, so that a pixel is not square on the ground."""
        return bool(CRS.from_user_input(self.crs).is_geographic)

    def window(self, block: Block) -> Grid:
        """Return the grid of a block."""
        shift = Affine.translation(block.col, block.row)
        return Grid(self.crs, self.transform @ shift, (block.height, block.width))

    def blocks(self, size: int = 1024) -> Iterator[Block]:
        """Yield blocks of at most `size` × `size` pixels, row by row; together they cover the grid once."""
        rows, cols = self.shape
        for row in range(0, rows, size):
            for col in range(0, cols, size):
                yield Block(row, col, min(size, rows - row), min(size, cols - col))

    def difference(self, other: Grid, *, tolerance_px: float = 1e-3) -> str:
        """Say in what two grids differ, "" if they are the same within `tolerance_px` of a pixel."""
        if CRS.from_user_input(self.crs) != CRS.from_user_input(other.crs):
            return f"CRS {_name(self.crs)} ≠ {_name(other.crs)}"
        if self.shape != other.shape:
            return f"shape {self.shape} ≠ {other.shape}"
        rows, cols = self.shape
        to_px = ~self.transform @ other.transform
        for corner in ((0, 0), (cols, 0), (0, rows)):
            x, y = to_px @ corner
            if max(abs(x - corner[0]), abs(y - corner[1])) > tolerance_px:
                return f"origin or pixel size {tuple(self.transform)[:6]} ≠ {tuple(other.transform)[:6]}"
        return ""

    def require_same(self, other: Grid) -> None:
        """Raise :class:`~weipian_lab.errors.GridError` unless both are the same grid."""
        if detail := self.difference(other):
            raise GridError("errors.grids_differ", detail=detail)


def _name(crs: str) -> str:
    return CRS.from_user_input(crs).name
