"""Every notebook keeps the cell layout: tags, languages, short cells, no stored outputs, no absolute path."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path
from typing import Any

import nbformat
import pytest

from weipian_lab.run.parameters import MODELS, model

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "notebooks").glob("*.ipynb"))
LANGS = {"zh", "en"}
ONCE = ["setup", "parameters", "derive", "provenance"]
TWICE = ["title", "objectives", "parameter-table"]
ORDER = ["title", "objectives", "setup", "parameter-table", "parameters", "derive", "provenance"]
MOST_LINES = 15
CHINESE = re.compile(r"[\u4e00-\u9fff]")
FORBIDDEN = {
    "installs packages": re.compile(r"\bpip\b|\bconda\b"),
    "edits sys.path": re.compile(r"sys\.path"),
    "silences warnings": re.compile(r"filterwarnings|simplefilter|catch_warnings"),
    "uses a shell or a magic": re.compile(r"^\s*[!%]", re.MULTILINE),
    "holds an absolute path": re.compile(r"""["'](?:/[A-Za-z]|[A-Za-z]:[\\/]|~/)"""),
    "shows figures by hand": re.compile(r"plt\.show"),
}


def read(file: Path) -> Any:
    return nbformat.read(file, as_version=4)


def tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", []))


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def tagged(notebook: Any, tag: str) -> list[int]:
    return [number for number, cell in enumerate(notebook.cells) if tag in tags(cell)]


every = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


def test_each_notebook_has_a_model_and_each_model_a_notebook() -> None:
    assert [file.stem for file in FILES] == sorted(MODELS)


@every
def test_names_kernel_and_cell_ids(file: Path) -> None:
    notebook = read(file)
    nbformat.validate(notebook)
    assert re.fullmatch(r"\d\d_[a-z]+(_[a-z]+)*\.ipynb", file.name)
    assert notebook.metadata.kernelspec.name == "python3"
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(rf"{file.name[:2]}-[a-z0-9-]+", name) for name in ids)


@every
def test_nothing_is_stored(file: Path) -> None:
    notebook = read(file)
    assert "widgets" not in notebook.metadata
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}, cell.id
        assert cell.source.strip(), f"{cell.id} is empty"


@every
def test_the_parts_are_there_in_order(file: Path) -> None:
    notebook = read(file)
    for tag in ONCE:
        assert len(tagged(notebook, tag)) == 1, tag
    for tag in TWICE:
        found = [tags(notebook.cells[number]) & LANGS for number in tagged(notebook, tag)]
        assert found == [{"zh"}, {"en"}], tag
    places = [tagged(notebook, tag)[0] for tag in ORDER]
    assert places == sorted(places)
    assert tagged(notebook, "title")[0] == 0
    assert code_cells(notebook)[-1] is notebook.cells[tagged(notebook, "provenance")[0]]
    assert tagged(notebook, "solution"), "exercises have answers"


@every
def test_prose_stands_in_both_languages_in_separate_cells(file: Path) -> None:
    prose = [cell for cell in read(file).cells if cell.cell_type == "markdown"]
    for cell in prose:
        assert len(tags(cell) & LANGS) == 1, cell.id
    for first, second in zip(prose[::2], prose[1::2], strict=True):
        assert "zh" in tags(first), first.id
        assert "en" in tags(second), second.id
        assert tags(first) - LANGS == tags(second) - LANGS, (first.id, second.id)
        assert CHINESE.search(first.source), first.id
        levels = [re.findall(r"^#+", cell.source, flags=re.MULTILINE) for cell in (first, second)]
        assert levels[0] == levels[1], f"headings of {first.id} and {second.id} differ"


@every
def test_each_sentence_starts_on_a_line_of_its_own(file: Path) -> None:
    for cell in read(file).cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if not line.lstrip().startswith(("|", "#")):
                    assert not re.search(r"。(?=[^\s」』”’）)】*_`])", line), (cell.id, line)
                    assert not re.search(r"[a-z)]\. (?=[A-Z][a-z])", line), (cell.id, line)


@every
def test_prose_needs_no_mathjax_and_no_picture_from_outside(file: Path) -> None:
    for cell in read(file).cells:
        if cell.cell_type == "markdown":
            assert not re.search(r"\$[^$\n]+\$|\\\(|\\\[", cell.source), f"{cell.id} holds TeX"
            assert not re.search(r"!\[[^]]*\]\(https?:", cell.source), cell.id


@every
def test_code_cells_are_short_and_clean(file: Path) -> None:
    for cell in code_cells(read(file)):
        if "parameters" not in tags(cell):  # as long as its list is
            assert len(cell.source.splitlines()) <= MOST_LINES, cell.id
        for what, pattern in FORBIDDEN.items():
            assert not pattern.search(cell.source), f"{cell.id} {what}"
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
                assert node.end_lineno - node.lineno < 5, f"{cell.id}: a definition of more than 5 lines"


@every
def test_setup_only_imports(file: Path) -> None:
    notebook = read(file)
    (place,) = tagged(notebook, "setup")
    for node in ast.parse(notebook.cells[place].source).body:
        is_call = isinstance(node, ast.Expr) and ast.unparse(node) == "plots.setup()"
        assert isinstance(node, (ast.Import, ast.ImportFrom)) or is_call, ast.unparse(node)
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and number != place:
            kinds = [type(node) for node in ast.walk(ast.parse(cell.source))]
            assert not {ast.Import, ast.ImportFrom} & set(kinds), f"{cell.id} imports"


@every
def test_the_parameters_cell_is_the_model_in_literals(file: Path) -> None:
    notebook = read(file)
    (place,) = tagged(notebook, "parameters")
    source = notebook.cells[place].source
    found: dict[str, Any] = {}
    comments = {
        token.start[0]: token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    for node in ast.parse(source).body:
        assert isinstance(node, ast.AnnAssign), f"not an annotated literal: {ast.unparse(node)}"
        found[node.target.id] = ast.literal_eval(node.value)
        lines = range(node.lineno, node.end_lineno + 1)
        assert any(line in comments for line in lines), f"{node.target.id} has no comment"
    fields = model(file.stem).model_fields
    assert list(found) == list(fields)
    for name, info in fields.items():
        assert found[name] == info.default, name
        assert type(found[name]) is type(info.default), name
    assert found["out_dir"] == f"../reports/{file.stem}"
    for number in tagged(notebook, "parameter-table"):
        for name in fields:
            assert f"`{name}`" in notebook.cells[number].source, (notebook.cells[number].id, name)


@every
def test_derive_and_provenance_do_their_work(file: Path) -> None:
    notebook = read(file)
    derive, provenance = (notebook.cells[tagged(notebook, tag)[0]].source for tag in ("derive", "provenance"))
    name = model(file.stem).__name__
    assert f"{name}.resolve(globals())" in derive
    assert "p.table()" in derive
    assert "provenance(p)" in provenance


@every
def test_each_section_ends_in_a_check(file: Path) -> None:
    notebook = read(file)
    (derive,), (provenance,) = tagged(notebook, "derive"), tagged(notebook, "provenance")
    sections: dict[str, list[str]] = {}
    title = ""
    for cell in notebook.cells[derive + 1 : provenance]:
        if "zh" in tags(cell):
            title = (re.findall(r"^## (.+)$", cell.source, flags=re.MULTILINE) or [title])[-1]
        if cell.cell_type == "code" and "solution" not in tags(cell):
            sections.setdefault(title, []).append(cell.source)
    assert sections
    for section, sources in sections.items():
        interactive = all(source.lstrip().startswith("if p.interactive") for source in sources)
        assert interactive or re.search(r"\bcheck\(|\bassert ", sources[-1]), (
            f"{section} does not end in a check"
        )
