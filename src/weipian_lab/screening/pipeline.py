"""Screening of a pair of any size: statistics from sample blocks, then one pass, block by block."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from weipian_lab import change, patches
from weipian_lab.grid import Block, Grid
from weipian_lab.patches import Batch, CleanUp, morphology, runs
from weipian_lab.rasters import ScoreFile
from weipian_lab.screening.fitting import (
    Fitted,
    block_side_for,
    fit,
    one_thread_each,
    sample_scores,
    sample_tiles,
)
from weipian_lab.screening.state import State, fingerprint
from weipian_lab.screening.views import View, expand, threads

__all__ = ["Fitted", "Progress", "fit", "run", "sample_scores", "sample_tiles"]

Float = NDArray[np.float32]
Progress = Callable[[int, int], None]
CHECKPOINT = 32  # blocks after which what is finished is put on disk


def run(
    view: View,
    model: change.Model,
    threshold: change.Threshold,
    *,
    clean_up: CleanUp | None = None,
    batch: Batch | None = None,
    score_path: Path | str | None = None,
    work_dir: Path | str | None = None,
    block_side: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    tags: Mapping[str, Any] | None = None,
) -> gpd.GeoDataFrame:
    """Score a pair block by block and turn the scores into patches, in one pass.

    The result does not depend on `block_side` or `workers`; memory does not grow with the scene.

    Parameters
    ----------
    view
        The pair.
    model
        From :func:`fit`.
    threshold
        Where to cut; ``strong`` is used for hysteresis.
    clean_up, batch
        As :func:`weipian_lab.patches.extract`.
    score_path
        Where the score is written as COG (float32, NaN where not valid); None writes none.
    work_dir
        Folder for finished blocks, removed at the end; a run interrupted half-way goes on from there.
    block_side
        Pixels along a block; None for 512, or 1024 where the detector looks farther than 32 pixels.
    workers
        Threads; None for one a core (at most 4).
    progress
        Called with blocks done and blocks in all.
    tags
        Tags of the score file.
    """
    clean_up, batch = clean_up or CleanUp(), batch or Batch()
    block_side = block_side or block_side_for(model)
    low, strong = patches.check_thresholds(threshold.value, threshold.strong)
    blocks = list(view.grid.blocks(block_side))
    facts = {
        "model": repr(model), "low": low, "strong": strong, "clean_up": repr(clean_up), "side": block_side,
        "shift": view.shift, "gains": repr(view.gains), "grid": repr(view.grid),
    }  # fmt: skip
    state = State(Path(work_dir) if work_dir else None, fingerprint(facts, _files(view)))
    score_file = _score_file(view.grid, score_path, state, block_side)
    work = _Work(view, model, low, strong, clean_up)
    found: list[runs.Runs] = []
    unsaved: list[tuple[Block, runs.Runs]] = []
    try:
        for done, (block, part, score) in enumerate(_each(work, blocks, state, workers), start=1):
            if score is not None:
                if score_file is not None:
                    score_file.write(block, score)
                unsaved.append((block, part))
                if score_file is None or len(unsaved) >= CHECKPOINT:
                    _save(state, score_file, unsaved)
            found.append(part)
            if progress is not None:
                progress(done, len(blocks))
        if score_file is not None and score_path is not None:
            score_file.finish(score_path, tags=tags)
    finally:
        if score_file is not None:
            score_file.close()
        _save(state, None, unsaved)
    state.clear()
    return patches.from_runs(runs.join(found), view.grid, strong, clean_up, batch)


def _save(state: State, score_file: ScoreFile | None, unsaved: list[tuple[Block, runs.Runs]]) -> None:
    """Record finished blocks, once their scores are on disk: a process killed must not lose these alone."""
    if score_file is not None and state.folder is not None:
        score_file.settle()
    while unsaved:
        state.save(*unsaved.pop(0))


def _files(view: View) -> list[str]:
    score = getattr(view, "score", None)
    paths: list[str] = [member.path for member in score.members] if score is not None else []
    for image in (view.source.before, view.source.after):
        paths += [member.path for member in image.members]
        paths += [image.mask] if image.mask else []
    return paths


def _score_file(grid: Grid, path: Path | str | None, state: State, block_side: int) -> ScoreFile | None:
    if path is None:
        return None
    folder = state.folder if state.folder is not None else Path(path).parent
    file = folder / "score-blocks.tif"
    if state.resumed and not ScoreFile.is_sound(file):
        state.start_anew()  # blocks recorded without their scores are worth nothing
    return ScoreFile(file, grid, keep=state.resumed, block_side=block_side)


@dataclass(frozen=True)
class _Work:
    view: View
    model: change.Model
    low: float
    strong: float
    clean_up: CleanUp

    def __call__(self, block: Block) -> tuple[runs.Runs, Float]:
        """Return runs and score of a block."""
        rules = self.clean_up
        margin = morphology.halo_px(rules.opening_px, rules.closing_px)
        wide, _ = expand(block, self.model.halo_px + margin, self.view.grid.shape)
        first, second, valid = self.view.read(wide)
        score = self.model.score_read(first, second, valid)
        del first, second
        # what lies beyond the halo of the score is not that of the whole; only the margin is used
        near, _ = expand(block, margin, self.view.grid.shape)
        row, col = near.row - wide.row, near.col - wide.col
        score = score[row : row + near.height, col : col + near.width]
        mask = morphology.clean(score >= self.low, rules.opening_px, rules.closing_px, rules.order)
        row, col = block.row - near.row, block.col - near.col
        part = (slice(row, row + block.height), slice(col, col + block.width))
        mine = np.ascontiguousarray(score[part])
        found = runs.encode(np.ascontiguousarray(mask[part]), mine, block.row, block.col)
        return patches.still_open(found, block, self.strong, rules), mine


def _each(
    work: _Work, blocks: list[Block], state: State, workers: int | None
) -> Iterator[tuple[Block, runs.Runs, Float | None]]:
    """Yield blocks in order; a few are worked on ahead, so that memory stays the same."""
    workers = workers or threads()
    pending: deque[tuple[Block, Future[tuple[runs.Runs, Float]] | None, runs.Runs | None]] = deque()
    queue = iter(blocks)
    with one_thread_each(), ThreadPoolExecutor(workers) as pool:
        try:
            while True:
                while len(pending) <= workers and (block := next(queue, None)) is not None:
                    stored = state.load(block)
                    pending.append((block, pool.submit(work, block) if stored is None else None, stored))
                if not pending:
                    return
                block, future, stored = pending.popleft()
                if future is None:
                    assert stored is not None
                    yield block, stored, None
                else:
                    yield block, *future.result()
        finally:
            for _, future, _ in pending:
                if future is not None:
                    future.cancel()
