"""`python -m benchmarks.catalogue`: import rate, search latency and memory at 10³ to 10⁶ tracks, one thread.

The tracks are made up: the starter table's features, jittered, with names, years and genres at random. Each size is
imported and searched in a process of its own, so that memory is counted from the same start. With ``--ten-million``
the search alone is measured over ten million rows, too, beside a plain scan (2 GB of memory, some minutes).
"""

from __future__ import annotations

import argparse
import os

# Before NumPy starts its threads: all measurements are of one thread.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import csv
import multiprocessing
import random
import string
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.support.report import measured, memory_kib, show
from benchmarks.support.search_only import TEN_MILLION, measure_search_alone
from feelharmonic.audio_features import FEATURE_RANGES, FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.database import DatabaseWriter
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.catalogue.starter import read_starter
from feelharmonic.music.catalogue.tables.csv_table import NEEDED_TO_IMPORT, Table
from feelharmonic.music.catalogue.tables.importer import copy_tracks
from feelharmonic.music.messages import Track, TrackRequest, Wishes
from feelharmonic.music.providers.catalogue import CatalogueProvider
from feelharmonic.music.selection import select
from feelharmonic.music.targets import journey, targets_for
from feelharmonic.params import Params

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ROUNDS = 70

#: Distance of made-up tracks from the one they are made from, in standard deviations of the table.
JITTER = 0.2
GENRES = tuple(f"genre {number}" for number in range(80))
FIRST_YEAR, YEARS = 1960, 64
TRACKS_PER_ARTIST = 6

#: Every filter that a listener can set.
ALL_WISHES = Wishes(
    genres_liked=GENRES[3:5],
    genres_barred=GENRES[7:10],
    decades=(1980, 1990, 2000),
    explicit=False,
    instrumental_only=True,
    familiarity=0.6,
)
CANDIDATES = 60
LIST_LENGTH = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--max-tracks", type=int, default=SIZES[-1], help="the largest size to measure")
    parser.add_argument("--ten-million", action="store_true", help="the search alone over ten million rows, too")
    arguments = parser.parse_args()
    imports, searches = [], []
    # A new process each, so that no measurement's memory is part of another's.
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for size in (size for size in SIZES if size <= arguments.max_tracks):
            write_tracks(Path(folder) / "tracks.csv", size)
            with context.Pool(1) as pool:
                imports.append(pool.apply(measure_import, (Path(folder), size)))
            with context.Pool(1) as pool:
                searches.extend(pool.apply(measure_search, (Path(folder), size)))
    show("Import (CSV → SQLite)", imports, as_json=arguments.json)
    show(
        "Search, one thread",
        searches,
        as_json=arguments.json,
        notes=(
            f"search: the {CANDIDATES} nearest; all filters: genres liked and barred, decades, not explicit, "
            "instrumental, familiarity.",
            f"list, journey: {LIST_LENGTH} tracks as a listener gets them, titles from the file, no filter.",
            "plain pass: the distance of every track, without filters or a choice, for comparison.",
            "cpu_ms: the median of what the thread computed, without the time in which it waited for a processor.",
        ),
    )
    if arguments.ten_million:
        rows = measure_search_alone(TEN_MILLION, CANDIDATES, ROUNDS)
        show("Search alone, one thread", rows, as_json=arguments.json)


def write_tracks(path: Path, size: int) -> None:
    """A table of ``size`` made-up tracks."""
    chance = np.random.default_rng(size)
    known = np.array([[track.features[name] for name in FEATURES] for track in read_starter()])
    values = known[chance.integers(0, len(known), size)] + chance.normal(0, JITTER, (size, 9)) * known.std(axis=0)
    values = np.clip(values, *zip(*(FEATURE_RANGES[name] for name in FEATURES), strict=True))
    letters = np.array(list(string.ascii_letters + string.digits))[chance.integers(0, 62, (size, 22))]
    artists = chance.integers(0, size // TRACKS_PER_ARTIST + 1, size)
    popularity = chance.integers(0, 101, size)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("track_id", "track_name", "artist_name", "year", "genre", "popularity", "explicit", *FEATURES))
        writer.writerows(
            (
                "".join(letters[row]),
                f"Song number {row}",
                f"Artist number {artists[row]}",
                FIRST_YEAR + row % YEARS,
                GENRES[row % len(GENRES)],
                popularity[row],
                row % 7 == 0,
                *(f"{value:.6g}" for value in values[row]),
            )
            for row in range(size)
        )


def measure_import(folder: Path, size: int) -> dict:
    database = folder / f"{size}.db"
    start, cpu_start = time.perf_counter(), time.process_time()
    with Table(folder / "tracks.csv", NEEDED_TO_IMPORT) as table, DatabaseWriter(database) as writer:
        copy_tracks(table, writer, print, lambda read: None)
    taken_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu_start
    assert writer.added == size
    return {
        "tracks": size,
        "seconds": round(taken_s, 2),
        "rows_per_s": round(size / taken_s),
        "rows_per_cpu_s": round(size / cpu_s),  # what it would be on a machine that does nothing else
        "file_mb": round(database.stat().st_size / 1e6, 1),
        "peak_memory_mb": memory_mb("VmHWM"),
    }


def measure_search(folder: Path, size: int) -> list[dict]:
    before_mb = memory_mb()
    start = time.perf_counter()
    catalogue = Catalogue.load(folder / f"{size}.db")
    load_s = time.perf_counter() - start
    held_mb = memory_mb() - before_mb
    params, provider = Params.load(), CatalogueProvider(catalogue)
    targets = [targets_for(params, emotion) for emotion in EMOTIONS]
    chance = random.Random(0)

    def search(wishes: Wishes) -> None:
        catalogue.nearest([chance.choice(targets)], CANDIDATES, wishes=wishes)

    def playlist(request: TrackRequest) -> list[Track]:
        return select(request, provider.candidates(request))

    def tracks(goal: str) -> None:
        steps = tuple(journey(params, chance.choice(EMOTIONS), goal, LIST_LENGTH))
        assert len(playlist(TrackRequest(steps=steps, chance=chance))) == LIST_LENGTH

    features = catalogue.features(range(len(catalogue))).astype(np.float32)
    runs = {
        "search, all filters": lambda: search(ALL_WISHES),
        "search, no filter": lambda: search(Wishes()),
        "list": lambda: tracks("match"),
        "journey": lambda: tracks("lift"),
        "plain pass": lambda: distances(features, targets[0]),
    }
    rows = []
    for name, run in runs.items():
        taken = measured(run, rounds=ROUNDS)
        rows.append({"tracks": size, "what": name, **taken, "load_s": round(load_s, 2), "memory_mb": round(held_mb, 1)})
    return rows


def memory_mb(line: str = "VmRSS") -> float:
    """The memory that this process holds, or with "VmHWM" its peak; NaN where the system does not say."""
    return round((memory_kib(line=line) or float("nan")) * 1024 / 1e6, 1)


if __name__ == "__main__":
    main()
