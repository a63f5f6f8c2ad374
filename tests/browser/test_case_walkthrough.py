"""A first-time trainee finishes cases in JupyterLab: by mouse, by keyboard, over a dead kernel, as a seat."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from weipian_lab.cases import County, Scenario, Session, kit, make, read_answers, score
from weipian_lab.cases.forms import Field, fields, gap_fields
from weipian_lab.cases.papers import paper_name
from weipian_lab.cases.scenario import Answer
from weipian_lab.cases.wording import event_name
from weipian_lab.rulebook import load
from weipian_lab.run import run_notebook
from weipian_lab.text import t

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # three whole cases: minutes
ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks/03_case_walkthrough.ipynb"
PATIENCE_MS = 300_000  # a state is waited for, however busy the machine is; nothing is timed
Lab = tuple[Path, Callable[[Any, str], Any]]
ACTIVE = "document.activeElement"


LAYERS = ROOT / "data/small/layers/county.gpkg"


@pytest.fixture(scope="module")
def county() -> County:
    return County.read(LAYERS, load("ningxia-2024"))


@pytest.fixture(scope="module")
def lab(start_lab: Any, open_notebook: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Folder that a running Lab shows, and what opens a notebook of it in a page."""
    folder, home = tmp_path_factory.mktemp("trainee"), tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    with start_lab(command, folder, home) as (address, process):
        yield folder, lambda page, name: open_notebook(page, address, process, name, PATIENCE_MS)


def prepare(folder: Path, family: str, seed: int) -> str:
    """Put a copy of the notebook into Lab's folder, its parameters set as a trainee would set them."""
    book = nbformat.read(NOTEBOOK, as_version=4)
    cell = next(c for c in book.cells if "parameters" in c.metadata.get("tags", []))
    for old, new in (
        ('"../reports/03_case_walkthrough"', f'"out-{family}"'),
        ("seed: int = 0", f"seed: int = {seed}"),
        ('family: str = ""', f'family: str = "{family}"'),
        ('trainee: str = ""', 'trainee: str = "座位一"'),
    ):
        assert old in cell.source
        cell.source = cell.source.replace(old, new)
    nbformat.write(book, folder / f"{family}.ipynb")
    return f"{family}.ipynb"


class Trainee:
    """Someone before the screen; `session` is the test's own copy of the case, to know what the form asks."""

    def __init__(self, browser: Any, lab: Lab, scenario: Scenario, shots: Path, seat: str = "") -> None:
        folder, opened = lab
        self.folder = folder / (seat or f"out-{scenario.family}")
        self.name, self.shots = seat.rpartition("/")[2] or scenario.family, shots
        file = f"{seat}/case.ipynb" if seat else prepare(folder, scenario.family, scenario.seed)
        self.scenario, self.session, self.pressed = scenario, Session(scenario), 0
        self.page = browser.new_page(viewport={"width": 1400, "height": 1000}, accept_downloads=True)
        self.notebook = opened(self.page, file)
        self.form = self.page.locator(".weipian-case")

    def run_all(self) -> None:
        """Run every cell, see that none failed, and that the form is there."""
        self.notebook.run_all()
        self.form.wait_for()

    def shot(self, name: str) -> None:
        self.page.screenshot(path=str(self.shots / f"{self.name}-{name}.png"))

    # ---- by mouse ----------------------------------------------------------------------------------
    def choose(self, answer: Answer) -> list[Field]:
        """Choose a step and wait for its fields."""
        title = event_name(self.scenario.book, answer.event)
        self.form.get_by_label(t("forms.event")).select_option(label=title)
        asked = fields(self.session, answer.event)
        for field in asked:
            self.form.get_by_text(label_of(field), exact=True).first.wait_for()
        self.notebook.settle()
        self.form.get_by_label(t("forms.day")).fill(answer.on.isoformat())
        return asked

    def fill(self, answer: Answer) -> None:
        """Fill in the fields, then the papers as they appear."""
        for field in self.choose(answer):
            self.enter(self.form, field, answer.evidence[field.name])
        forms = answer.evidence.get("forms", {})
        for code in forms:
            self.paper(code).wait_for()
        self.notebook.settle()
        for code, gaps in forms.items():
            paper = self.paper(code)
            for field in gap_fields(self.scenario.book, code, answer.on):
                self.enter(paper, field, gaps[field.name])

    def paper(self, code: str) -> Any:
        title = t("forms.paper", paper=paper_name(self.scenario.book, code))
        return self.form.locator(".weipian-paper").filter(has_text=title)

    def enter(self, place: Any, field: Field, value: Any) -> None:
        names = {choice: label for label, choice in field.choices}
        if field.kind == "many":
            group = place.locator(".weipian-group").filter(has_text=field.label)
            for choice in value:
                group.get_by_label(names[choice], exact=True).check()
        elif field.kind == "one":
            place.get_by_label(label_of(field), exact=True).select_option(label=names[value])
        elif field.kind == "yes":
            place.get_by_label(field.label, exact=True).set_checked(value)
        else:
            control = place.get_by_label(label_of(field), exact=True)
            control.fill(str(value))
            control.blur()
            if control.input_value() != str(value):  # a control just drawn still takes its first value
                control.fill(str(value))
                control.blur()

    def submit(self) -> None:
        self.notebook.settle()
        self.form.get_by_role("button", name=t("forms.submit")).click()

    def taken(self, answer: Answer) -> None:
        """Wait until the step is on the screen, and see that it is on disk."""
        outcome = self.session.answer(answer.event, answer.on, **answer.evidence)
        number = len(self.session.outcomes)
        steps = t("forms.history", number=number)
        self.form.locator("summary").filter(has_text=steps).wait_for(state="attached")
        said = self.form.get_by_role("status").first.inner_text()
        done = t(
            "forms.accepted", event=event_name(self.scenario.book, answer.event), article=outcome.article
        )
        assert (done in said) is outcome.accepted, said
        record = json.loads((self.folder / "answers.json").read_text("utf-8"))
        assert len(record["answers"]) == number

    def take(self, answer: Answer) -> None:
        self.fill(answer)
        self.submit()
        self.taken(answer)

    # ---- by keyboard -------------------------------------------------------------------------------
    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, label: str) -> None:
        """Press Tab until the control of that name has the focus."""
        named = (
            f"(({ACTIVE}.labels?.[0]?.innerText || {ACTIVE}.innerText || '').trim() === {json.dumps(label)}"
            f" && !!{ACTIVE}.closest('.weipian-case'))"
        )
        for _ in range(150):
            if self.page.evaluate(named):
                assert self.page.evaluate(f"getComputedStyle({ACTIVE}).outlineStyle") == "solid"  # seen
                return
            self.press("Tab")
            self.pressed += 1
        raise AssertionError(f"Tab does not reach {label}")

    def keys(self, answer: Answer) -> None:
        """Take a step with Tab, arrows, space, enter and typing alone."""
        title = event_name(self.scenario.book, answer.event)
        self.tab_to(t("forms.event"))
        self.pick(title)
        asked = fields(self.session, answer.event)
        self.form.get_by_text(label_of(asked[0]), exact=True).first.wait_for()
        self.tab_to(t("forms.day"))
        self.page.keyboard.type(answer.on.strftime("%m%d%Y"))
        for field in asked:
            self.type_in(field, answer.evidence[field.name])
        forms = answer.evidence.get("forms", {})
        for code in forms:
            self.paper(code).wait_for()
        for code, gaps in forms.items():
            for field in gap_fields(self.scenario.book, code, answer.on):
                self.type_in(field, gaps[field.name])
        self.tab_to(t("forms.submit"))
        self.notebook.settle()
        self.page.keyboard.down("Enter")
        self.taken(answer)
        if not self.session.ended:  # the next choice has the focus: nobody has to look for it
            self.notebook.until(f"{ACTIVE}.labels?.[0]?.innerText === {json.dumps(t('forms.event'))}")
        self.page.keyboard.up("Enter")  # the release must not open the list that has the focus now

    def pick(self, label: str) -> None:
        """Choose from the list that has the focus with the arrow keys."""
        steps = self.page.evaluate(f"[...{ACTIVE}.options].map(o => o.text)").index(label)
        self.press("Home", *["ArrowDown"] * steps)
        assert self.page.evaluate(f"{ACTIVE}.selectedOptions[0].text") == label

    def type_in(self, field: Field, value: Any) -> None:
        names = {choice: label for label, choice in field.choices}
        if field.kind == "many":
            for choice in (choice for _, choice in field.choices if choice in value):
                self.tab_to(names[choice])
                self.press("Space")
        elif field.kind == "one":
            self.tab_to(label_of(field))
            self.pick(names[value])
        elif field.kind == "day":
            year, month, day = str(value).split("-")
            self.tab_to(label_of(field))
            self.page.keyboard.type(f"{month}{day}{year}")
        else:
            self.tab_to(label_of(field))
            self.page.keyboard.type(str(value))

    # ---- the end -----------------------------------------------------------------------------------
    def finish(self) -> Path:
        """See the score on the screen, save the answer file, and find the same score in a replay."""
        expected = score(self.session)
        shown = self.form.get_by_role("status").filter(has_text="得分").inner_text()
        assert f"得分 {expected.total:g}" in shown
        assert ("不合格" not in shown) is expected.passed
        with self.page.expect_download() as saved:
            self.form.get_by_role("link", name=t("forms.download")).click()
        file = self.shots / f"{self.scenario.family}-answers.json"
        saved.value.save_as(str(file))
        again = Session(self.scenario)
        again.play(read_answers(file)["answers"])
        assert again.ended and score(again) == expected
        assert read_answers(file)["trainee"] == "座位一"
        return file


def label_of(field: Field) -> str:
    return t("forms.with_unit", label=field.label, unit=field.unit) if field.unit else field.label


def test_a_violation_goes_to_its_close_over_a_dead_kernel(
    browser: Any, lab: Any, county: County, tmp_path: Path
) -> None:
    trainee = Trainee(browser, lab, make("house", 1, county), tmp_path)
    trainee.run_all()
    trainee.shot("first")
    answers = list(trainee.scenario.key.answers)
    trainee.take(Answer("assign", answers[0].on, {"documents": []}))  # a beginner's mistakes: no paper,
    trainee.shot("refused")
    wrong = answers[0].evidence["forms"]["CLUE_FORM"] | {"total_mu": 99.0}  # and a wrong area in it
    answers[0] = Answer("assign", answers[0].on, {**answers[0].evidence, "forms": {"CLUE_FORM": wrong}})
    for answer in answers[:4]:
        trainee.take(answer)
    trainee.shot("stopped")
    trainee.fill(answers[4])  # filled in, not taken: the step in hand
    trainee.shot("in-hand")
    trainee.notebook.kill_kernel()
    trainee.form.wait_for(state="detached")
    trainee.run_all()
    assert t("forms.history", number=5) in trainee.form.inner_text()  # nothing but the step in hand is lost
    for answer in answers[4:]:
        trainee.take(answer)
    trainee.form.scroll_into_view_if_needed()
    trainee.shot("end")
    file = trainee.finish()
    assert trainee.session.case.state == "CLOSED"
    trainee.page.close()

    result = run_notebook(
        NOTEBOOK.stem, {"family": "house", "seed": 1, "answers": str(file)}, tmp_path / "replay"
    )
    record = json.loads((result.out_dir / "score.json").read_text("utf-8"))
    assert record["total"] == score(trainee.session).total < 100


def test_a_patch_that_is_no_violation_is_settled_by_keyboard_alone(
    browser: Any, lab: Any, county: County, tmp_path: Path
) -> None:
    trainee = Trainee(browser, lab, make("greenhouse_0102", 1, county), tmp_path)
    trainee.run_all()
    cells = trainee.notebook.code_cells()
    for number, answer in enumerate(trainee.scenario.key.answers):
        trainee.keys(answer)
        trainee.shot(f"key-{number}")
        if not trainee.session.ended:
            trainee.press("b", "a", "x")  # shortcuts of Lab's command mode: they must do nothing here
    assert trainee.notebook.code_cells() == cells
    trainee.finish()
    assert trainee.session.case.state == "CLOSED_NOT_ILLEGAL"
    trainee.page.close()


def test_another_departments_matter_is_handed_over(
    browser: Any, lab: Any, county: County, tmp_path: Path
) -> None:
    trainee = Trainee(browser, lab, make("water_matter", 1, county), tmp_path)
    trainee.run_all()
    unnamed = (
        "e => !(e.labels?.length || e.innerText.trim() || e.getAttribute('aria-label')) && e.type !== 'file'"
    )
    for answer in trainee.scenario.key.answers:
        trainee.fill(answer)
        controls = trainee.form.locator("input, select, textarea, button, a")
        assert controls.evaluate_all(f"all => all.filter({unnamed}).map(e => e.outerHTML)") == []
        trainee.submit()
        trainee.taken(answer)
    trainee.form.scroll_into_view_if_needed()
    trainee.shot("end")
    trainee.finish()
    assert trainee.session.case.state == "RECEIVED"
    trainee.page.close()


def test_a_seat_of_a_class_opens_its_notebook_runs_all_and_hands_in(
    browser: Any, lab: Any, tmp_path: Path
) -> None:
    folder = lab[0] / "class"
    kit.new(folder, LAYERS, seats=1, seed=3, families=["pseudo_change"], notebook=NOTEBOOK)
    case = folder / "seats/seat-001/case.json"
    issued, seat = case.read_bytes(), kit.open_seat(case)
    trainee = Trainee(browser, lab, seat, tmp_path, "class/seats/seat-001")
    trainee.run_all()
    key = json.loads((folder / "trainer/key.json").read_text("utf-8"))["seats"]["seat-001"]
    for item in key["answers"]:
        trainee.take(Answer(item["event"], dt.date.fromisoformat(item["on"]), item["evidence"]))
    trainee.form.scroll_into_view_if_needed()
    trainee.shot("handed-in")
    assert t("forms.to_trainer") in trainee.form.inner_text()
    trainee.run_all()  # writes what the report needs, and leaves case and answers as they are
    trainee.page.close()
    assert case.read_bytes() == issued
    (result,) = kit.grade(folder).results
    assert result.problem == "" and result.score is not None
    assert (result.trainee, result.score.total) == ("seat-001", 100)
