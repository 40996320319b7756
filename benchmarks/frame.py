"""`python -m benchmarks.frame`: milliseconds of each stage of a frame, one thread, and of the `fer` package beside it.

The frame is a 320×240 JPEG of one face, jittered a little from round to round as a person in front of a webcam is.
"""

from __future__ import annotations

import argparse
import os

# Before NumPy and TensorFlow start their threads: everything is measured on one.
os.environ.update(OMP_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")

import itertools

import cv2
import numpy as np

from benchmarks.report import milliseconds, show, spread
from feelharmonic.reading.crop import cut_crop
from feelharmonic.reading.face_tracker import FaceTracker
from feelharmonic.reading.frame import decode
from feelharmonic.reading.messages import Expression
from feelharmonic.reading.mood import MoodSmoother
from feelharmonic.reading.networks import Networks
from feelharmonic.reading.pipeline import Pipeline

FRAME_RATE_HZ = 10
DIFFERENT_FRAMES = 24


def frames_of_a_face() -> list[bytes]:
    """JPEGs, 320×240, of a face that moves by a few pixels."""
    from skimage.data import astronaut

    picture = cv2.resize(np.ascontiguousarray(astronaut()[:384, :, ::-1]), (320, 240), interpolation=cv2.INTER_AREA)
    frames = []
    for i in range(DIFFERENT_FRAMES):
        turn = 2 * np.pi * i / DIFFERENT_FRAMES
        move = np.float32([[1, 0, 4 * np.sin(turn)], [0, 1, 3 * np.cos(turn)]])
        moved = cv2.warpAffine(picture, move, (320, 240), borderMode=cv2.BORDER_REFLECT)
        frames.append(cv2.imencode(".jpg", moved, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes())
    return frames


def stages(jpegs: list[bytes], rounds: int) -> list[dict]:
    """One row per stage and one for the whole way, in the order of the flow."""
    parts = Networks.load()
    turns = itertools.cycle(jpegs)
    clock = itertools.count()
    tracker = FaceTracker(parts.finder)
    smoother = MoodSmoother(parts.params.smoothing)
    pipeline = Pipeline(parts)
    pixels = itertools.cycle([decode(jpeg).pixels_bgr for jpeg in jpegs])
    faces = parts.finder.find(next(pixels))
    if not faces:
        raise SystemExit("The finder sees no face in the benchmark's picture: nothing to measure.")
    one = next(pixels)
    crop = cut_crop(one, faces[0])[None]  # (1, 48, 48) uint8
    expression = Expression(probabilities=tuple(map(float, parts.reader.read_crops(crop)[0])))
    steps = {
        "decode": lambda: decode(next(turns)),
        "face: full search": lambda: parts.finder.find(next(pixels)),
        "face: tracking": lambda: tracker.track(next(pixels), next(clock) / FRAME_RATE_HZ),
        "crop": lambda: cut_crop(one, faces[0]),
        "expression": lambda: parts.reader.read_crops(crop),
        "mood": lambda: smoother.update(expression, 0.9, next(clock) / FRAME_RATE_HZ),
        "whole: JPEG → mood": lambda: pipeline.see(next(turns), next(clock) / FRAME_RATE_HZ),
    }
    return [{"stage": name, **spread(milliseconds(step, rounds=rounds))} for name, step in steps.items()]


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
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    jpegs = frames_of_a_face()
    rows = stages(jpegs, arguments.rounds)
    theirs = fer_row(jpegs, max(30, arguments.rounds // 5))
    notes = []
    if theirs:
        rows.append(theirs)
        notes.append(f"fer's median ÷ our whole way's: {theirs['median_ms'] / rows[-2]['median_ms']:.1f}")
    else:
        notes.append("fer is not installed here: `make fer` builds an environment that has it.")
    show("Milliseconds a 320×240 frame, one thread", rows, as_json=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
