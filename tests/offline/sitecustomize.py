"""Cuts the network in every Python process of the test suite; only loopback stays.

The suite puts this folder on ``PYTHONPATH``, so that kernels and commands it starts are cut off too.
"""

import os
import socket

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class NetworkCutError(RuntimeError):
    """Something tried to leave the machine."""


def _guarded_connect(connect):
    def guarded(self, address, *rest):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOOPBACK:
            raise NetworkCutError(f"the test suite has no network, yet {address} was asked for")
        return connect(self, address, *rest)

    return guarded


def _guarded_resolve(resolve):
    known = {None, "", "0.0.0.0", "::", socket.gethostname(), *_LOOPBACK}

    def guarded(host, *rest, **more):
        name = host.decode() if isinstance(host, bytes) else host
        if name not in known:
            raise NetworkCutError(f"the test suite has no network, yet {name!r} was looked up")
        return resolve(host, *rest, **more)

    return guarded


if os.environ.get("WEIPIAN_OFFLINE") == "1":
    socket.socket.connect = _guarded_connect(socket.socket.connect)
    socket.socket.connect_ex = _guarded_connect(socket.socket.connect_ex)
    socket.getaddrinfo = _guarded_resolve(socket.getaddrinfo)
