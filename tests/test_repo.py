"""Rules of the repository: sizes, names, no silent failure, no address in the lock, files held in step."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from weipian_lab import yamlio

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
MOST_LINES = 300
MOST_BYTES = 500_000
LARGE = ("data/", "src/weipian_lab/plots/fonts/", "requirements.lock")
ADDRESS = re.compile(r"https?://|--index-url|--extra-index-url|--find-links|--trusted-host")


def tracked() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    done = subprocess.run(
        [git, "-c", f"safe.directory={ROOT}", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    return [ROOT / name for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("file", SOURCES, ids=[str(file.relative_to(ROOT / "src")) for file in SOURCES])
def test_modules_are_small_and_named_for_what_they_do(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= MOST_LINES
    assert file.stem not in {"utils", "util", "common", "helpers", "helper", "misc", "tools"}
    assert not (file.with_suffix("").is_dir()), "a module and a package of one name"


def test_no_failure_is_silent() -> None:
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{file.name}:{node.lineno}: bare except"
                assert not all(isinstance(step, ast.Pass) for step in node.body), (
                    f"{file.name}:{node.lineno}: except: pass"
                )


def test_no_eval_no_shell_no_unsafe_yaml() -> None:
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                assert name not in {"eval", "exec", "os.system", "pickle.load", "pickle.loads"}, (
                    f"{file.name}: {name}"
                )
                for keyword in node.keywords:
                    assert keyword.arg != "shell", f"{file.name}: shell"
                assert not name.startswith("yaml.") or file.name == "yamlio.py", f"{file.name}: {name}"


def test_no_large_file_no_key_no_machine_path() -> None:
    machine = re.compile(rb"/root/|/home/(?!jovyan)[a-z]+/|/work/(?:main|shared|notes)|C:\\\\Users")
    for file in tracked():
        name = file.relative_to(ROOT).as_posix()
        content = file.read_bytes()
        if not name.startswith(LARGE):
            assert len(content) <= MOST_BYTES, name
        if name != "tests/test_repo.py":
            assert b"PRIVATE KEY-----" not in content, name
        if name != "tests/test_repo.py" and not name.endswith((".tif", ".gpkg", ".otf")):
            assert not machine.search(content), name


def test_names_do_not_clash_where_case_is_ignored() -> None:
    names = [file.relative_to(ROOT).as_posix().casefold() for file in tracked()]
    assert len(names) == len(set(names))


def test_the_lock_is_hashed_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert not ADDRESS.search(lock)
    blocks = re.split(r"\n(?=\S)", lock.strip())
    assert len(blocks) > 100
    for block in blocks:
        assert re.match(r"[A-Za-z0-9._-]+(\[[^\]]+\])?==\S+", block), block[:80]
        assert "--hash=sha256:" in block, block[:80]


def test_the_lock_holds_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for names in project["optional-dependencies"].values() for name in names),
    ]
    lock = (ROOT / "requirements.lock").read_text("utf-8").lower().replace("_", "-")
    for line in wanted:
        name = re.split(r"[\[<>=!~;\s]", line, maxsplit=1)[0].lower()
        name = re.sub(r"[._]", "-", name)
        assert name == "weipian-lab" or re.search(rf"^{re.escape(name)}(\[|==)", lock, flags=re.MULTILINE), (
            name
        )


def test_no_makefile_or_script_names_an_index() -> None:
    for name in ("Makefile", ".ci/run", "tools/make_venv.sh", "binder/postBuild", "environment.yml"):
        assert not ADDRESS.search((ROOT / name).read_text("utf-8")), name


def test_version_and_licence_are_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = yamlio.loads((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    for name in ("CC-BY-4.0.txt", "OFL-1.1.txt"):
        assert (ROOT / "LICENSES" / name).is_file()
    font = ROOT / "src/weipian_lab/plots/fonts"
    assert (font / "OFL.txt").read_bytes() == (ROOT / "LICENSES/OFL-1.1.txt").read_bytes()


def test_bundled_data_match_their_hashes() -> None:
    folder = ROOT / "data"
    listed = dict(
        reversed(line.split(maxsplit=1))
        for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines()
        if line
    )
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    listed = {name.lstrip("*"): digest for name, digest in listed.items()}
    assert files - {"SHA256SUMS", "README.md"} == set(listed) - {"README.md"}
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
    assert sum((folder / name).stat().st_size for name in files) <= 15e6


def test_the_network_is_cut_here_and_in_child_processes() -> None:
    with pytest.raises(RuntimeError, match="no network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(RuntimeError, match="no network"):
        socket.getaddrinfo("example.org", 80)
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "NetworkCutError" in child.stderr
    assert os.environ["PROJ_NETWORK"] == "OFF"


def test_ruff_and_format_pass() -> None:
    for command, style in ((["check"], ["--output-format=concise"]), (["format", "--check"], [])):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--quiet", *style, "src", "tests", "notebooks", "tools"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_types_pass() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
