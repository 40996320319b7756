"""What a browser needs to read faces by itself: the constants of every stage, and which files the networks are.

In: Params and the stages' own constants. Out: JSON-ready values for static/js/reading/, so that no figure is written
twice. Nothing is computed here that a stage computes.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import cv2

from feelharmonic.emotions import EMOTIONS
from feelharmonic.params import Params
from feelharmonic.reading import boxes, crop, expression, face_finder, face_tracker, mood
from feelharmonic.reading.networks import MOST_FACES_READ

#: The networks by the names that the browser asks for.
NETWORKS: dict[str, Path] = {
    path.name: path for path in (face_finder.WEIGHTS_PATH, face_finder.REFINER_PATH, expression.WEIGHTS_PATH)
}

FINDER = (
    "FULL_SIZE",
    "WINDOW_SIZE",
    "STRIDE",
    "SIZE_UNIT",
    "LEAST_SCORE",
    "LEAST_SCORE_CANDIDATE",
    "LEAST_SCORE_SURE",
    "LEAST_SCORE_GLIMPSED",
    "MOST_SCORE_MIRRORED",
    "MOST_SCORE",
    "FIRST_LOOK_WEIGHT",
    "LEAST_SCORE_FOLLOWED",
    "MOST_CONFIRMED",
    "SAME_FACE_IOU",
    "LEAST_OVERLAP",
    "WINDOW_SHARE",
)

FOLLOWER = ("FULL_SEARCH_S", "MOST_FOLLOWED", "SAME_FACE_IOU", "LEAST_OVERLAP", "JITTER_SHARE", "STEADY_SHARE")

CROP = ("CROP_SIDE_PX", "CROP_EYES", "CROP_MOUTH")

#: OpenCV 4 takes points between pixels in so many steps a pixel, OpenCV 5 where they are: the browser does as the
#: server would.
SAMPLING_STEPS = 32 if int(cv2.__version__.split(".")[0]) < 5 else None


def constants(params: Params) -> dict:
    """The stages' constants under their own names in lower case; static/js/types.js describes the same."""
    return {
        "finder": {**_of_face(FINDER), "sampling_steps": SAMPLING_STEPS},
        "follower": _of_face(FOLLOWER),
        "crop": {**_of_face(CROP), "sampling_steps": SAMPLING_STEPS},
        "mood": {
            "emotions": list(EMOTIONS),
            "resting": mood.RESTING.tolist(),
            "floor": mood.FLOOR,
            "strength": params.baseline.strength,
            "smoothing": asdict(params.smoothing),
        },
        "most_faces_read": MOST_FACES_READ,
    }


def _of_face(names: tuple[str, ...]) -> dict:
    values = vars(boxes) | vars(crop) | vars(face_tracker) | vars(face_finder)
    return {name.lower(): values[name] for name in names}
