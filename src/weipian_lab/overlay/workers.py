"""Batches overlaid beside one another, on several cores."""

from __future__ import annotations

import gc
import multiprocessing
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from weipian_lab.overlay.batches import Batch, Plan, run_batch

__all__ = ["run_batches"]

_WORTH = 500  # patches from which copying the process, some 50 ms, is worth it
_plan: Plan  # of this process: set in the workers alone


def run_batches(
    batches: Sequence[NDArray[np.object_]],
    plan: Plan,
    workers: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Batch]:
    """Overlay batches, `workers` of them at a time; return results in their order.

    Most of the work holds Python's lock, so that two threads take as long as one (``benchmarks/overlay.md``).
    Where this process may be copied, copies of it do the work; else threads, as in a notebook's kernel.

    Parameters
    ----------
    batches
        Patches (valid, in the working CRS), an array a batch.
    progress
        Called with the number of patches done, and of all.
    """
    total, done, results = sum(map(len, batches)), 0, []
    with _pool(workers if total >= _WORTH else 1, plan) as (pool, work):
        for shapes, result in zip(batches, pool.map(work, batches), strict=True):
            results.append(result)
            done += len(shapes)
            if progress is not None:
                progress(done, total)
    return results


@contextmanager
def _pool(workers: int, plan: Plan) -> Iterator[tuple[Executor, Callable[[NDArray[np.object_]], Batch]]]:
    if workers > 1 and _may_be_copied():
        fork = multiprocessing.get_context("fork")
        with warnings.catch_warnings():
            # Python 3.12 counts the idle threads of BLAS and Arrow, which are made for being copied
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            with ProcessPoolExecutor(workers, fork, _begin, (plan,)) as processes:
                yield processes, _work
    else:
        with ThreadPoolExecutor(max(1, workers)) as threads:
            yield threads, lambda shapes: run_batch(shapes, plan)


def _may_be_copied() -> bool:
    """Whether this process may be forked: on Linux, and while no other Python thread could hold a lock."""
    return sys.platform == "linux" and threading.active_count() == 1


def _begin(plan: Plan) -> None:
    global _plan  # handed over once: a copy of the process has it already
    _plan = plan
    gc.freeze()  # a collector that looks through what was copied would copy its pages one by one


def _work(shapes: NDArray[np.object_]) -> Batch:
    return run_batch(shapes, _plan)
