"""What every notebook's parameters share: common names, checks with a helpful sentence, a table to show.

A notebook's model derives from :class:`Common` and lists its fields with :func:`param`::

    class Screening(Common):
        notebook = "01_screening"
        ring = {"tuned": "05_threshold_tuning/tuned.yaml"}

        out_dir: str = param("../reports/01_screening", "run.p_out_dir")
        before: InputPath = param("", "screening.p_before", bundled="images/S2SIM_20230412.tif")
        minimum_mu: float = param(0.2, "screening.p_minimum_mu", unit="亩", ge=0, le=100)

Texts stand in the catalogue, so that the table follows the language.
Values are strict: text is not taken for a number, and NaN or infinity for nothing at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from weipian_lab import text
from weipian_lab.errors import InputError, OutputError, ParameterError
from weipian_lab.run.bundle import bundled, shown_path
from weipian_lab.run.frontend import live
from weipian_lab.run.parameters.explain import explain
from weipian_lab.run.tables import Table
from weipian_lab.run.unfinished import place

__all__ = ["Common", "Day", "ImageInput", "InputPath", "param"]


class _Input:
    """Marks a field whose value names a file or folder that the notebook reads."""


InputPath = Annotated[str, _Input()]
"""A file or folder that is read and hashed; "" is the bundled one (or none, where there is none)."""


def _file_or_files(value: Any, info: ValidationInfo) -> Any:
    files = value if isinstance(value, list) and value else [value]
    if not all(isinstance(file, str) for file in files) or (isinstance(value, list) and "" in files):
        raise ParameterError(
            "run.parameter_invalid",
            name=info.field_name,
            value=repr(value),
            expected=text.t("run.expect_image"),
        )
    return value


ImageInput = Annotated[str | list[str], _Input(), BeforeValidator(_file_or_files)]
"""An image: a file, a folder of band files, or a list of them; otherwise as :data:`InputPath`."""

Day = Annotated[date, Field(strict=False)]
"""A calendar day, written ``"YYYY-MM-DD"`` in a notebook."""

Shown = Annotated[bool, BeforeValidator(lambda value: live() if value == "auto" else value)]
"""Whether to show widgets; "auto": where the notebook is open before a person."""


def param(default: Any, key: str, *, unit: str = "", bundled: str = "", **limits: Any) -> Any:
    """Declare a parameter.

    Parameters
    ----------
    default
        The value in the notebook's parameters cell.
    key
        Key of its meaning in :mod:`weipian_lab.text`.
    unit
        Unit as shown; a catalogue key where it differs between the languages (it then holds a dot).
    bundled
        For an :data:`InputPath`: path within the bundled data that "" stands for.
    **limits
        ``ge``, ``gt``, ``le``, ``lt``, ``min_length`` … as for :func:`pydantic.Field`.
    """
    extra: dict[str, Any] = {"unit": unit, "bundled": bundled}
    return Field(default, description=key, json_schema_extra=extra, **limits)


class Common(BaseModel):
    """Parameters that every notebook has."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, validate_default=True)

    notebook: ClassVar[str] = ""
    """Name of the notebook, ``01_screening``."""
    ring: ClassVar[Mapping[str, str]] = {}
    """Parameters that the ring fills from the runs before: ``{"patches": "01_screening/patches.gpkg"}``."""

    out_dir: str = param("../reports", "run.p_out_dir", min_length=1)
    lang: Literal["zh", "en"] = param("zh", "run.p_lang")
    rulebook: str = param("ningxia-2024", "run.p_rulebook", min_length=1)
    seed: int = param(0, "run.p_seed", ge=0, le=2**32 - 1)
    interactive: Shown = param("auto", "run.p_interactive")

    @model_validator(mode="after")
    def _fill_bundled(self) -> Self:
        for name, info in type(self).model_fields.items():
            extra = info.json_schema_extra
            inside = extra.get("bundled") if isinstance(extra, dict) else None
            if inside and getattr(self, name) == "":
                setattr(self, name, str(bundled() / str(inside)))
        return self

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> Self:
        """Return the parameters, with the defaults for the names that `values` lacks.

        Raises
        ------
        ParameterError
            For an unknown name (names the nearest one), a wrong type, a value out of range.
        InputError
            If a file that is to be read does not exist.
        """
        try:
            found = cls.model_validate(dict(values))
        except ValidationError as error:
            raise explain(error, cls, values) from None
        found._require_inputs()
        return found

    @classmethod
    def resolve(cls, namespace: Mapping[str, Any]) -> Self:
        """Collect the parameters from a notebook's namespace, check them, make `out_dir`, set the language.

        Raises
        ------
        ParameterError
            If the parameters cell lacks a name, or as :meth:`check`.
        OutputError
            If `out_dir` cannot be made.
        """
        if namespace.get("lang") in text.LANGS:
            cls._speak(namespace["lang"])
        missing = [name for name in cls.model_fields if name not in namespace]
        if missing:
            raise ParameterError("run.parameter_missing", names=", ".join(missing))
        found = cls.check({name: namespace[name] for name in cls.model_fields})
        try:
            found.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError("errors.cannot_write", path=found.out_dir, reason=error.strerror) from error
        return found

    @staticmethod
    def _speak(lang: text.Lang) -> None:
        # a kernel may run each cell in a context of its own; the environment reaches all of them
        text.use(lang)
        os.environ["WEIPIAN_LANG"] = lang

    @property
    def folder(self) -> Path:
        """`out_dir` as a path."""
        return Path(self.out_dir)

    @property
    def unfinished(self) -> Path:
        """Folder for what is finished of a long step; a run that was cut off goes on from there."""
        return place(self.folder)

    def inputs(self) -> Iterator[tuple[str, Path]]:
        """Yield (parameter, path) of each file or folder that is read; a rulebook given as a file is one."""
        for name in self.input_names():
            value = getattr(self, name)
            yield from ((name, Path(item)) for item in ([value] if isinstance(value, str) else value) if item)
        if Path(self.rulebook).suffix in {".yaml", ".yml"}:
            yield "rulebook", Path(self.rulebook)

    @classmethod
    def input_names(cls) -> list[str]:
        """Return the names of the parameters of type :data:`InputPath` (or lists of it)."""
        return [
            name
            for name, info in cls.model_fields.items()
            if any(isinstance(mark, _Input) for mark in (*info.metadata, *_marks(info.annotation)))
        ]

    def read_paths(self) -> Iterator[tuple[str, Path]]:
        """Yield (parameter, path) of each file or folder that is hashed for the manifest."""
        yield from self.inputs()

    def _require_inputs(self) -> None:
        for _, path in self.inputs():
            if not path.exists():
                raise InputError("errors.missing_file", path=shown_path(path))

    def table(self) -> Table:
        """Return the parameters as a table: name, value, unit, meaning, in the language in force."""
        rows = []
        for name, info in type(self).model_fields.items():
            extra = info.json_schema_extra
            unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
            value = self._shown(name)
            rows.append(
                [name, value, text.t(unit) if "." in unit else unit, text.t(info.description or "run.p_none")]
            )
        return Table([text.t(f"run.head_{name}") for name in ("name", "value", "unit", "meaning")], rows)

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        if name in self.input_names():
            items = [value] if isinstance(value, str) else value
            return ", ".join(shown_path(Path(item)) if item else "" for item in items)
        return str(value)


def _marks(annotation: Any) -> Iterator[Any]:
    """Yield the marks inside an annotation such as ``list[InputPath]``."""
    yield from getattr(annotation, "__metadata__", ())
    for part in get_args(annotation):
        yield from _marks(part)
