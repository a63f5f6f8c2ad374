"""The two READMEs are one document in two languages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = ("README.md", "README.zh-CN.md")


def code_blocks(text):
    """Commands of each block, without their comments."""
    blocks = re.findall(r"```bash\n(.*?)```", text, re.S)
    return [re.sub(r"\s+#.*", "", block).replace("--lang zh", "--lang en") for block in blocks]


def links(text):
    return sorted(re.findall(r"\]\(([^)]+)\)", text.replace("README.zh-CN.md", "README.md")))


def headings(text):
    return [len(level) for level in re.findall(r"^(#+) ", re.sub(r"```.*?```", "", text, flags=re.S), re.M)]


def table_keys(text):
    return [row.split("|")[1].count("`") for row in text.splitlines() if row.startswith("|")]


def measured(text):
    """Time and memory columns of the notebook table."""
    return [row.split("|")[3:5] for row in text.splitlines() if re.match(r"\| `0\d_", row)]


@pytest.mark.parametrize("part", [code_blocks, links, headings, table_keys, measured])
def test_both_languages_have_the_same(part):
    english, chinese = (part((ROOT / name).read_text("utf-8")) for name in FILES)
    assert english == chinese
    assert english


@pytest.mark.parametrize("name", FILES)
def test_links_lead_to_files(name):
    for link in links((ROOT / name).read_text("utf-8")):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("name", FILES)
def test_every_notebook_stands_in_the_table(name):
    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / name).read_text("utf-8"), re.M)
    assert listed == sorted(p.stem for p in (ROOT / "notebooks").glob("*.ipynb"))
