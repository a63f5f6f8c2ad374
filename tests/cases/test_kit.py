"""A class: no key at a seat, no two alike, bad files cost a line, an old result is kept."""

import json
import shutil
from pathlib import Path

import pytest

from weipian_lab import vectors
from weipian_lab.cases import Session, kit
from weipian_lab.errors import InputError, ParameterError


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
        folder, layers, seats=8, seed=5, families=["house", "greenhouse_0102", "sand_police", "forest_matter"]
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
    for number, word in ((2, "签名"), (3, "答案文件"), (4, "答案文件"), (6, "另一个案件"), (7, "没有收到")):
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


def test_the_seed_tells_the_cases_and_never_the_secret(layers, tmp_path):
    for name, secret in (("a", ""), ("b", ""), ("c", "x" * 32), ("d", "x" * 32)):
        kit.new(tmp_path / name, layers, seats=2, seed=9, families=["house"], secret=secret)
    kept = {
        name: {
            path.relative_to(tmp_path / name): path.read_text("utf-8")
            for path in (tmp_path / name).rglob("*.*")
        }
        for name in "abcd"
    }
    assert kept["c"] == kept["d"]
    keys = [json.loads(kept[name].pop(Path("trainer/key.json"))) for name in "abcd"]
    assert keys[0].pop("secret") != keys[1].pop("secret")
    assert keys[0] == keys[1]
    cases = [json.loads(kept[name][Path("seats/seat-001/case.json")]) for name in "ab"]
    assert cases[0].pop("secret") != cases[1].pop("secret")
    assert cases[0] == cases[1]
    sealed = json.loads((tmp_path / "a/trainer/key.json").read_text("utf-8"))["secret"]
    assert not [path for path, text in kept["a"].items() if sealed in text]


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
