"""The commands beside the runs: a class, imagery from a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weipian_lab.cli.app import Language, Out, Verbose, app
from weipian_lab.errors import ParameterError
from weipian_lab.text import current, t

__all__ = ["classes"]

classes = typer.Typer(name="class", help=t("cli.help_class"), no_args_is_help=True)
app.add_typer(classes)


@classes.command("new", help=t("cli.help_class_new"))
def class_new(
    out: Annotated[Path, typer.Option("--out", "-o", help=t("cli.opt_out"))] = Path("class"),
    seats: Annotated[int, typer.Option("--seats", min=1, max=999, help=t("cli.opt_seats"))] = 30,
    seed: Annotated[int, typer.Option("--seed", min=0, help=t("cli.opt_class_seed"))] = 0,
    family: Annotated[
        list[str] | None, typer.Option("--families", "--family", help=t("cli.opt_family"))
    ] = None,
    layers: Annotated[Path | None, typer.Option("--layers", help=t("cli.opt_layers"))] = None,
    rulebook: Annotated[str, typer.Option("--rulebook", help=t("cli.opt_rulebook"))] = "ningxia-2024",
    explain: Annotated[str, typer.Option("--explain", help=t("cli.opt_explain"))] = "step",
    lang: Language = None,
    verbose: Verbose = False,
) -> int:
    """Make a class."""
    from weipian_lab.cases import kit
    from weipian_lab.cli.progress import shown
    from weipian_lab.run.bundle import bundled, root

    checkout = root()
    with shown() as progress:
        kit.new(
            out,
            layers or bundled() / "layers" / "county.gpkg",
            seats=seats,
            seed=seed,
            families=[name.strip() for given in family or () for name in given.split(",") if name.strip()],
            rulebook=rulebook,
            lang=lang or current(),
            notebook=checkout / "notebooks" / "03_case_walkthrough.ipynb" if checkout else "",
            explain=explain,
            progress=lambda done, total: progress("class", done, total, ""),
        )
    typer.echo(t("cli.class_new_done", path=out, seats=seats))
    return 0


@classes.command("grade", help=t("cli.help_class_grade"))
def class_grade(
    folder: Annotated[Path, typer.Argument(help=t("cli.arg_class"), show_default=False)],
    answers: Annotated[Path | None, typer.Option("--answers", help=t("cli.opt_answers"))] = None,
    lang: Language = None,
    verbose: Verbose = False,
) -> int:
    """Grade a class."""
    from weipian_lab.cases import kit
    from weipian_lab.cli.progress import shown

    with shown() as progress:
        kit.grade(
            folder,
            answers=answers or "",
            lang=lang or current(),
            progress=lambda done, total: progress("class", done, total, ""),
        )
    typer.echo(t("cli.class_grade_done", path=folder))
    return 0


@classes.command("checkpoint", help=t("cli.help_class_checkpoint"))
def class_checkpoint(
    folder: Annotated[Path, typer.Argument(help=t("cli.arg_class"), show_default=False)],
    answers: Annotated[Path | None, typer.Option("--answers", help=t("cli.opt_answers"))] = None,
    lang: Language = None,
    verbose: Verbose = False,
) -> int:
    """Note how far each seat is."""
    from weipian_lab.cases import kit

    typer.echo(t("kit.checkpoint_done", path=kit.checkpoint(folder, answers=answers or "")))
    return 0


@app.command(help=t("cli.help_fetch"))
def fetch(
    catalogue: Annotated[str, typer.Argument(help=t("cli.arg_catalogue"), show_default=False)],
    bbox: Annotated[
        tuple[float, float, float, float], typer.Option("--bbox", help=t("cli.opt_bbox"), show_default=False)
    ],
    dates: Annotated[tuple[str, str], typer.Option("--dates", help=t("cli.opt_dates"), show_default=False)],
    out: Out = Path("imagery"),
    collection: Annotated[str | None, typer.Option("--collection", help=t("cli.opt_collection"))] = None,
    max_cloud: Annotated[
        float, typer.Option("--max-cloud", min=0, max=100, help=t("cli.opt_max_cloud"))
    ] = 20.0,
    bands: Annotated[str, typer.Option("--bands", help=t("cli.opt_bands"))] = "B02,B03,B04,B08,B11,B12",
    months: Annotated[str, typer.Option("--months", help=t("cli.opt_months"))] = "",
    resolution: Annotated[float, typer.Option("--resolution", min=0.1, help=t("cli.opt_resolution"))] = 10.0,
    series: Annotated[bool, typer.Option("--series", help=t("cli.opt_series"))] = False,
    lang: Language = None,
    verbose: Verbose = False,
) -> int:
    """Get imagery from a catalogue; the only command that may call out."""
    from weipian_lab.fetch import fetch as fetch_images

    names, numbers = (
        [part.strip() for part in given.split(",") if part.strip()] for given in (bands, months)
    )
    if not all(number.isdigit() for number in numbers):
        raise ParameterError("errors.bad_choice", name="months", value=months, choices="1–12")
    found = fetch_images(
        catalogue, bbox, dates, out, collection=collection, max_cloud=max_cloud, series=series,
        bands=names, months=[int(number) for number in numbers] or None, resolution_m=resolution,
    )  # fmt: skip
    for image in found.images:
        typer.echo(str(image))
    typer.echo(t("cli.fetch_done", number=len(found.images), path=found.provenance))
    return 0


@app.command(help=t("cli.help_train"))
def train(
    out: Annotated[Path, typer.Argument(help=t("cli.arg_weights"), show_default=False)],
    county: Annotated[Path | None, typer.Option("--county", help=t("cli.opt_county"))] = None,
    lang: Language = None,
    verbose: Verbose = False,
) -> int:
    """Train the detector ``learnt`` on a simulated county."""
    from weipian_lab.classify import train_on_county
    from weipian_lab.outputs import write_json
    from weipian_lab.run.bundle import bundled

    weights = train_on_county(county or bundled())
    write_json(out, weights.as_dict())
    typer.echo(t("cli.train_done", path=out, threshold=f"{weights.threshold:.2f}"))
    return 0
