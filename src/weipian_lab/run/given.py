"""Parameters as they are given: a YAML file and ``name=value`` words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from weipian_lab import yamlio
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.run.parameters import Common, model

__all__ = ["gather", "read_parameters"]


def read_parameters(file: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; dates stay text, as they are in a notebook.

    Raises
    ------
    InputError
        If the file is missing, not YAML, or not a mapping of names.
    """
    if not file.is_file():
        raise InputError("errors.missing_file", path=file)
    try:
        content = yamlio.loads(file.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise InputError("run.bad_yaml", path=file, line=1, reason="UTF-8") from error
    except yamlio.YamlError as error:
        raise InputError("run.bad_yaml", path=file, line=error.line, reason=error.problem) from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(name, str) for name in content):
        raise InputError("run.not_a_mapping", path=file)
    return content


def gather(notebook: str, file: Path | None, words: Iterable[str]) -> dict[str, Any]:
    """Return the parameters of a file with those of the words on top.

    A word's value is read as YAML (``0.3``, ``true``, ``[B08, B11]``), or as it stands where text is wanted;
    where a list is wanted the brackets may be left out (``B08,B11``).
    Where text or a list is wanted (an image), ``[a.jp2, b.jp2]`` is a list, ``a.jp2,b.jp2`` too if these are
    files, and all else text.

    Raises
    ------
    ParameterError
        If there is no such notebook, or a word is not ``name=value``.
    InputError
        If the file cannot be read.
    """
    wanted = model(notebook)
    found = read_parameters(file) if file else {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise ParameterError("run.parameter_form", word=word)
        found[name] = _read(value, wanted, name)
    return found


def _read(written: str, wanted: type[Common], name: str) -> Any:
    if _takes_text(wanted, name):
        return written
    if _takes_either(wanted, name) and not (written.startswith("[") and written.endswith("]")):
        files = [part.strip() for part in written.split(",")]
        return files if len(files) > 1 and all(Path(file).is_file() for file in files) else written
    is_list = get_origin(wanted.model_fields[name].annotation) is list
    return _value(f"[{written}]" if is_list and not written.startswith("[") else written)


def _value(written: str) -> Any:
    try:
        return yamlio.loads(written)
    except yamlio.YamlError:
        return written  # not YAML: text, which the model judges


def _takes_either(wanted: type[Common], name: str) -> bool:
    return {str, list[str]} == set(get_args(wanted.model_fields[name].annotation))


def _takes_text(wanted: type[Common], name: str) -> bool:
    info = wanted.model_fields.get(name)
    if info is None:
        return True
    kind = info.annotation
    if get_origin(kind) is Literal:
        return all(isinstance(choice, str) for choice in get_args(kind))
    return kind is str
