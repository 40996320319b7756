"""A face whose lower or upper half is hidden is read with less confidence, and says which half it is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from feelharmonic.errors import SetupFault
from feelharmonic.reading import Networks
from feelharmonic.reading.faces.face_cover import FaceCover
from tests.support.samples import encode


@pytest.fixture(scope="module")
def networks():
    return Networks.load()


@pytest.fixture(scope="module")
def portrait(networks, astronaut_bgr):
    """The astronaut at three times the size, and where her eyes, nose and mouth are."""
    picture = cv2.resize(astronaut_bgr, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    return picture, networks.read_photograph(encode(picture, ".png")).faces[0]


def masked(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """With a mask from the nose to the chin."""
    down = points[3:].mean(axis=0) - points[:2].mean(axis=0)
    across = np.array([down[1], -down[0]])
    eyes = points[:2].mean(axis=0)
    outline = [eyes + x * across + y * down for x, y in ((-1.2, 0.5), (0, 0.45), (1.2, 0.5), (1.0, 1.9), (-1.0, 1.9))]
    made = picture.copy()
    cv2.fillPoly(made, [np.int32(np.round(outline))], (220, 200, 170), cv2.LINE_AA)
    return made


def with_dark_glasses(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    made, size = picture.copy(), float(np.hypot(*(points[3:].mean(axis=0) - points[:2].mean(axis=0))))
    for x, y in points[:2]:
        cv2.ellipse(
            made, (int(x), int(y)), (int(0.5 * size), int(0.4 * size)), 0, 0, 360, (15, 15, 15), -1, cv2.LINE_AA
        )
    return made


def test_a_clear_face_is_read_as_it_was(portrait):
    _, clear = portrait
    assert clear.hidden is None


@pytest.mark.parametrize(("cover", "half"), [(masked, "lower"), (with_dark_glasses, "upper")])
def test_a_hidden_half_is_named_and_makes_the_reading_less_sure(networks, portrait, cover, half):
    picture, clear = portrait
    (seen,) = networks.read_photograph(encode(cover(picture, clear.face.landmarks), ".png")).faces
    assert seen.hidden == half
    assert max(seen.expression.probabilities) < max(clear.expression.probabilities)


def test_softened_probabilities_keep_their_order_and_sum(networks):
    row = (0.02, 0.01, 0.05, 0.7, 0.1, 0.02, 0.1)
    soft = networks.cover.softened(row, "lower")
    assert sum(soft) == pytest.approx(1)
    assert np.argsort(soft).tolist() == np.argsort(row).tolist()
    assert max(soft) < 0.7
    assert networks.cover.softened(row, None) == row


def test_a_broken_file_is_a_fault_of_the_set_up(tmp_path):
    path = tmp_path / "face_cover.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(SetupFault, match=r"face_cover.npz: cannot be read .* Restore it"):
        FaceCover.load(path)
