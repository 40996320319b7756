"""`python -m benchmarks.frame`: milliseconds of each stage of a frame, one thread, and of the `fer` package beside it.

The frames are 320×240 JPEGs of one face that moves a little.
"""

from __future__ import annotations

import argparse
import os

# Before NumPy and TensorFlow start their threads: all measurements are of one thread.
os.environ.update(OMP_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")

import itertools
import subprocess
import sys
import time

import cv2
import numpy as np

from benchmarks.support.moving_face import moving_face
from benchmarks.support.quota import limited
from benchmarks.support.report import milliseconds, show, spread
from feelharmonic.reading.faces.crop import cut_crop
from feelharmonic.reading.faces.face_tracker import FaceTracker
from feelharmonic.reading.messages import Expression
from feelharmonic.reading.mood import MoodSmoother
from feelharmonic.reading.networks import Networks
from feelharmonic.reading.pictures.frame import decode
from feelharmonic.reading.pipeline import Pipeline

FRAME_RATE_HZ = 10
DIFFERENT_FRAMES = 24


def frames_of_a_face() -> list[bytes]:
    """JPEGs, 320×240, of a face that moves by a few pixels."""
    pictures = moving_face((320, 240), DIFFERENT_FRAMES, (4, 3))
    return [cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes() for picture in pictures]


def stages(jpegs: list[bytes], rounds: int) -> list[dict]:
    """A row per stage, in the order of the pipeline, and one for the whole of it."""
    networks = Networks.load()
    next_jpeg = itertools.cycle(jpegs).__next__
    clock = itertools.count()
    tracker = FaceTracker(networks.finder)
    smoother = MoodSmoother(networks.params.smoothing)
    pipeline = Pipeline(networks)
    pixels = itertools.cycle([decode(jpeg).pixels_bgr for jpeg in jpegs])
    faces = networks.finder.find(next(pixels))
    if not faces:
        raise SystemExit("The finder finds no face in the benchmark's picture: there is nothing to measure.")
    one = next(pixels)
    crop = cut_crop(one, faces[0])[None]  # (1, 48, 48) uint8
    expression = Expression(probabilities=tuple(map(float, networks.reader.read_crops(crop)[0])))
    steps = {
        "decode": lambda: decode(next_jpeg()),
        "face: full search": lambda: networks.finder.find(next(pixels)),
        "face: tracking": lambda: tracker.track(next(pixels), next(clock) / FRAME_RATE_HZ),
        "crop": lambda: cut_crop(one, faces[0]),
        "expression": lambda: networks.reader.read_crops(crop),
        "mood": lambda: smoother.update(expression, 0.9, next(clock) / FRAME_RATE_HZ),
        "whole: JPEG → mood": lambda: pipeline.see(next_jpeg(), next(clock) / FRAME_RATE_HZ),
    }
    return [{"stage": name, **spread(milliseconds(step, rounds=rounds))} for name, step in steps.items()]


def minute(jpegs: list[bytes], rate_hz: float = 5.0) -> np.ndarray:
    """(N,) milliseconds of processor time of each frame of a listener's minute, JPEG to mood."""
    pipeline, next_jpeg = Pipeline(Networks.load()), itertools.cycle(jpegs).__next__
    taken_ms = []
    for number in range(round(60 * rate_hz)):
        began_s = time.thread_time()
        pipeline.see(next_jpeg(), number / rate_hz)
        taken_ms.append((time.thread_time() - began_s) * 1e3)
    return np.array(taken_ms)


def held_back(share: float) -> int:
    """Run this command once more, on one processor of which it gets ``share``; returns its exit status."""
    words = [word for word in sys.argv[1:] if not word.startswith("--share")]
    if "--share" in sys.argv:
        words.remove(sys.argv[sys.argv.index("--share") + 1])
    with (
        subprocess.Popen([sys.executable, "-m", "benchmarks.frame", *words]) as process,
        limited([process.pid], share, core=min(os.sched_getaffinity(0))),
    ):
        return process.wait()


def fer_row(jpegs: list[bytes], rounds: int) -> dict | None:
    """The `fer` package's detect_emotions on the decoded frames; None where it is not installed (`make fer`)."""
    try:
        from fer.fer import FER
    except ImportError:
        return None
    pixels = itertools.cycle([decode(jpeg).pixels_bgr for jpeg in jpegs])
    reader = FER()
    taken_ms = milliseconds(lambda: reader.detect_emotions(next(pixels)), rounds=rounds)
    return {"stage": "fer: detect_emotions", **spread(taken_ms)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300, help="calls measured per stage (default 300)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--share", type=float, default=1.0, help="of one processor's time, to try a small machine")
    arguments = parser.parse_args()
    if arguments.share < 1:
        sys.exit(held_back(arguments.share))
    cv2.setNumThreads(1)
    jpegs = frames_of_a_face()
    rows = stages(jpegs, arguments.rounds)
    fer = fer_row(jpegs, max(30, arguments.rounds // 5))
    minute_ms = minute(jpegs)
    mean_ms, p95_ms = minute_ms.mean(), np.percentile(minute_ms, 95)
    notes = [f"a minute at 5 a second, processor time a frame: mean {mean_ms:.2f} ms, p95 {p95_ms:.2f} ms"]
    if fer:
        rows.append(fer)
        notes.append(f"fer's median ÷ our whole way's: {fer['median_ms'] / rows[-2]['median_ms']:.1f}")
    else:
        notes.append("fer is not installed here: `make fer` builds an environment that has it.")
    show("Milliseconds a 320×240 frame, one thread", rows, as_json=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
