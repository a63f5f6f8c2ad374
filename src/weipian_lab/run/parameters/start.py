"""Parameters of ``00_start_here``."""

from __future__ import annotations

from weipian_lab.run.parameters.base import Common, param

__all__ = ["Start"]


class Start(Common):
    """The self-check: how much memory it asks for."""

    notebook = "00_start_here"

    out_dir: str = param("../reports/00_start_here", "run.p_out_dir", min_length=1)
    memory_gb: float = param(1.0, "run.p_memory_gb", unit="GB", ge=0.1, le=64)
