"""Scenes: faces are where their labels are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from feelharmonic.reading.faces.boxes import iou
from tests.support.scenes import drawn, two_sources
from training.face_finder.drawing.backgrounds import Backgrounds
from training.face_finder.drawing.camera_effects import Camera
from training.face_finder.geometry import HEIGHT, LFW_MEAN, WIDTH, share_in_view
from training.face_finder.scenes import MIN_SHARE_IN_VIEW, SceneMaker, Source

GREEN = (0, 255, 0)


@pytest.fixture(scope="module")
def faces() -> list[Source]:
    return two_sources()


def makers(faces: list[Source], count: int) -> list[SceneMaker]:
    return [SceneMaker(faces, np.random.default_rng(seed)) for seed in range(count)]


def test_scenes_are_whole(faces):
    for maker in makers(faces, 60):
        scene = maker.scene()
        assert scene.picture.shape == (HEIGHT, WIDTH, 3)
        assert scene.picture.dtype == np.uint8
        assert len(scene.boxes) == len(scene.points) == len(scene.roll_deg)
        assert all(share_in_view(box) >= MIN_SHARE_IN_VIEW for box in scene.boxes)
        assert all(share_in_view(box) < MIN_SHARE_IN_VIEW for box in scene.ignored)


def test_the_same_chance_makes_the_same_scene(faces):
    one, other = (SceneMaker(faces, np.random.default_rng(7)).scene() for _ in range(2))
    assert (one.picture == other.picture).all()
    assert (one.points == other.points).all()


def test_the_face_is_where_the_scene_says(faces, monkeypatch):
    # A green face, without camera effects: the green pixels must fill the ellipse's box and little else.
    monkeypatch.setattr(Camera, "_exposed", lambda self, picture: picture)
    monkeypatch.setattr(SceneMaker, "_cover", lambda self, picture, points: None)
    monkeypatch.setattr(SceneMaker, "_recoloured", lambda self, layer, picture, points: layer)
    monkeypatch.setattr(Backgrounds, "draw", lambda self: np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    monkeypatch.setattr(SceneMaker, "_head_and_body", lambda self, picture, points: None)
    source = drawn(250, LFW_MEAN, tight=False)
    source.picture[:] = 128
    cv2.ellipse(source.picture, ((125, 130), (86, 116), 0), GREEN, -1)
    checked = 0
    for maker in makers([source], 60):
        scene = maker.scene(faceless=0.0, fixed=source)
        if len(scene.boxes) != 1 or share_in_view(scene.boxes[0]) < 1:
            continue
        green = np.uint8((scene.picture[..., 1] > 200) & (scene.picture[..., 0] < 60))
        assert iou(tuple(scene.boxes[0]), cv2.boundingRect(green)) > 0.7
        checked += 1
    assert checked > 20


def test_faceless_scenes_have_no_face(faces):
    for maker in makers(faces, 30):
        scene = maker.scene(faceless=1.0)
        assert len(scene.boxes) == len(scene.ignored) == 0


def test_rolls_stay_within_what_was_asked(faces):
    rolls = [roll for maker in makers(faces, 80) for roll in maker.scene(roll_deg=20, faceless=0).roll_deg]
    assert np.abs(rolls).max() <= 24  # a stretched face may turn a little more
    wide = [roll for maker in makers(faces, 80) for roll in maker.scene(roll_deg=40, faceless=0).roll_deg]
    assert np.abs(wide).max() > 30


def test_scenes_may_be_made_as_large_as_frames_arrive(faces):
    for seed in range(12):
        scene = SceneMaker(faces, np.random.default_rng(seed), 320).scene()
        assert scene.picture.shape == (240, 320, 3)
        assert all(share_in_view(box, (320, 240)) >= MIN_SHARE_IN_VIEW for box in scene.boxes)
