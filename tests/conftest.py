"""What the whole suite shares: no network, no display, a known language, the real image pairs."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib

ONLINE = dict(os.environ)
matplotlib.use("Agg")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # the workers share few cores
# the worker and its kernels take no setting from the user's shell
for name in ("WEIPIAN_LANG", "WEIPIAN_DATA", "PROJ_LIB", "PROJ_DATA", "GDAL_DATA"):
    os.environ.pop(name, None)
os.environ["PROJ_NETWORK"] = "OFF"
# GDAL's and other native clients meet a proxy that nobody serves
for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
    os.environ[name] = "http://127.0.0.1:9"
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost,::1"
OFFLINE = Path(__file__).parent / "offline"
os.environ["WEIPIAN_OFFLINE"] = "1"
os.environ["PYTHONPATH"] = str(OFFLINE)
_spec = importlib.util.spec_from_file_location("weipian_offline", OFFLINE / "sitecustomize.py")
_spec.loader.exec_module(importlib.util.module_from_spec(_spec))

import pytest  # noqa: E402
from hypothesis import settings  # noqa: E402

from weipian_lab import text  # noqa: E402

# A loaded machine must not fail a property; the same examples are drawn on every run.
settings.register_profile("weipian", deadline=None, derandomize=True)
settings.load_profile("weipian")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def online_environment() -> dict[str, str]:
    """Environment as it was before the network was cut, for the slow tests that install packages."""
    return ONLINE


@pytest.fixture(autouse=True)
def _chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test starts in Chinese, whatever the one before chose."""
    monkeypatch.setenv("WEIPIAN_LANG", "zh")
    with text.language("zh"):
        yield


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    """Leave no figure open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real image pairs, which lies beside the checkout where it is at hand."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real image pairs (../shared/data) are not on this machine")
    return folder
