from __future__ import annotations

import base64
import re
from pathlib import Path
from urllib.parse import quote

import nbformat
import pytest

from weipian_lab import text
from weipian_lab.run.report import heading_before, without_addresses, write_report

new = nbformat.v4
PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
).decode()
OUTSIDE = re.compile(r"https?://|cdnjs|unpkg|jsdelivr|<script|<link|@import", re.IGNORECASE)
EMBEDDED = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+")  # any word can turn up in a picture's bytes


def cell(source: str, *tags: str, outputs: list | None = None) -> object:
    if outputs is None:
        return new.new_markdown_cell(source, metadata={"tags": list(tags)})
    return new.new_code_cell(source, metadata={"tags": list(tags)}, outputs=outputs)


def shown(**data: str) -> object:
    return new.new_output(
        "display_data", data={name.replace("_", "/", 1): value for name, value in data.items()}
    )


@pytest.fixture
def notebook() -> object:
    script = '<script src="https://cdnjs.cloudflare.com/require.js"></script><b>表</b><img src="https://x.org/a.png">'
    return new.new_notebook(
        cells=[
            cell("# 标题 <x>", "zh", "title"),
            cell("# Title", "en", "title"),
            cell("import secret_module", "setup", outputs=[shown(text_plain="SETUP")]),
            cell("## 参数", "zh", "parameter-table"),
            cell("threshold = 1", "parameters", outputs=[]),
            cell("threshold = 2", "injected-parameters", outputs=[]),
            cell("## 一\n\n见[法规](https://a.cn/a?b=1)、[下文](#三)、[下一本](2.ipynb)。\nhttp://x", "zh"),
            cell("## One\n\nSee it.", "en"),
            cell("draw()", outputs=[shown(image_png=PIXEL), shown(text_html=script)]),
            cell("## 二", "zh"),
            cell("## 三", "zh"),
            cell("widget", outputs=[new.new_output("display_data", data={
                "application/vnd.jupyter.widget-view+json": {"model_id": "0"}, "text/plain": "HBox()"})]),
            cell("print", outputs=[new.new_output("stream", name="stdout", text="<i>✓ 通过</i>")]),
            cell("答案", "zh", "solution"),
            cell("answer()", "solution", outputs=[shown(text_plain="ANSWER")]),
        ]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "has", "lacks"),
    [
        (
            "zh",
            ["标题 &lt;x&gt;</title>", "一", "表", "zh-CN", "疑似", "✓ 通过"],
            ["Title", "One", "suspected"],
        ),
        ("en", ["<title>Title", "One", "表", 'lang="en"', "suspected", "✓ 通过"], ["标题", "疑似线索"]),
    ],
)
def test_a_report_is_in_one_language_without_code(
    notebook: object, tmp_path: Path, lang: text.Lang, has: list[str], lacks: list[str]
) -> None:
    page = write_report(notebook, tmp_path / "report.html", lang=lang).read_text("utf-8")
    for word in has:
        assert word in page, word
    for word in [*lacks, "secret_module", "SETUP", "threshold", "draw()", "HBox", "答案", "ANSWER", "参数"]:
        assert word not in page, word
    assert f"data:image/png;base64,{PIXEL}" in page.replace("\n", "")
    assert "&lt;i&gt;" in page


def test_a_report_needs_and_names_nothing_outside(notebook: object, tmp_path: Path) -> None:
    page = write_report(notebook, tmp_path / "report.html", lang="zh").read_text("utf-8")
    assert not OUTSIDE.search(EMBEDDED.sub("", page))
    assert "<span>法规</span>" in page
    assert "<span>下一本</span>" in page
    assert f'href="#{quote("三")}"' in page
    assert re.findall(r'(?:src|href)="([^"#][^"]{0,30})', page) == [f"data:image/png;base64,{PIXEL}"[:31]]


def test_lines_printed_in_turn_stand_in_one_box(tmp_path: Path) -> None:
    lines = [new.new_output("stream", name="stdout", text=f"{i}/9\n") for i in range(3)]
    book = new.new_notebook(cells=[cell("score()", outputs=lines)])
    page = write_report(book, tmp_path / "r.html", lang="zh").read_text("utf-8")
    assert page.count("<pre>") == 1
    assert re.search("0/9\n1/9\n2/9", page)


def test_the_contents_lead_to_the_sections(notebook: object, tmp_path: Path) -> None:
    page = write_report(notebook, tmp_path / "report.html", lang="zh").read_text("utf-8")
    targets = re.findall(r'<li><a href="#([^"]+)">', page)
    assert targets == [quote(name) for name in ("一", "二", "三")]  # a browser compares ids with that first
    for target in targets:
        assert f'id="{target}"' in page
    assert '<nav class="contents">' not in write_report(notebook, tmp_path / "r.html", lang="en").read_text(
        "utf-8"
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('<a href="https://a.cn">甲</a>', "<span>甲</span>"),
        ("<a class='x' href='//a.cn/b' target=_blank>甲 <b>乙</b></a>", "<span>甲 <b>乙</b></span>"),
        ('<a href="#here">甲</a>', '<a href="#here">甲</a>'),
        ('<a href="../02_overlay.ipynb">甲</a>', "<span>甲</span>"),
        ('<img src="http://a.cn/x.png" alt="y">', '<img src="" alt="y">'),
        ("<SCRIPT>1</SCRIPT>甲", "甲"),
        ("<style>@import url(https://a.cn/x.css); b{c:url('http://a.cn')}</style>", "<style> b{c:}</style>"),
        ("see https://a.cn/x", "see a.cn/x"),
    ],
)  # fmt: skip
def test_addresses_are_taken_out(given: str, kept: str) -> None:
    assert without_addresses(given) == kept


def test_the_heading_above_a_cell_is_found_in_the_language(notebook: object) -> None:
    assert heading_before(notebook, 8, "zh") == "一"
    assert heading_before(notebook, 8, "en") == "One"
    assert heading_before(notebook, 0, "zh") == "#1"
