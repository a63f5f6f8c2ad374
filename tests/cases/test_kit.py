"""A class: no key at a seat, no two alike, bad files cost a line, an old result is kept."""

import datetime as dt
import json
import re
import shutil
import zlib
from collections import Counter
from pathlib import Path

import pytest
from openpyxl import load_workbook

from weipian_lab import vectors
from weipian_lab.cases import FAMILIES, Session, kit, make
from weipian_lab.cases.tables import write
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.text import LANGS, t


@pytest.fixture(scope="module")
def layers(county, tmp_path_factory):
    path = tmp_path_factory.mktemp("layers") / "county.gpkg"
    for number, (name, frame) in enumerate(county.layers.items()):
        vectors.write(path, frame, layer=name, append=number > 0)
    return path


@pytest.fixture(scope="module")
def course(layers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "c"
    kit.new(
        folder,
        layers,
        seats=8,
        seed=5,
        families=["house", "greenhouse_0102", "sand_police", "forest_matter"],
        secret="of the tests",
    )
    return folder


def play(folder, seats=None):
    key = json.loads((folder / "trainer/key.json").read_text("utf-8"))
    for seat, entry in key["seats"].items():
        if seats is None or seat in seats:
            case = kit.open_seat(folder / "seats" / seat / "case.json")
            Session(case, folder / "seats" / seat / "answers.json", seat).play(entry["answers"])


def test_a_seat_holds_no_key_and_no_two_are_alike(course):
    texts = [p.read_text("utf-8") for p in sorted((course / "seats").glob("*/case.json"))]
    assert len(texts) == 8
    for text in texts:
        record = json.loads(text)
        assert not {"key", "family", "seed", "verdict", "answers"} & set(record)
    assert len({json.loads(text)["shape"] for text in texts}) == 8


def test_model_answers_get_full_marks_and_bad_files_cost_a_line(course, tmp_path):
    folder = tmp_path / "c"
    shutil.copytree(course, folder)
    play(folder)
    seats = folder / "seats"
    shown = seats / "seat-002/answers.json"
    record = json.loads(shown.read_text("utf-8"))
    record["answers"][0]["on"] = "2024-12-31"
    shown.write_text(json.dumps(record), "utf-8")
    (seats / "seat-003/answers.json").write_text("{", "utf-8")
    (seats / "seat-004/answers.json").write_bytes(b"\xff\xfe\x00")
    shutil.copy(seats / "seat-005/answers.json", seats / "seat-006/answers.json")
    (seats / "seat-007/answers.json").unlink()
    graded = kit.grade(folder)
    found = {r.seat: r for r in graded.results}
    assert graded.graded == 3
    assert {found[f"seat-00{n}"].score.total for n in (1, 5, 8)} == {100.0}
    for number, word in ((2, "签名"), (3, "答案文件"), (4, "答案文件"), (6, "seat-005"), (7, "没有收到")):
        assert word in found[f"seat-00{number}"].problem
    names = {p.name for p in graded.folder.iterdir()}
    assert names >= {"summary.csv", "matrix.csv", "missed.csv", "class.xlsx", "class.html", "feedback"}
    again = kit.grade(folder, lang="en")
    assert again.folder != graded.folder and graded.folder.is_dir()


def test_a_changed_key_leaves_the_old_result(course, tmp_path):
    folder = tmp_path / "c"
    shutil.copytree(course, folder)
    play(folder, {"seat-001"})
    first = kit.grade(folder)
    path = folder / "trainer/key.json"
    key = json.loads(path.read_text("utf-8"))
    key["seats"]["seat-001"]["state"] = "RECEIVED" if first.results[0].score.state != "RECEIVED" else "CLOSED"
    path.write_text(json.dumps(key, ensure_ascii=False), "utf-8")
    second = kit.grade(folder)
    assert second.results[0].score.total < first.results[0].score.total
    hashes = [
        json.loads((g.folder / "grading.json").read_text("utf-8"))["key_sha256"] for g in (first, second)
    ]
    assert hashes[0] != hashes[1]


def test_names_from_outside_are_escaped_and_never_formulas(course, tmp_path):
    folder = tmp_path / "c"
    shutil.copytree(course, folder)
    case = kit.open_seat(folder / "seats/seat-001/case.json")
    session = Session(case, folder / "seats/seat-001/answers.json", "=<script>alert(1)</script>")
    session.answer("assign", case.opened_on, documents=["CLUE_FORM"])
    graded = kit.grade(folder)
    page = (graded.folder / "class.html").read_text("utf-8") + (
        graded.folder / "feedback/seat-001.html"
    ).read_text("utf-8")
    assert "<script>" not in page
    assert "'=<script>" in (graded.folder / "summary.csv").read_text("utf-8-sig")


def test_forms_are_measured(course):
    forms = json.loads((course / "trainer/forms.json").read_text("utf-8"))
    assert abs(forms["standardised"]) < 1


def test_seed_and_secret_make_a_class_again_and_the_seed_alone_does_not(layers, tmp_path):
    for name, secret in (("a", ""), ("b", ""), ("c", "x" * 32), ("d", "x" * 32)):
        kit.new(tmp_path / name, layers, seats=2, seed=9, families=["house"], secret=secret)
    kept = {
        name: {
            path.relative_to(tmp_path / name): path.read_text("utf-8")
            for path in (tmp_path / name).rglob("*.*")
        }
        for name in "abcd"
    }
    keys = {name: json.loads(kept[name].pop(Path("trainer/key.json"))) for name in "abcd"}
    assert kept["c"] == kept["d"]
    assert keys["c"] | {"made_at": ""} == keys["d"] | {"made_at": ""}
    cases = [json.loads(kept[name][Path("seats/seat-001/case.json")]) for name in "ab"]
    assert all(cases[0][name] != cases[1][name] for name in ("ticket", "case_id", "shape"))
    assert not [path for path, text in kept["a"].items() if keys["a"]["secret"] in text]


def test_a_seat_folder_gives_away_neither_family_nor_seed_nor_answers(course):
    key = json.loads((course / "trainer/key.json").read_text("utf-8"))
    for seat, entry in key["seats"].items():
        folder = course / "seats" / seat
        assert [p.name for p in folder.rglob("*")] == ["case.json"]
        text = (folder / "case.json").read_text("utf-8")
        words = set(re.findall(r"[A-Za-z_0-9]+", text))
        assert not words & {name for name in FAMILIES if "_" in name}
        assert f'"{entry["family"]}"' not in text and str(entry["seed"]) not in text
        assert not [t(f"scenarios.{name}", lang=lang) for name in FAMILIES for lang in LANGS
                    if t(f"scenarios.{name}", lang=lang) in text]  # fmt: skip
        told = {"replies", "matter", "appraisal", "photo_problems", "corrected", "verdict", "state"}
        assert not {f'"{name}"' for name in told} & set(re.findall(r'"\w+"', text))
        steps = {a["event"] for a in entry["answers"]} - {"assign"}
        assert not words & {name for name in steps if "_" in name}
        case = kit.open_seat(folder / "case.json")
        assert case.replies is not None and len(case.photos) == len(case.photo_problems) > 0


def test_trying_seeds_and_families_with_the_public_code_finds_no_case(course, county):
    key = json.loads((course / "trainer/key.json").read_text("utf-8"))
    real = {entry["case_id"] for entry in key["seats"].values()}
    public = {f"NX24-{zlib.crc32(f'{f}/{s}'.encode()):08X}" for f in FAMILIES for s in range(20_000)}
    assert not real & public
    assert not {case_id[:13] for case_id in real} & public
    assert min(entry["seed"] for entry in key["seats"].values()) > 2**32
    shapes = {make("house", seed, county).fingerprint() for seed in range(30)}
    seats = [kit.open_seat(p) for p in (course / "seats").glob("*/case.json")]
    assert not shapes & {("house", *case.fingerprint()[1:]) for case in seats}


def changed(path, change):
    record = json.loads(path.read_text("utf-8"))
    change(record)
    path.write_text(json.dumps(record, ensure_ascii=False), "utf-8")


def test_a_step_changed_and_saved_anew_by_the_software_still_shows(course, tmp_path):
    folder = tmp_path / "c"
    shutil.copytree(course, folder)
    key = json.loads((folder / "trainer/key.json").read_text("utf-8"))
    answers = key["seats"]["seat-001"]["answers"]
    case, path = kit.open_seat(folder / "seats/seat-001/case.json"), folder / "seats/seat-001/answers.json"
    Session(case, path, "甲").play(answers[:3])
    changed(path, lambda r: r["answers"][1].update(on=r["answers"][2]["on"]))
    again = Session.restore(case, path)
    again.play(answers[3:])
    assert "第 2 步" in kit.grade(folder).results[0].problem
    path.unlink()
    Session(case, path, "甲").play(answers[:3])
    whole = Session.restore(case, path)
    whole.play(answers[3:])
    result = kit.grade(folder).results[0]
    assert result.score.total == 100 and result.problem == ""


def test_a_changed_case_file_signs_with_another_key(course, tmp_path):
    folder = tmp_path / "c"
    shutil.copytree(course, folder)
    case = folder / "seats/seat-001/case.json"
    changed(case, lambda record: record["patch"].update(date_after="2024-01-01"))
    play(folder, {"seat-001"})
    assert "案件文件" in kit.grade(folder).results[0].problem
    changed(case, lambda record: record.update(later=record["later"][:-8] + "AAAAAAA="))
    with pytest.raises(InputError, match="封存"):
        kit.open_seat(case)


def test_files_of_other_seats_and_of_no_seat_are_named(course, tmp_path):
    folder, handed = tmp_path / "c", tmp_path / "in"
    shutil.copytree(course, folder)
    play(folder, {"seat-001", "seat-002"})
    handed.mkdir()
    for name in ("seat-001", "seat-003", "mine"):
        shutil.copy(folder / "seats/seat-001/answers.json", handed / f"{name}.json")
    graded = kit.grade(folder, answers=handed)
    assert "seat-001" in graded.results[2].problem
    assert "mine.json" in (graded.folder / "class.html").read_text("utf-8")


def test_doing_the_case_again_after_a_checkpoint_leaves_a_remark(course, tmp_path, monkeypatch):
    folder = tmp_path / "c"
    shutil.copytree(course, folder)
    play(folder, {"seat-001", "seat-002"})
    kit.checkpoint(folder)
    sound = kit.grade(folder)
    assert "重做" not in "".join(sound.results[0].remarks)
    (folder / "seats/seat-001/answers.json").unlink()
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=3)).isoformat(timespec="seconds")
    monkeypatch.setattr("weipian_lab.cases.session.now", lambda: later)
    play(folder, {"seat-001"})
    first, second = kit.grade(folder).results[:2]
    assert first.score.total == 100
    assert "重做" in "".join(first.remarks) and "评分之后" in "".join(first.remarks)
    assert "重做" not in "".join(second.remarks)
    assert "秒" in "".join(first.remarks) or len(first.steps) < 8  # one time for all steps: too quick


def test_a_class_of_thirty_has_no_two_alike_and_equal_forms(layers, tmp_path):
    made = kit.new(tmp_path / "c", layers, seats=30, seed=4)
    cases = [kit.open_seat(p) for p in sorted((tmp_path / "c/seats").glob("*/case.json"))]
    assert len({case.fingerprint() for case in cases}) == 30
    assert len({case.case_id for case in cases}) == len({case.patch["patch_id"] for case in cases}) == 30
    assert abs(made.forms.standardised) < 0.2
    key = json.loads((tmp_path / "c/trainer/key.json").read_text("utf-8"))["seats"].values()
    assert len({entry["family"] for entry in key}) == 15
    counts = Counter((entry["family"], entry["form"]) for entry in key)
    assert set(counts.values()) == {1}


def test_tables_of_a_class_are_in_words(course, tmp_path):
    folder = tmp_path / "c"
    shutil.copytree(course, folder)
    play(folder)
    graded = kit.grade(folder, lang="en")
    again = kit.grade(folder)
    book = load_workbook(again.folder / "class.xlsx")
    assert book.sheetnames == [
        "各座位",
        "步骤与座位",
        "最常缺少的步骤",
        "最常见的失分原因",
        "办理经过",
        "A卷与B卷",
    ]
    for sheet in book:
        heads = [cell.value for cell in sheet[1]]
        assert not [h for h in heads if re.search(r"[a-z]+_[a-z]+", h)], heads
    assert "上次总分" in [cell.value for cell in book["各座位"][1]]
    for page in (graded.folder / "class.html", graded.folder / "feedback/seat-001.html"):
        text = page.read_text("utf-8")
        assert not re.search(r"NaN|None|[a-z]+_[a-z]+<", text), page
    matrix = graded.matrix
    assert set(matrix.columns) == {f"seat-00{n}" for n in range(1, 9)}
    assert (matrix.fillna(1) == 1).all(axis=None)
    steps = [r.steps for r in graded.results]
    assert all((s.loc[s["by"] == "trainee", "at"] != "").all() for s in steps)


def test_what_a_trainer_can_get_wrong(course, layers, tmp_path):
    with pytest.raises(InputError, match="已有一个班级"):
        kit.new(course, layers, seats=1)
    with pytest.raises(ParameterError, match="house"):
        kit.new(tmp_path / "x", layers, families=["huose"])
    with pytest.raises(ParameterError, match="seats"):
        kit.new(tmp_path / "x", layers, seats=0)
    with pytest.raises(InputError, match=r"key\.json"):
        kit.grade(tmp_path)
    bad = tmp_path / "case.json"
    bad.write_text("{}", "utf-8")
    with pytest.raises(InputError, match="座位"):
        kit.open_seat(bad)


def test_a_seats_notebook_has_its_case_set_and_its_case_is_never_written_over(layers, tmp_path):
    template = Path(__file__).parents[2] / "notebooks/03_case_walkthrough.ipynb"
    kit.new(tmp_path / "c", layers, seats=1, families=["house"], notebook=template, explain="end", lang="en")
    seat = tmp_path / "c/seats/seat-001"
    book = json.loads((seat / "case.ipynb").read_text("utf-8"))
    (cell,) = (c for c in book["cells"] if "parameters" in c["metadata"].get("tags", []))
    found = {}
    exec("".join(cell["source"]), {}, found)
    wanted = {"case": "case.json", "out_dir": ".", "trainee": "seat-001", "explain": "end", "lang": "en"}
    assert found | wanted == found and found["interactive"] == "auto"
    issued = (seat / "case.json").read_bytes()
    write(Session(kit.open_seat(seat / "case.json")), None, seat, "03_case_walkthrough")
    assert (seat / "case.json").read_bytes() == issued and (seat / "played.json").is_file()
    with pytest.raises(ParameterError, match="step, end"):
        kit.new(tmp_path / "d", layers, explain="never")
    (tmp_path / "other.ipynb").write_text('{"cells": []}', "utf-8")
    with pytest.raises(InputError, match=r"other\.ipynb"):
        kit.new(tmp_path / "e", layers, seats=1, families=["house"], notebook=tmp_path / "other.ipynb")
