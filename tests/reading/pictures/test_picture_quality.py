"""What the camera cannot give is said, and the mood holds."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from feelharmonic.reading import Face, Networks, Pipeline
from feelharmonic.reading.pictures import picture_quality
from feelharmonic.reading.pictures.picture_quality import (
    BRIGHT,
    DARK,
    FROZEN_S,
    MAX_GAP_S,
    MIN_FACE_PX,
    PROBLEMS,
    PictureQuality,
)
from tests.support.samples import encode

FACE = Face(box=(120.0, 40.0, 60.0, 80.0), score=0.9)


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks.load()


def problem(frame: np.ndarray, *faces: Face) -> str | None:
    return PictureQuality().problem(frame, faces, 0.0)


def scaled(frame: np.ndarray, factor: float, shift: float = 0.0) -> np.ndarray:
    return np.clip(frame * factor + shift, 0, 255).astype(np.uint8)


def test_a_good_picture_has_no_problem(astronaut_bgr):
    assert problem(astronaut_bgr, FACE) is None
    assert problem(astronaut_bgr) is None


@pytest.mark.parametrize(
    ("factor", "shift", "found", "said"),
    [
        (0.3, 0, True, None),
        (0.03, 0, True, "too_dark"),
        (0.08, 0, False, "too_dark"),
        (1, 100, True, None),
        (0.05, 235, True, "too_bright"),
        (0.4, 190, False, "too_bright"),
    ],
)
def test_light_that_shows_no_face_is_said(astronaut_bgr, factor, shift, found, said):
    assert problem(scaled(astronaut_bgr, factor, shift), *[FACE] * found) == said


def test_a_black_picture_is_a_closed_shutter_and_a_dark_room_is_not(astronaut_bgr):
    assert PictureQuality().problem(np.zeros_like(astronaut_bgr), [], 0.0) == "black"
    noise = np.random.default_rng(0).normal(3, 2, astronaut_bgr.shape)
    assert PictureQuality().problem(np.clip(noise, 0, 255).astype(np.uint8), [], 0.0) == "too_dark"


def test_a_window_that_outshines_half_of_the_picture_is_said(astronaut_bgr):
    astronaut_bgr = astronaut_bgr.copy()
    astronaut_bgr[:, :170] = 255
    assert problem(astronaut_bgr) == "too_bright"
    assert problem(astronaut_bgr, FACE) is None


def test_a_covered_camera_is_said_only_where_no_face_is_found(astronaut_bgr):
    covered = scaled(cv2.GaussianBlur(astronaut_bgr, (201, 201), 0), 0.2, 60)
    assert problem(covered) == "covered"
    assert problem(covered, FACE) is None


def test_a_plain_wall_in_a_lit_room_is_no_covered_camera(astronaut_bgr):
    assert problem(np.full_like(astronaut_bgr, 130)) is None
    assert problem(np.full_like(astronaut_bgr, 60)) == "covered"


def test_the_same_picture_for_three_seconds_is_frozen(astronaut_bgr):
    quality = PictureQuality()
    said = [quality.problem(astronaut_bgr, [FACE], i / 5) for i in range(20)]
    assert said == [None] * int(FROZEN_S * 5) + ["frozen"] * (20 - int(FROZEN_S * 5))
    moving = astronaut_bgr.copy()
    moving[0, 0, 0] ^= 1
    assert quality.problem(moving, [FACE], 4.2) is None


def test_pictures_that_differ_in_one_pixel_of_any_row_are_not_frozen(astronaut_bgr):
    quality = PictureQuality()
    for i in range(20):
        astronaut_bgr = astronaut_bgr.copy()
        astronaut_bgr[3, 5, 1] = i
        assert quality.problem(astronaut_bgr, [FACE], i / 5) is None


def test_all_pixels_are_summed_only_where_some_rows_stay_the_same(astronaut_bgr, monkeypatch):
    summed = []
    monkeypatch.setattr(picture_quality, "_checksum", lambda pixels: summed.append(len(pixels)) or pixels.tobytes())
    quality = PictureQuality()
    other = astronaut_bgr[:, ::-1]
    for i, frame in enumerate((astronaut_bgr, other, astronaut_bgr, astronaut_bgr)):
        quality.problem(frame, [FACE], i / 5)
    assert summed == [30, 30, 30, 30, 240]


@pytest.mark.parametrize("level", [*range(5, 15), *range(225, 240)])
def test_a_picture_with_a_face_is_judged_as_its_thumbnail_is(level):
    noisy = np.random.default_rng(level).integers(level - 5, level + 6, (241, 323, 3)).astype(np.uint8)
    mean = cv2.cvtColor(cv2.resize(noisy, (32, 24), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY).mean()
    expected = "too_dark" if mean < DARK else "too_bright" if mean > BRIGHT else None
    assert problem(noisy, FACE) == expected


def test_no_thumbnail_is_made_of_a_well_lit_face(astronaut_bgr, monkeypatch):
    monkeypatch.setattr(cv2, "resize", lambda *_, **__: pytest.fail("was shrunk"))
    assert problem(astronaut_bgr, FACE) is None


def test_two_equal_pictures_with_a_long_gap_are_not_frozen(astronaut_bgr):
    quality = PictureQuality()
    assert [quality.problem(astronaut_bgr, [FACE], i * (MAX_GAP_S + 0.1)) for i in range(6)] == [None] * 6


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ((100.0, 100.0, 20.0, MIN_FACE_PX - 1), "face_too_far"),
        ((100.0, 100.0, 20.0, MIN_FACE_PX + 1), None),
        ((-15.0, 40.0, 80.0, 100.0), None),
        ((-30.0, 40.0, 80.0, 100.0), "face_cut_off"),
        ((100.0, 200.0, 80.0, 100.0), "face_cut_off"),
        ((-200.0, 40.0, 80.0, 100.0), "face_cut_off"),
    ],
)
def test_a_face_too_far_or_cut_off_is_said(astronaut_bgr, box, said):
    assert problem(astronaut_bgr, Face(box=box, score=0.9)) == said


def test_the_mood_holds_while_a_picture_cannot_be_read(networks, astronaut_bgr, astronaut_jpeg):
    pipeline = Pipeline(networks)
    pipeline.see(astronaut_jpeg, 0.0)
    chance = np.random.default_rng(0)
    for i in range(1, 100):
        dark = np.clip(chance.normal(3, 1, astronaut_bgr.shape), 0, 255).astype(np.uint8)
        reading = pipeline.see(encode(dark), i / 5)
        assert (reading.picture_problem, reading.expression, reading.group) == ("too_dark", None, None)
        assert reading.mood.emotion == "happy"
    assert pipeline.see(astronaut_jpeg, 20.0).picture_problem is None


def test_a_frozen_camera_changes_no_mood(networks, astronaut_jpeg):
    pipeline = Pipeline(networks)
    readings = [pipeline.see(astronaut_jpeg, i / 5) for i in range(30)]
    assert readings[-1].picture_problem == "frozen"
    assert readings[-1].faces
    assert readings[-1].mood.emotion == readings[0].mood.emotion


def test_each_problem_has_a_text(project):
    import json

    for language in ("en", "de"):
        texts = json.loads((project / "static" / "messages" / f"{language}.json").read_text(encoding="utf-8"))
        assert {f"picture.{code}" for code in PROBLEMS} <= set(texts)
