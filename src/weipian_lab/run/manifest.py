"""The manifest of a run: what went in, what came out, with hashes; and the check of a folder against it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weipian_lab.errors import InputError
from weipian_lab.outputs import sha256, write_json
from weipian_lab.run.bundle import bundled, shown_path
from weipian_lab.run.parameters.base import Common
from weipian_lab.run.record import packages, revision, rulebook_used
from weipian_lab.text import t

__all__ = [
    "MANIFEST",
    "Difference",
    "Verification",
    "outputs_of",
    "read_manifest",
    "verify",
    "write_manifest",
]

MANIFEST = "manifest.json"
_BUNDLED = "bundled:"


def write_manifest(
    results: Path, notebook: Path, parameters: Common, *, out_dir: Path, seconds: float, peak_mb: float
) -> Path:
    """Write ``manifest.json`` for the files in `results`.

    Parameters
    ----------
    results
        Folder that holds the results now.
    notebook
        The notebook as it stands in the checkout.
    parameters
        The parameters as checked.
    out_dir
        Folder that the results will be in; paths of inputs near it are kept relative to it.
    seconds, peak_mb
        Wall time, the kernel's peak resident size in MB; only these may differ between two runs.
    """
    return write_json(
        results / MANIFEST,
        {
            "format": 1,
            "notebook": notebook.stem,
            "notebook_sha256": sha256(notebook),
            "lang": parameters.lang,
            "parameters": _parameters(parameters, out_dir),
            "seed": parameters.seed,
            "rulebook": rulebook_used(parameters),
            "inputs": [
                {"parameter": name, "path": _portable(path, out_dir), "sha256": sha256(path)}
                for name, path in parameters.read_paths()
            ],
            "outputs": [
                {
                    "path": path.relative_to(results).as_posix(),
                    "bytes": path.stat().st_size,
                    "sha256": sha256(path),
                }
                for path in _files(results)
            ],
            "revision": revision(),
            "packages": packages(),
            "measured": {"seconds": seconds, "peak_mb": peak_mb},
        },
    )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)


def _portable(path: Path, out_dir: Path) -> str:
    """Return `path` so that it is found again from `out_dir`, without naming the machine if it can."""
    shown = shown_path(path)
    if shown.startswith(_BUNDLED):
        return shown
    if path.resolve().is_relative_to(out_dir.resolve().parent):
        return Path(os.path.relpath(path.resolve(), out_dir.resolve())).as_posix()
    return path.resolve().as_posix()


def _parameters(parameters: Common, out_dir: Path) -> dict[str, Any]:
    values = parameters.model_dump(mode="json")
    for name in {name for name, _ in parameters.inputs()}:
        given = values[name]
        items = [
            _portable(Path(item), out_dir) for item in ([given] if isinstance(given, str) else given) if item
        ]
        values[name] = items[0] if isinstance(given, str) else items
    return values


def read_manifest(folder: Path | str) -> dict[str, Any]:
    """Return the manifest of a run.

    Raises
    ------
    InputError
        If there is none, or the file is not one.
    """
    file = Path(folder) / MANIFEST
    if not file.is_file():
        raise InputError("run.no_manifest", folder=folder)
    try:
        content = json.loads(file.read_text("utf-8"))
        complete = {"notebook", "inputs", "outputs"} <= content.keys()
    except (ValueError, AttributeError) as error:
        raise InputError("run.bad_manifest", path=file) from error
    if not complete:
        raise InputError("run.bad_manifest", path=file)
    return dict(content)


def outputs_of(folder: Path) -> list[Path]:
    """Return the files that the run in `folder` wrote, none where there was no run; never one outside it."""
    if not (folder / MANIFEST).is_file():
        return []
    listed = [folder / str(item["path"]) for item in read_manifest(folder)["outputs"]]
    return [path for path in listed if path.resolve().is_relative_to(folder.resolve())]


@dataclass(frozen=True)
class Difference:
    """A file that is not as the manifest says."""

    run: str
    role: str
    path: str
    problem: str

    def __str__(self) -> str:
        return t(f"run.differs_{self.problem}", run=self.run, role=t(f"run.role_{self.role}"), path=self.path)


@dataclass(frozen=True)
class Verification:
    """What :func:`verify` found: the number of files it hashed, and the differences."""

    checked: int
    differences: tuple[Difference, ...]


def verify(folder: Path | str) -> Verification:
    """Hash the files of a run, or of all runs below a folder, against their manifests.

    Raises
    ------
    InputError
        If there is no manifest in `folder` or directly below it.
    """
    folder = Path(folder)
    runs = (
        [folder] if (folder / MANIFEST).is_file() else sorted(p.parent for p in folder.glob(f"*/{MANIFEST}"))
    )
    if not runs:
        raise InputError("run.no_manifest", folder=folder)
    checked, found = 0, []
    for run in runs:
        content = read_manifest(run)
        for role, entry, path in _listed(run, content):
            checked += 1
            problem = "missing" if not path.exists() else "changed" if sha256(path) != entry["sha256"] else ""
            if problem:
                found.append(Difference(str(content["notebook"]), role, str(entry["path"]), problem))
        names = {str(item["path"]) for item in content["outputs"]}
        extra = [path.relative_to(run).as_posix() for path in _files(run)]
        found += [Difference(str(content["notebook"]), "output", n, "extra") for n in extra if n not in names]
    return Verification(checked, tuple(found))


def _listed(run: Path, content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], Path]]:
    for entry in content["inputs"]:
        named = str(entry["path"])
        inside = named.removeprefix(_BUNDLED)
        yield "input", entry, bundled() / inside if named.startswith(_BUNDLED) else run / named
    for entry in content["outputs"]:
        yield "output", entry, run / str(entry["path"])
