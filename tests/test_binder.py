"""What Binder would do, as far as it can be checked without Docker and conda."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from weipian_lab import yamlio

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def dockerfile(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What repo2docker would build, from a copy of the files it looks at."""
    copy = tmp_path_factory.mktemp("repo")
    shutil.copytree(ROOT / "binder", copy / "binder")
    for name in ("environment.yml", "pyproject.toml", "requirements.lock", "Makefile"):
        shutil.copy(ROOT / name, copy)
    program = Path(sys.executable).with_name("jupyter-repo2docker")
    done = subprocess.run(
        [str(program), "--no-build", "--debug", "--user-id", "1000", "--user-name", "jovyan", str(copy)],
        capture_output=True,
        text=True,
        check=False,
        cwd=copy,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


def test_binder_takes_python_312_from_its_own_file(dockerfile: str) -> None:
    assert "python=3.12" in dockerfile
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "binder/environment.yml"' in dockerfile


def test_binder_brings_the_cjk_font(dockerfile: str) -> None:
    assert "fonts-noto-cjk" in dockerfile
    assert (ROOT / "binder/apt.txt").read_text("utf-8").split() == ["fonts-noto-cjk"]


def test_binder_installs_in_post_build_after_the_copy(dockerfile: str) -> None:
    assert dockerfile.index(" src/ ${REPO_DIR}/") < dockerfile.index("RUN ./binder/postBuild")
    # a local path in the conda step would be looked for in binder/
    assert "-e ." not in dockerfile.replace("postBuild", "")
    assert dockerfile.index("binder/environment.yml") < dockerfile.index(" src/ ${REPO_DIR}/")


def test_the_two_environment_files_are_one() -> None:
    assert (ROOT / "environment.yml").read_bytes() == (ROOT / "binder/environment.yml").read_bytes()
    environment = yamlio.loads((ROOT / "environment.yml").read_text("utf-8"))
    assert environment["dependencies"] == ["python=3.12", "pip"]
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_post_build_stops_at_the_first_failure() -> None:
    script = ROOT / "binder/postBuild"
    assert "set -eux" in script.read_text("utf-8").splitlines()
    assert script.stat().st_mode & stat.S_IXUSR
    assert "--require-hashes -r requirements.lock" in script.read_text("utf-8")


@pytest.mark.slow
def test_post_build_makes_a_working_environment(tmp_path: Path, online_environment: dict[str, str]) -> None:
    checkout = tmp_path / "checkout"
    ignored = shutil.ignore_patterns(".venv", ".git", "reports", "*_cache", "__pycache__")
    shutil.copytree(ROOT, checkout, ignore=ignored)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    environment = online_environment | {
        "PATH": f"{tmp_path / 'env/bin'}{os.pathsep}{online_environment['PATH']}",
        "VIRTUAL_ENV": str(tmp_path / "env"),
    }
    environment.pop("PYTHONPATH", None)
    subprocess.run([str(checkout / "binder/postBuild")], check=True, env=environment, cwd=checkout)
    subprocess.run([str(tmp_path / "env/bin/python"), "-m", "pip", "check"], check=True, env=environment)
    command = [str(tmp_path / "env/bin/weipian"), "run", "00_start_here", "--out", str(tmp_path / "out")]
    subprocess.run([*command, "-p", "memory_gb", "0.1"], check=True, env=environment, cwd=checkout)
