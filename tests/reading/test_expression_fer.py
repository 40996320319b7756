"""The `fer` backend without the package: what is missing is said, crops reach the network as fer itself sends them."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from feelharmonic.errors import BadInput, SetupFault
from feelharmonic.reading.expression_fer import FerReader


def test_a_missing_package_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "fer", None)
    with pytest.raises(SetupFault, match="Run `make fer`"):
        FerReader.load()


def test_a_package_that_this_opencv_does_not_suit_gives_the_same_error(monkeypatch):
    """fer looks for OpenCV's Haar cascade at its start, which OpenCV 5 has not."""

    class Fer:
        def __init__(self):
            raise AttributeError("module 'cv2' has no attribute 'CascadeClassifier'", name="CascadeClassifier")

    package, module = ModuleType("fer"), ModuleType("fer.fer")
    module.FER = Fer
    monkeypatch.setitem(sys.modules, "fer", package)
    monkeypatch.setitem(sys.modules, "fer.fer", module)
    with pytest.raises(SetupFault, match=r"lacks \(CascadeClassifier\)\. Run `make fer`"):
        FerReader.load()


def test_crops_arrive_at_64_pixels_between_minus_one_and_one():
    came: list[np.ndarray] = []

    def classify(faces: np.ndarray) -> np.ndarray:
        came.append(faces)
        return np.full((len(faces), 7), 1 / 7)

    crops = np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8)])
    read = FerReader(classify).read_crops(crops, labels="fer2013")
    assert (read.shape, read.dtype) == ((2, 7), np.float32)
    (faces,) = came
    assert faces.shape == (2, 64, 64)
    assert (faces[0].min(), faces[1].max()) == (-1, 1)


@pytest.mark.parametrize(
    ("crops", "came"),
    [
        (None, "NoneType"),
        (np.zeros((0, 48, 48), np.uint8), r"shape \(0, 48, 48\)"),
        (np.zeros((1, 64, 64), np.uint8), r"shape \(1, 64, 64\)"),
        (np.zeros((48, 48), np.uint8), r"shape \(48, 48\)"),
        (np.array(1, np.uint8), r"shape \(\)"),
        (np.zeros((1, 48, 48)), "dtype float64"),
    ],
)
def test_bad_crops_are_refused(crops, came):
    with pytest.raises(BadInput, match=came):
        FerReader(None).read_crops(crops)


def test_unknown_labels_are_refused():
    with pytest.raises(BadInput, match="Expected labels to be None or one of"):
        FerReader(None).read_crops(np.zeros((1, 48, 48), np.uint8), labels="votes")
