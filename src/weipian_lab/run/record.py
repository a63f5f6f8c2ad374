"""What a result rests on: rulebook, inputs, versions, source revision, seed."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from weipian_lab import rulebook
from weipian_lab.outputs import sha256
from weipian_lab.run.bundle import shown_path
from weipian_lab.run.parameters.base import Common
from weipian_lab.run.tables import Table
from weipian_lab.text import t

__all__ = ["inputs", "packages", "provenance", "revision", "rulebook_used"]


def packages() -> dict[str, str]:
    """Return the versions of Python and of the packages that the project itself asks for."""
    found = {"python": platform.python_version(), "weipian-lab": version("weipian-lab")}
    for line in requires("weipian-lab") or []:
        name = re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0]
        if "extra ==" not in line:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = "-"  # shown as absent; the self-check says what to do
    return found


def revision(folder: Path | None = None) -> str | None:
    """Return the git revision of the source (``+``: changed since); None outside a checkout."""
    git = shutil.which("git")
    if git is None:
        return None
    where = folder or Path(__file__).resolve().parent
    try:
        head = _git(git, where, "rev-parse", "HEAD")
        changed = _git(
            git, where, "status", "--porcelain", "--untracked-files=no", "--", ":/src", ":/notebooks"
        )
    except subprocess.CalledProcessError:
        return None
    return head + ("+" if changed else "")


def _git(git: str, where: Path, *arguments: str) -> str:
    done = subprocess.run([git, *arguments], cwd=where, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def inputs(parameters: Common) -> list[dict[str, Any]]:
    """Return each input that the parameters name: parameter, path as shown, SHA-256."""
    return [
        {"parameter": name, "path": shown_path(path), "sha256": sha256(path)}
        for name, path in parameters.read_paths()
    ]


def rulebook_used(parameters: Common) -> dict[str, str]:
    """Return id, version and SHA-256 of the rulebook."""
    book = rulebook.load(parameters.rulebook)
    return {"id": book.id, "version": str(book.version), "sha256": book.sha256}


def provenance(parameters: Common) -> Table:
    """Return the table that closes a notebook: what the results above rest on.

    Parameters
    ----------
    parameters
        The notebook's resolved parameters.
    """
    book = rulebook_used(parameters)
    rows: list[list[Any]] = [
        [t("run.prov_rulebook"), f"{book['id']} {book['version']} (sha256 {book['sha256'][:12]}…)"],
        [t("run.prov_seed"), parameters.seed],
        [t("run.prov_revision"), revision() or t("run.prov_no_revision")],
        *(
            [t("run.prov_input", name=item["parameter"]), f"{item['path']} (sha256 {item['sha256'][:12]}…)"]
            for item in inputs(parameters)
        ),
        [t("run.prov_packages"), ", ".join(f"{name} {number}" for name, number in packages().items())],
    ]
    return Table([t("run.head_item"), t("run.head_value")], rows)
