"""The whole ring on the bundled county, and the page over its runs."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from weipian_lab.errors import RunError, WeipianError
from weipian_lab.outputs import write_text
from weipian_lab.run.manifest import MANIFEST, read_manifest
from weipian_lab.run.parameters import MODELS, model
from weipian_lab.run.report import page
from weipian_lab.run.runner import Progress, RunResult, run_notebook
from weipian_lab.text import Lang, language, t

__all__ = ["Demo", "Step", "headline", "run_demo", "write_index"]


@dataclass(frozen=True)
class Step:
    """A notebook of the ring: its result, or why there is none."""

    notebook: str
    result: RunResult | None = None
    error: WeipianError | None = None


@dataclass(frozen=True)
class Demo:
    """What a demo gave: its steps and the page over them."""

    steps: tuple[Step, ...]
    index: Path

    @property
    def failed(self) -> list[Step]:
        """The steps without a result."""
        return [step for step in self.steps if step.error is not None]

    @property
    def exit_code(self) -> int:
        """0, or that of the first failure."""
        return next((step.error.exit_code for step in self.steps if step.error is not None), 0)


def run_demo(
    out: Path | str,
    *,
    lang: Lang = "zh",
    progress: Progress | None = None,
    notebooks: Iterable[str] | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> Demo:
    """Run the notebooks one after the other, each on the files of those before it; write ``index.html``.

    A failure does not stop the notebooks that can do without its files; those that cannot are left out,
    and the page says so.

    Parameters
    ----------
    notebooks
        Names, in order; all by default.
    parameters
        Parameters by notebook that differ from the notebooks' own.
    """
    out = Path(out).absolute()
    steps: list[Step] = []
    with language(lang):
        for name in MODELS if notebooks is None else notebooks:
            steps.append(_step(name, (parameters or {}).get(name, {}), steps, out, lang, progress))
        index = write_index(out, steps, lang)
    return Demo(tuple(steps), index)


def _step(
    name: str,
    given: Mapping[str, Any],
    before: list[Step],
    out: Path,
    lang: Lang,
    progress: Progress | None,
) -> Step:
    done = {step.notebook: step for step in before}
    parameters: dict[str, Any] = dict(given)
    for parameter, file in model(name).ring.items():
        source = done.get(file.split("/")[0])
        if source is None:
            continue  # that part of the ring comes later: the notebook starts from bundled data
        if source.result is None:
            return Step(name, error=RunError("run.left_out", notebook=name, source=source.notebook))
        parameters[parameter] = str(out / file)
    try:
        return Step(name, run_notebook(name, parameters, out / name, lang=lang, progress=progress))
    except WeipianError as error:
        return Step(name, error=error)


def headline(folder: Path) -> dict[str, Any] | None:
    """Return the JSON of a run that carries its headline, None where there is none."""
    for file in sorted(folder.glob("*.json")):
        content = json.loads(file.read_text("utf-8")) if file.name != MANIFEST else {}
        if isinstance(content, dict) and isinstance(content.get("headline"), dict):
            return content
    return None


def write_index(out: Path, steps: Iterable[Step], lang: Lang) -> Path:
    """Write ``index.html``: a card for each run with picture, headline figure and the way to its report."""
    with language(lang):
        cards = "\n".join(_card(out, step, lang) for step in steps)
        title = html.escape(t("run.index_title"))
        content = (
            f'<h1>{title}</h1>\n<p>{html.escape(t("run.index_lead"))}</p>\n<ul class="runs">\n{cards}\n</ul>'
        )
        return write_text(out / "index.html", page(t("run.index_title"), content, lang))


def _card(out: Path, step: Step, lang: Lang) -> str:
    if step.result is None:
        reason = html.escape(str(step.error))
        head = f"<h2>{html.escape(step.notebook)}</h2>"
        return f'<li class="failed"><div class="words">{head}<p>{reason}</p></div></li>'
    folder = step.result.out_dir
    measured = read_manifest(folder)["measured"]
    content = headline(folder) or {}
    title = html.escape(_title(step.result.report) or step.notebook)
    link = quote(f"{step.notebook}/report.html")
    picture = (
        f'<a class="picture" href="{link}"><img src="{quote(step.notebook)}/thumbnail.png" alt="{title}"></a>'
        if (folder / "thumbnail.png").is_file()
        else ""
    )
    simulated = (
        f'<span class="tag">{html.escape(t("run.index_simulated"))}</span>'
        if content.get("simulated")
        else ""
    )
    sentence = html.escape(str(content.get("headline", {}).get(lang, "")))
    meta = html.escape(
        t("run.index_meta", seconds=f"{measured['seconds']:.0f}", mb=f"{measured['peak_mb']:.0f}")
    )
    return (
        f'<li>{picture}<div class="words"><h2><a href="{link}">{title}</a></h2>'
        f'<p>{sentence}</p><p class="meta">{meta} {simulated}</p></div></li>'
    )


def _title(report: Path) -> str:
    found = re.search(r"<title>(.*?)</title>", report.read_text("utf-8"), flags=re.DOTALL)
    return html.unescape(found.group(1)).strip() if found else ""
