"""What a table of evidence holds: which features, from which bands, in which unit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from weipian_lab.errors import SchemaError

__all__ = ["Schema"]

_KEY = "weipian_features"


@dataclass(frozen=True)
class Schema:
    """The schema of an evidence table; a filter refuses a table whose schema is not that it was trained on.

    Attributes
    ----------
    names
        Features in their order.
    roles
        Bands they were taken from.
    unit
        Unit of the spectral features.
    pixel_m
        Side of a pixel on the ground in metres, rounded to the metre.
    version
        Of the definitions.
    """

    names: tuple[str, ...]
    roles: tuple[str, ...]
    unit: str = "robust z-score of the scene"
    pixel_m: float = 10.0
    version: int = 1

    def attach(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` with this schema in its attributes."""
        table.attrs[_KEY] = self.as_dict()
        return table

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    @classmethod
    def of(cls, table: pd.DataFrame) -> Schema | None:
        """Return the schema of a table, None if it carries none."""
        found = table.attrs.get(_KEY)
        return None if found is None else cls.from_dict(found)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Schema:
        """Return the schema written by :meth:`as_dict`."""
        return cls(
            names=tuple(map(str, values["names"])),
            roles=tuple(map(str, values["roles"])),
            unit=str(values["unit"]),
            pixel_m=float(values["pixel_m"]),
            version=int(values["version"]),
        )

    def require(self, other: Schema) -> None:
        """Raise unless `other` is this schema.

        Raises
        ------
        SchemaError
            Naming the first difference: features, bands, unit, pixel size or version.
        """
        for name, expected in self.as_dict().items():
            found = other.as_dict()[name]
            if found == expected:
                continue
            if name == "names":
                lacking = sorted(set(expected) - set(found))
                beyond = sorted(set(found) - set(expected))
                found, expected = f"+{beyond}" if beyond else "…", f"{lacking}" if lacking else "…"
            raise SchemaError("features.other_schema", what=name, found=found, expected=expected)
