"""Starts JupyterLab at the first notebook, in Chinese where that is wanted."""

from __future__ import annotations

import locale
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from weipian_lab.outputs import write_json
from weipian_lab.run.runner import notebook_file
from weipian_lab.text import Lang

__all__ = ["PROMPT", "lab_language", "start_lab"]

_TRANSLATION = "@jupyterlab/translation-extension:plugin"
_LOCALES = {"zh": "zh_CN", "en": "en"}
PROMPT = "--ServerApp.kernel_websocket_connection_class=weipian_lab.cli.prompt.PromptConnection"
"""Option of ``jupyter lab`` that sends what the kernel says at once."""


def lab_language(chosen: Lang | None) -> Lang:
    """Return the language of Lab: the one chosen, else Chinese where the system's locale is Chinese."""
    return chosen or ("zh" if (locale.getlocale()[0] or "").startswith(("zh", "Chinese")) else "en")


def start_lab(options: Sequence[str], lang: Lang | None) -> int:
    """Start JupyterLab and wait for it; return its exit code.

    Parameters
    ----------
    options
        Handed on to ``jupyter lab``, for example ``--no-browser`` or ``--port=8899``.
    lang
        Language of Lab's menus; a choice made in Lab itself comes first.
    """
    first = notebook_file("00_start_here")
    with tempfile.TemporaryDirectory(prefix="weipian-lab-") as settings:
        write_json(
            Path(settings) / "overrides.json", {_TRANSLATION: {"locale": _LOCALES[lab_language(lang)]}}
        )
        command = [sys.executable, "-m", "jupyterlab", f"--LabApp.app_settings_dir={settings}", PROMPT]
        command += [*options, f"--ServerApp.root_dir={first.parent.parent}", str(first)]
        return subprocess.run(command, check=False).returncode
