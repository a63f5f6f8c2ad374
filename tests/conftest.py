"""What the whole suite shares: no network, no display, a known language, the real image pairs."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # the workers share few cores
# the worker and its kernels take no setting from the user's shell
for name in ("WEIPIAN_LANG", "WEIPIAN_DATA", "PROJ_LIB", "PROJ_DATA", "GDAL_DATA"):
    os.environ.pop(name, None)
os.environ["PROJ_NETWORK"] = "OFF"
os.environ["GDAL_HTTP_TIMEOUT"] = "1"

import pytest  # noqa: E402

from weipian_lab import text  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class NetworkCutError(RuntimeError):
    """A test tried to leave the machine."""


def _guard(connect: object) -> object:
    def guarded(self: socket.socket, address: object, *rest: object) -> object:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise NetworkCutError(f"the test suite has no network, yet {address} was asked for")
        return connect(self, address, *rest)

    return guarded


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Cut every connection but loopback (notebook kernels and the browser talk over it)."""
    patch = pytest.MonkeyPatch()
    for method in ("connect", "connect_ex"):
        patch.setattr(socket.socket, method, _guard(getattr(socket.socket, method)))
    resolve = socket.getaddrinfo

    def guarded(host: object, *rest: object, **more: object) -> object:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in (None, "", "0.0.0.0", "::", socket.gethostname(), *LOOPBACK):
            raise NetworkCutError(f"the test suite has no network, yet {name!r} was looked up")
        return resolve(host, *rest, **more)

    patch.setattr(socket, "getaddrinfo", guarded)
    yield
    patch.undo()


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
    from matplotlib import pyplot

    pyplot.close("all")


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
