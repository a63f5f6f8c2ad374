"""Reports: an executed notebook as one HTML page without code, in one language, all of it inside."""

from __future__ import annotations

import html
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from traitlets.config import Config

from weipian_lab import __version__
from weipian_lab.outputs import write_text
from weipian_lab.text import LANGS, Lang, language, t

__all__ = ["body", "heading_before", "page", "without_addresses", "write_report"]

_HIDDEN = {"setup", "parameters", "parameter-table", "injected-parameters", "solution"}
_HEADING = re.compile(r"^#{1,3}\s+(.+)$", re.MULTILINE)
_URL_TRAITS = (
    "require_js_url",
    "mathjax_url",
    "mermaid_js_url",
    "mermaid_layout_elk_js_url",
    "jquery_url",
    "jupyter_widgets_base_url",
    "widget_renderer_url",
)
_WIDGET = "application/vnd.jupyter.widget-view+json"


def _tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", []))


def heading_before(notebook: Any, index: int, lang: str) -> str:
    """Return the last heading in `lang` above a cell; the cell's number where there is none."""
    other = set(LANGS) - {lang}
    for cell in reversed(notebook.cells[:index]):
        if cell.cell_type == "markdown" and not _tags(cell) & other:
            found = _HEADING.findall(cell.source)
            if found:
                return str(found[-1]).strip()
    return f"#{index + 1}"


def write_report(notebook: Any, path: Path, *, lang: Lang) -> Path:
    """Write the report of an executed notebook."""
    with language(lang):
        kept = _readable(notebook, lang)
        content = body(kept)
        title = next((line for cell in kept.cells for line in _HEADING.findall(cell.source)), path.stem)
        return write_text(path, page(title, content, lang, contents=_contents(content)))


def _readable(notebook: Any, lang: Lang) -> Any:
    """Return a copy with the cells that a reader of `lang` wants, and outputs that stand by themselves."""
    copy = nbformat.from_dict(notebook)
    other = {code for code in LANGS if code != lang}
    copy.cells = [cell for cell in copy.cells if not _tags(cell) & (other | _HIDDEN)]
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _WIDGET not in output.get("data", {})]
    copy.metadata.pop("widgets", None)
    return copy


def body(notebook: Any) -> str:
    """Return the page's content: no code, no prompts, images inside, no script and no outside address."""
    options = {
        "exclude_input": True,
        "exclude_input_prompt": True,
        "exclude_output_prompt": True,
        "embed_images": True,
        **dict.fromkeys(_URL_TRAITS, ""),
    }
    # lines printed one after the other stand in one box
    joined = {"CoalesceStreamsPreprocessor": {"enabled": True}}
    exporter = HTMLExporter(config=Config({"HTMLExporter": options, **joined}), template_name="basic")
    content, _ = exporter.from_notebook_node(notebook)
    anchor = r'<a class="anchor-link" href="[^"]*">[^<]*</a>'
    return without_addresses(re.sub(anchor, "", str(content)))


def without_addresses(content: str) -> str:
    """Take out scripts and whatever would load or lead outside; the words of a link stay.

    A bare address in a text keeps its host and path and loses its scheme.
    """
    content = re.sub(r"<script\b.*?</script\s*>", "", content, flags=re.DOTALL | re.IGNORECASE)
    content = re.sub(r"<link\b[^>]*>", "", content, flags=re.IGNORECASE)
    content = re.sub(
        r"<a\b[^>]*\bhref=(\"|')(?:(?:https?:)?//|[^\"']*\.ipynb)[^\"']*\1[^>]*>(.*?)</a>",
        r"<span>\2</span>",
        content,
        flags=re.DOTALL | re.IGNORECASE,
    )
    content = re.sub(
        r"\b(src|href|action|poster)=(\"|')(?:https?:)?//[^\"']*\2", r"\1=\2\2", content, flags=re.I
    )
    content = re.sub(r"@import[^;]+;|url\((\"|'|)(?:https?:)?//[^)]*\)", "", content, flags=re.IGNORECASE)
    return re.sub(r"https?://", "", content, flags=re.IGNORECASE)


def _contents(content: str) -> str:
    """Return a list of the sections as links within the page."""
    found = re.findall(r"<h2 id=\"([^\"]+)\"[^>]*>(.*?)</h2>", content, flags=re.DOTALL)
    items = "".join(f'<li><a href="#{name}">{re.sub("<[^>]+>", "", text)}</a></li>' for name, text in found)
    head = html.escape(t("run.report_contents"))
    return f'<nav class="contents"><b>{head}</b><ol>{items}</ol></nav>' if len(found) > 2 else ""


def page(title: str, content: str, lang: Lang, *, contents: str = "") -> str:
    """Return a whole page with the project's style around `content`, which is HTML already."""
    style = files(__package__).joinpath("report.css").read_text("utf-8")
    code = "zh-CN" if lang == "zh" else "en"
    return (
        f'<!DOCTYPE html>\n<html lang="{code}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        f'<p class="caution">{html.escape(t("run.report_caution"))}</p>\n{contents}\n{content}\n</main>\n'
        f"<footer>{html.escape(t('run.report_footer', version=__version__))}</footer>\n</body>\n</html>\n"
    )
