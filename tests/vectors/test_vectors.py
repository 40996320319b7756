"""The vectors that the JavaScript stages are held to are what the Python stages give today."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from feelharmonic.params import Params
from feelharmonic.reading.browser_constants import constants_for_browser
from tests.vectors.make import vectors

FOLDER = Path(__file__).resolve().parent

#: OpenCV's releases round a little differently; tests/js/reading/stages.test.js allows as much on its side.
MAX_LEVELS = 5


@pytest.fixture(scope="module")
def made() -> dict[str, dict]:
    return vectors()


@pytest.mark.parametrize(
    "name", ["pictures", "maps", "tracker", "moods", "group", "baseline", "quality", "files", "listener"]
)
def test_the_vectors_are_those_of_todays_stages(made, name):
    name = f"{name}.json"
    written = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    fault = difference(json.loads(json.dumps(made[name])), written, name)
    assert fault is None, f"{fault}\nRun `python -m tests.vectors.make`, then `npm test` says what JavaScript must."


def test_every_constant_that_the_browser_gets_is_plain_json():
    constants = constants_for_browser(Params.load())
    assert json.loads(json.dumps(constants)) == json.loads(json.dumps(constants, default=str))
    stages = {"expression", "finder", "tracker", "listener", "cover", "guess", "crop", "mood", "baseline", "quality"}
    assert set(constants) == {*stages, "max_faces_read"}


def difference(one: object, other: object, where: str) -> str | None:
    """The first place where two documents differ by more than rounding, None where none does."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        if {"data", "channels"} <= one.keys():
            return _levels(one, other, where)
        # OpenCV 4 samples in steps, OpenCV 5 does not: worth a few levels, which are allowed.
        keys = [key for key in one if key != "sampling_steps"]
        return first(difference(one[key], other[key], f"{where}: {key}") for key in keys)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return first(difference(*pair, f"{where}[{i}]") for i, pair in enumerate(zip(one, other, strict=True)))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return None if one == pytest.approx(other, abs=1e-3) else f"{where}: {one}, written is {other}"
    return None if one == other else f"{where}: is {str(one)[:60]}, written is {str(other)[:60]}"


def first(faults):
    return next((fault for fault in faults if fault is not None), None)


def _levels(one: dict, other: dict, where: str) -> str | None:
    pictures = [np.frombuffer(base64.b64decode(picture["data"]), np.uint8).astype(int) for picture in (one, other)]
    if pictures[0].shape != pictures[1].shape:
        return f"{where}: another size"
    off = int(np.abs(pictures[0] - pictures[1]).max(initial=0))
    return None if off <= MAX_LEVELS else f"{where}: off by {off} levels of 255"
