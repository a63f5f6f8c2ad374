"""The commands; what they do is imported when they run, so that the help is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from weipian_lab.text import current, t

__all__ = ["app", "joined_parameters"]

app = typer.Typer(
    name="weipian",
    help=t("cli.help"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Language = Annotated[Literal["zh", "en"] | None, typer.Option("--lang", help=t("cli.opt_lang"))]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help=t("cli.opt_verbose"))]
Out = Annotated[Path, typer.Option("--out", "-o", help=t("cli.opt_out"))]
NotebookName = Annotated[str, typer.Argument(help=t("cli.arg_notebook"), show_default=False)]


def joined_parameters(words: list[str]) -> list[str]:
    """Return `words` with ``-p name value`` written as ``-p name=value``."""
    joined: list[str] = []
    rest = list(reversed(words))
    while rest:
        joined.append(rest.pop())
        if joined[-1] in {"-p", "--param"} and rest:
            name = rest.pop()
            pair = "=" not in name and rest and not rest[-1].startswith("--")
            joined.append(f"{name}={rest.pop()}" if pair else name)
    return joined


def _tell_version(wanted: bool) -> None:
    if wanted:
        from weipian_lab import __version__

        typer.echo(f"weipian-lab {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    lang: Language = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help=t("cli.opt_version"))
    ] = False,
) -> None:
    """Take the options of the command itself; the language was set before its texts were built."""


@app.command(help=t("cli.help_demo"))
def demo(out: Out = Path("reports"), lang: Language = None, verbose: Verbose = False) -> int:
    """Run the ring on the bundled county."""
    from weipian_lab.cli.progress import shown
    from weipian_lab.run.demo import run_demo

    with shown() as progress:
        done = run_demo(out, lang=lang or current(), progress=progress)
    for step in done.failed:
        typer.echo(f"{step.notebook}: {step.error}", err=True)
    typer.echo(t("cli.demo_done", path=done.index, number=len(done.steps) - len(done.failed)))
    return done.exit_code


@app.command(help=t("cli.help_run"))
def run(
    notebook: NotebookName,
    out: Annotated[Path, typer.Option("--out", "-o", help=t("cli.opt_out"), show_default=False)],
    file: Annotated[Path | None, typer.Option("-f", "--file", help=t("cli.opt_file"))] = None,
    param: Annotated[list[str] | None, typer.Option("-p", "--param", help=t("cli.opt_param"))] = None,
    lang: Language = None,
    verbose: Verbose = False,
) -> int:
    """Run one notebook."""
    from weipian_lab.cli.progress import shown
    from weipian_lab.run.given import gather
    from weipian_lab.run.runner import run_notebook

    parameters = gather(notebook, file, param or [])
    with shown() as progress:
        result = run_notebook(notebook, parameters, out, lang=lang or current(), progress=progress)
    typer.echo(
        t("cli.run_done", report=result.report, seconds=f"{result.seconds:.0f}", mb=f"{result.peak_mb:.0f}")
    )
    return 0


@app.command(help=t("cli.help_sweep"))
def sweep(
    notebook: NotebookName,
    file: Annotated[Path, typer.Option("-f", "--file", help=t("cli.opt_grid"), show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help=t("cli.opt_out"), show_default=False)],
    lang: Language = None,
    verbose: Verbose = False,
) -> int:
    """Run one notebook over a grid of parameters."""
    from weipian_lab.run.sweep import run_sweep

    done = run_sweep(notebook, file, out, lang=lang or current(), say=typer.echo)
    typer.echo(t("cli.sweep_done", path=done.summary, number=done.cases, failed=done.failed))
    return 1 if done.failed else 0


@app.command(help=t("cli.help_verify"))
def verify(
    folder: Annotated[Path, typer.Argument(help=t("cli.arg_folder"), show_default=False)],
    lang: Language = None,
    verbose: Verbose = False,
) -> int:
    """Hash the files of a run against its manifest."""
    from weipian_lab.run.manifest import verify as verify_folder

    found = verify_folder(folder)
    for difference in found.differences:
        typer.echo(str(difference))
    typer.echo(t("cli.verify_done", number=found.checked, differences=len(found.differences)))
    return 1 if found.differences else 0


@app.command(
    help=t("cli.help_lab"), context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def lab(context: typer.Context, lang: Language = None, verbose: Verbose = False) -> int:
    """Open JupyterLab at the first notebook."""
    from weipian_lab.cli.lab import start_lab

    return start_lab(context.args, lang)


@app.command(help=t("cli.help_simulate"))
def simulate(
    out: Annotated[Path, typer.Option("--out", "-o", help=t("cli.opt_out"), show_default=False)],
    seed: Annotated[int | None, typer.Option("--seed", min=0, help=t("cli.opt_seed"))] = None,
    size: Annotated[Literal["small", "county"], typer.Option("--size", help=t("cli.opt_size"))] = "small",
    lang: Language = None,
    verbose: Verbose = False,
) -> int:
    """Write a simulated county."""
    from weipian_lab.cli.progress import shown
    from weipian_lab.simulate import DEFAULT_SEED, write_county

    with shown() as progress:
        write_county(
            DEFAULT_SEED if seed is None else seed,
            size,
            out,
            lambda part, done, total: progress("simulate", done, total, part),
        )
    typer.echo(t("cli.simulate_done", path=out))
    return 0


@app.command(help=t("cli.help_pictures"))
def pictures(
    out: Annotated[Path, typer.Option("--out", "-o", help=t("cli.opt_out"), show_default=False)],
    county: Annotated[Path | None, typer.Argument(help=t("cli.arg_county"), show_default=False)] = None,
    lang: Language = None,
    verbose: Verbose = False,
) -> int:
    """Draw a simulated county."""
    from weipian_lab.plots.county_album import write_album
    from weipian_lab.run.bundle import bundled

    written = write_album(county or bundled(), out)
    typer.echo(t("cli.pictures_done", number=len(written), path=out))
    return 0
