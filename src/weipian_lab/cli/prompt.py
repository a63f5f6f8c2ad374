"""Kernel messages that leave the server at once: what a slider moves is then seen without a delay.

By default the operating system holds a small message back until the browser has acknowledged the one before
(Nagle's algorithm), and browsers acknowledge late: 40 ms or more for each move of a control.
``weipian lab`` starts Jupyter with this connection; it is Jupyter's own otherwise.
"""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

__all__ = ["PromptConnection"]


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Jupyter's connection between page and kernel, its messages sent at once."""

    def connect(self) -> Any:
        """Connect to the kernel; as Jupyter's own."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
