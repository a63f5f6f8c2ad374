"""What a large class costs: making 500 seats, and grading them with spoilt files among them.

    python benchmarks/class_kit.py [--seats 500] [--layers data/small/layers/county.gpkg]

Making and grading run in processes of their own, so that each has its own peak of memory. Of each 20 answer
files one is broken JSON, one belongs to another seat, one is empty, one is changed after signing, one absent.
The figures of ``benchmarks/class_kit.md`` come from here.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weipian_lab.cases import Session, kit
from weipian_lab.rulebook import load

ROOT = Path(__file__).resolve().parents[1]
SPOILT = ("broken", "foreign", "empty", "tampered", "absent")


def hand_in(folder: Path) -> Counter[str]:
    """Write each seat's model answers and spoil five of each twenty; return how many of each kind."""
    key = json.loads((folder / "trainer" / "key.json").read_text("utf-8"))
    book, done = load(key["rulebook"]["id"]), Counter[str]()
    for number, (seat, entry) in enumerate(key["seats"].items()):
        path = folder / "seats" / seat / "answers.json"
        Session(kit.open_seat(path.with_name("case.json"), book), path, seat).play(entry["answers"])
        kind = SPOILT[number % 20] if number % 20 < len(SPOILT) else "sound"
        done[kind] += 1
        if kind == "broken":
            path.write_text("{", "utf-8")
        elif kind == "foreign":
            others = [p for p in (folder / "seats").glob("*/answers.json") if p != path]
            if others:
                shutil.copy(others[0], path)
        elif kind == "empty":
            path.write_bytes(b"")
        elif kind == "tampered":
            record = json.loads(path.read_text("utf-8"))
            record["answers"][0]["on"] = "2024-12-31"
            path.write_text(json.dumps(record), "utf-8")
        elif kind == "absent":
            path.unlink()
    return done


def _make(folder: Path, layers: Path, seats: int) -> dict[str, Any]:
    kit.new(folder, layers, seats=seats, seed=2024)
    return {}


def _grade(folder: Path, layers: Path, seats: int) -> dict[str, Any]:
    graded = kit.grade(folder)
    full = sum(r.score is not None and r.score.total == 100 for r in graded.results)
    return {"lines": len(graded.results), "graded": graded.graded, "full marks": full}


def _measure(send: Any, work: Callable[..., dict[str, Any]], *values: Any) -> None:
    start, used = time.perf_counter(), time.process_time()
    found = work(*values)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    spent = {"seconds": round(time.perf_counter() - start, 1), "CPU": round(time.process_time() - used, 1)}
    send.send({**spent, "peak MB": round(peak), **found})


def measured(work: Callable[..., dict[str, Any]], *values: Any) -> dict[str, Any]:
    """Run in a new process; return its seconds, its peak memory and what it found."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(send, work, *values))
    process.start()
    send.close()
    found = dict(receive.recv())
    process.join()
    return found


def main() -> None:
    """Make, hand in, grade; print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seats", type=int, default=500)
    parser.add_argument("--layers", type=Path, default=ROOT / "data/small/layers/county.gpkg")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "class"
        print("new", measured(_make, folder, given.layers, given.seats), flush=True)
        print("handed in", dict(hand_in(folder)), flush=True)
        print("grade", measured(_grade, folder, given.layers, given.seats), flush=True)
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
