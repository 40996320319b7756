"""What a browser needs to read faces by itself: the constants of every stage, and which files the networks are.

The constants are those of the Python stages, so that no number is written twice. No stage's work is done here.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2

from feelharmonic.emotions import CLOSE, EMOTIONS, MIN_SURE, VALENCE_AROUSAL
from feelharmonic.params import Params
from feelharmonic.reading import baseline, expression
from feelharmonic.reading.faces import boxes, crop, face_finder, face_tracker
from feelharmonic.reading.faces.face_cover import FaceCover
from feelharmonic.reading.networks import MAX_FACES_READ
from feelharmonic.reading.pictures import picture_quality

#: The networks by the names that the browser requests.
BROWSER_NETWORKS: dict[str, Path] = {
    path.name: path for path in (face_finder.WEIGHTS_PATH, face_finder.REFINER_PATH, expression.WEIGHTS_PATH)
}

FINDER = (
    "DETECTOR_SIZE",
    "REFINER_SIZE",
    "STRIDE",
    "SIZE_UNIT",
    "MIN_SCORE",
    "MIN_CANDIDATE_SCORE",
    "SURE_SCORE",
    "MIN_REFINED_SCORE",
    "MAX_MIRRORED_SCORE",
    "MAX_SCORE",
    "DETECTOR_WEIGHT",
    "MIN_TRACKED_SCORE",
    "MAX_REFINED",
    "SAME_FACE_IOU",
    "MIN_IOU",
    "WINDOW_SHARE",
    "MIN_FOUND_PX",
)

TRACKER = (
    "FULL_SEARCH_S",
    "SEARCH_GROWTH",
    "LONGEST_SEARCH_S",
    "POINTS",
    "CELL_POINTS",
    "CHANGED_LEVELS",
    "CHANGED_POINTS",
    "BESIDE_WIDTHS",
    "SHOULDER_WIDTHS",
    "ABOVE_HEIGHTS",
    "MAX_TRACKED",
    "SAME_FACE_IOU",
    "MIN_IOU",
    "JITTER_SHARE",
    "STEADY_SHARE",
)

LISTENER = ("SURE_SCORE_OF_FACE", "MIN_SHARPNESS", "LISTENER_RELIEF")

CROP = ("CROP_SIDE_PX", "CROP_EYES", "CROP_MOUTH", "MIN_CONTRAST")

EXPRESSION = ("UNCHANGED_LEVELS", "SAME_LEVELS", "SURE_PROBABILITY")

QUALITY = (
    "THUMBNAIL_SIZE",
    "DARK",
    "BRIGHT",
    "DARK_WITHOUT_FACE",
    "BRIGHT_WITHOUT_FACE",
    "SATURATED",
    "MAX_SATURATED_SHARE",
    "MIN_DEVIATION",
    "COVERED_BELOW",
    "BLACK",
    "BLACK_DEVIATION",
    "FROZEN_S",
    "MAX_GAP_S",
    "MIN_FACE_PX",
    "MAX_OUTSIDE_SHARE",
)

#: OpenCV 4 rounds sampling points to 1/32 of a pixel, OpenCV 5 does not. The browser does as the server's OpenCV.
SAMPLING_STEPS = 32 if int(cv2.__version__.split(".")[0]) < 5 else None


def constants_for_browser(params: Params) -> dict[str, Any]:
    """The stages' constants under their names in lower case, JSON-ready; static/js/types.js describes the same."""
    return {
        "finder": {**_values(FINDER), "sampling_steps": SAMPLING_STEPS},
        "tracker": _values(TRACKER),
        "listener": _values(LISTENER),
        "cover": FaceCover.load().constants(),
        "guess": {"min_sure": MIN_SURE, "close": CLOSE},
        "crop": {**_values(CROP), "sampling_steps": SAMPLING_STEPS},
        "mood": {
            "emotions": list(EMOTIONS),
            "valence_arousal": [list(point) for point in VALENCE_AROUSAL],
            "smoothing": asdict(params.smoothing),
        },
        "baseline": {**asdict(params.baseline), "floor": baseline.FLOOR, "neutral_index": baseline.NEUTRAL},
        "quality": _values(QUALITY),
        "expression": _values(EXPRESSION),
        "max_faces_read": MAX_FACES_READ,
    }


def _values(names: tuple[str, ...]) -> dict[str, Any]:
    values = (
        vars(boxes) | vars(crop) | vars(face_tracker) | vars(face_finder) | vars(picture_quality) | vars(expression)
    )
    return {name.lower(): values[name] for name in names}
