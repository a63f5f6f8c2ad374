"""Atomic writing, CSV with Chinese and with formulas, JSON, hashes."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from weipian_lab.errors import InputError, OutputError
from weipian_lab.outputs import atomic, read_json, read_table, sha256, write_json, write_table, write_text


def test_failure_leaves_the_old_file_and_no_part(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_is_replaced_whole(tmp_path):
    target = tmp_path / "a.gdb"
    for content in ("one", "two"):
        with atomic(target) as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)
    assert [p.name for p in target.iterdir()] == ["two"]


def test_a_file_in_the_place_of_the_folder_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught, atomic(tmp_path / "file" / "a.txt"):
        pytest.fail("the block must not run")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "'quoted", 'a,"b"\n<script>', "耕地"]
)
def test_text_survives_a_csv_and_never_becomes_a_formula(tmp_path, text):
    path = write_table(tmp_path / "t.csv", pd.DataFrame({"名称": [text], "n": [-1.5]}))
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    cell = pd.read_csv(path, encoding="utf-8-sig")["名称"][0]
    assert not cell.startswith(("=", "+", "-", "@", "\t"))
    back = read_table(path)
    assert back["名称"][0] == text
    assert back["n"][0] == -1.5


def test_reading_a_table_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv"):
        read_table(tmp_path / "none.csv")


def test_json_takes_numpy_and_missing_values(tmp_path):
    content = {
        "a": np.float32(1.5),
        "b": np.array([1, 2]),
        "c": float("nan"),
        "d": pd.NaT,
        "e": pd.NA,
        "名": "地",
    }
    text = write_json(tmp_path / "a.json", content).read_text("utf-8")
    assert json.loads(text) == {"a": 1.5, "b": [1, 2], "c": None, "d": None, "e": None, "名": "地"}
    assert "名" in text


def test_hash_of_a_file_and_of_a_folder(tmp_path):
    file = write_text(tmp_path / "d" / "a.txt", "abc")
    assert sha256(file) == hashlib.sha256(b"abc").hexdigest()
    before = sha256(tmp_path / "d")
    file.rename(tmp_path / "d" / "b.txt")
    assert sha256(tmp_path / "d") != before


def test_json_is_read_back_and_what_is_none_is_refused(tmp_path):
    path = write_json(tmp_path / "a.json", {"名": [1, None, 0.5]})
    assert read_json(path) == {"名": [1, None, 0.5]}
    for content in (b"", b"{", b"\xff\xfe\x00"):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"a\.json"):
            read_json(path)
    with pytest.raises(InputError, match=r"none\.json"):
        read_json(tmp_path / "none.json")
