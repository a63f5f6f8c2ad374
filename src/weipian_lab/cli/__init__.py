"""The ``weipian`` command.

Exit codes: 0 done, 1 the work failed, 2 wrong usage or input.
Without ``-v`` an error is one sentence on standard error, with it there is the traceback too.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from weipian_lab import text
from weipian_lab.errors import WeipianError
from weipian_lab.text import t

__all__ = ["main"]

_INTERRUPTED = 130  # what typer makes of Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and exit with its code.

    Parameters
    ----------
    arguments
        Words of the command line; those of the process by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    _choose_language(words)
    sys.exit(_run(words))


def _run(words: list[str]) -> int:
    import typer

    from weipian_lab.cli import more  # noqa: F401 - adds its commands
    from weipian_lab.cli.app import app, joined_parameters

    verbose = "-v" in words or "--verbose" in words
    try:
        code = app(args=joined_parameters(words), prog_name="weipian", standalone_mode=False)
        return _say(t("cli.stopped"), 1) if code == _INTERRUPTED else code if isinstance(code, int) else 0
    except (typer.Abort, KeyboardInterrupt):
        return _say(t("cli.stopped"), 1)
    except WeipianError as error:
        if verbose:
            traceback.print_exc()
            _say(getattr(error.__cause__, "traceback", ""), 0)
        return _say(str(error), error.exit_code)
    except Exception as error:  # noqa: BLE001 - the last resort of the command: told in a sentence, code 1
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            error.show()  # wrong usage; typer carries click's classes under a name of its own
            return int(error.exit_code)
        if verbose:
            traceback.print_exc()
        return _say(t("cli.unexpected", error=f"{type(error).__name__}: {error}"), 1)


def _say(sentence: str, code: int) -> int:
    if sentence:
        print(sentence, file=sys.stderr)
    return code


def _choose_language(words: list[str]) -> None:
    """Set the language before the texts of the command are built; a wrong one is reported by the command."""
    for place, word in enumerate(words):
        name, _, value = word.partition("=")
        chosen = value or (words[place + 1] if place + 1 < len(words) else "")
        if name == "--lang" and chosen in text.LANGS:
            text.use(chosen)
            os.environ["WEIPIAN_LANG"] = chosen  # for the processes that the command starts
