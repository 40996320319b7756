"""The search alone over made-up rows in memory, without a file: for more rows than an import makes in useful time."""

from __future__ import annotations

import random
import time
from itertools import cycle

import numpy as np

from benchmarks.support.report import measured
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.nearest import Leaves, Measure, Nearest, Search, leaf_order
from feelharmonic.music.messages import Wishes
from feelharmonic.music.targets import targets_for
from feelharmonic.params import Params

TEN_MILLION = 10_000_000

#: Distance of made-up rows from the one they are made from, in standard deviations of the shipped table.
JITTER = 0.2
ROWS_AT_A_TIME = 250_000
PLAIN_ROUNDS = 14


def measure_search_alone(size: int, count: int, rounds: int) -> list[dict]:
    """Times of the ``count`` nearest of ``size`` rows: by the leaves, and by a plain scan of all rows."""
    numeric = made_up(size)
    start = time.perf_counter()
    search = indexed(numeric)
    index_s = round(time.perf_counter() - start, 2)
    params = Params.load()
    measures = [Measure.of(targets_for(params, emotion), Wishes()) for emotion in EMOTIONS]
    for measure in measures:
        assert_same(search.nearest(measure, count), plain_scan(search.numeric, measure, count))
    chance = random.Random(0)
    by_leaves = measured(lambda: search.nearest(chance.choice(measures), count), rounds=rounds)
    in_turn = cycle(measures)
    by_scan = measured(
        lambda: plain_scan(search.numeric, next(in_turn), count), rounds=min(rounds, PLAIN_ROUNDS), warm_up=1
    )
    return [
        {"tracks": size, "what": what, **taken, "index_s": index_s}
        for what, taken in (("search by leaves", by_leaves), ("plain scan", by_scan))
    ]


def made_up(size: int) -> np.ndarray:
    """(19, size) float32: the shipped table's numeric columns, jittered within their ranges."""
    chance = np.random.default_rng(size)
    known = Catalogue.load().columns.numeric
    low, high = known.min(axis=1, keepdims=True), known.max(axis=1, keepdims=True)
    jitter = (JITTER * known.std(axis=1, keepdims=True)).astype(np.float32)
    numeric = np.empty((len(known), size), np.float32)
    for start in range(0, size, ROWS_AT_A_TIME):
        part = numeric[:, start : start + ROWS_AT_A_TIME]
        part[:] = known[:, chance.integers(0, known.shape[1], part.shape[1])]
        part += jitter * chance.standard_normal(part.shape, np.float32)
        np.clip(part, low, high, out=part)
    return numeric


def indexed(numeric: np.ndarray) -> Search:
    """``numeric`` in the order of its leaves; reordered in place."""
    order, starts = leaf_order(numeric)
    for column in numeric:
        column[:] = column[order]
    return Search(
        numeric=numeric,
        leaves=Leaves.around(numeric, starts),
        may_play=lambda rows: rows,
        picked=np.empty(0, np.intp),
    )


def plain_scan(numeric: np.ndarray, measure: Measure, count: int) -> np.ndarray:
    """(count,) float32: the least squared distances, ascending, after a look at every row."""
    squares = np.concatenate(
        [measure.squares(numeric[:, at : at + ROWS_AT_A_TIME]) for at in range(0, numeric.shape[1], ROWS_AT_A_TIME)]
    )
    return np.sort(np.partition(squares, count - 1)[:count])


def assert_same(found: Nearest, squares: np.ndarray) -> None:
    """The leaves must find what the plain scan finds, up to the sums' rounding."""
    np.testing.assert_allclose(found.distances**2, squares, rtol=1e-3, atol=1e-4)
