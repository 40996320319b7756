"""Things that are taken for faces: each kind is drawn, inside the picture, and no scene of them has a face."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.scenes import two_sources
from training.face_finder.drawing.backgrounds import Painter
from training.face_finder.drawing.signs import HELD_OUT_KINDS, KINDS, TRAINING_KINDS, Sheet, Signs
from training.face_finder.scenes import SceneMaker

SIZE = (320, 240)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_painted_onto_its_sheet(kind):
    for seed in range(4):
        sheet = Sheet()
        KINDS[kind](Signs(Painter(np.random.default_rng(seed), SIZE)), sheet)
        assert (sheet.mask > 127).mean() > 0.01


def test_only_the_kinds_asked_for_are_drawn(monkeypatch):
    drawn = []
    for kind in KINDS:
        monkeypatch.setitem(KINDS, kind, lambda signs, sheet, kind=kind: drawn.append(kind))
    signs = Signs(Painter(np.random.default_rng(0), SIZE), TRAINING_KINDS)
    for _ in range(40):
        signs.add(np.zeros((*SIZE[::-1], 3), np.uint8))
    assert set(drawn) == set(TRAINING_KINDS)
    assert not set(drawn) & set(HELD_OUT_KINDS)


def test_a_sign_changes_the_picture_and_nothing_beside_it():
    ground = np.full((*SIZE[::-1], 3), 128, np.uint8)
    shares = []
    for seed in range(20):
        made = Signs(Painter(np.random.default_rng(seed), SIZE), ("plate",)).add(ground, most=1)
        assert made.shape == ground.shape
        shares.append((made != ground).any(2).mean())
    assert 0 < np.median(shares) < 0.6


def test_scenes_of_signs_and_of_parts_have_no_face():
    maker = SceneMaker(two_sources(), np.random.default_rng(5), 320)
    for scene in [maker.signs(), maker.parts(), maker.signs(), maker.parts()]:
        assert scene.picture.shape == (240, 320, 3)
        assert len(scene.boxes) == len(scene.ignored) == 0


def test_signs_lie_behind_the_faces_where_asked_for():
    before, after = (
        SceneMaker(two_sources(), np.random.default_rng(1), 320).scene(faceless=0.0, signs=share) for share in (0, 1)
    )
    assert len(before.boxes)
    assert len(after.boxes)
    assert (before.picture != after.picture).any()
