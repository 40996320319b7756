"""A long photograph is searched in tiles, so that its faces are not shrunk until nothing finds them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from feelharmonic.reading import Networks
from feelharmonic.reading.faces.photograph_search import search_photograph, tile_starts
from tests.support.samples import encode


@pytest.fixture(scope="module")
def finder():
    return Networks.load().finder


@pytest.mark.parametrize("place", [100, 2900, 14000])
def test_a_face_of_a_tenth_of_a_panoramas_height_is_found(astronaut_bgr, place):
    """As a phone makes it: 16,000 × 3,000 pixels, the face 300 high."""
    panorama = np.full((3000, 16000, 3), 150, np.uint8)
    astronaut = cv2.resize(astronaut_bgr, None, fx=4.4, fy=4.4, interpolation=cv2.INTER_CUBIC)
    panorama[900 : 900 + len(astronaut), place : place + astronaut.shape[1]] = astronaut
    data = cv2.imencode(".jpg", panorama)[1].tobytes()
    (face,) = Networks.load().read_photograph(data).faces
    x, _, width, _ = face.face.box
    assert x + width / 2 == pytest.approx((place + 0.44 * 320 * 4.4) * 800 / 3000, abs=30)


def test_tall_pictures_are_searched_likewise(finder, astronaut_bgr):
    tall = np.full((4000, 600, 3), 150, np.uint8)
    tall[3000:3240, 100:420] = astronaut_bgr
    (face,) = search_photograph(finder, tall)
    assert 3000 < face.box[1] < 3240


def test_a_face_where_two_tiles_meet_is_one(finder, astronaut_bgr):
    wide = np.full((400, 2000, 3), 150, np.uint8)
    wide[80:320, 560:880] = astronaut_bgr
    assert len(search_photograph(finder, wide)) == 1


def test_tiles_cover_the_side_and_overlap():
    for length, tile in ((1601, 1600), (4267, 1600), (8000, 1600), (8000, 40)):
        starts = tile_starts(length, tile)
        assert (starts[0], starts[-1]) == (0, length - tile)
        assert max(np.diff(starts)) <= 0.75 * tile + 1


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_photograph_turned_by_any_quarter_is_read_as_the_upright_one(astronaut_bgr, turn):
    networks = Networks.load()
    (upright,) = networks.read_photograph(encode(astronaut_bgr, ".png")).faces
    turned = np.ascontiguousarray(np.rot90(astronaut_bgr, turn))
    (face,) = networks.read_photograph(encode(turned, ".png")).faces
    assert face.expression.probabilities == pytest.approx(upright.expression.probabilities, abs=0.05)
    x, y, width, height = upright.face.box
    middle = np.array([[x + width / 2, y + height / 2]])
    across, down = astronaut_bgr.shape[1], astronaut_bgr.shape[0]
    places = {1: (middle[0, 1], across - middle[0, 0]), 2: (across - middle[0, 0], down - middle[0, 1])}
    places[3] = (down - middle[0, 1], middle[0, 0])
    left, top, wide, high = face.face.box
    assert (left + wide / 2, top + high / 2) == pytest.approx(places[turn], abs=4)


def test_a_picture_without_a_face_has_none_in_any_turn(finder):
    slope = np.linspace(60, 190, 640, dtype=np.uint8)
    assert search_photograph(finder, np.repeat(np.tile(slope, (480, 1))[:, :, None], 3, axis=2)) == []
