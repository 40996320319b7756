"""Faces from elsewhere: parts by person, figures, areas under curves."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tqdm", reason="needs requirements-train.txt")

from training.strangers import area_under_curve, figures, harder, load_strangers, part_of, person_of


class NoFinder:
    """For sets that are cut already."""

    def find(self, frame_bgr: np.ndarray) -> list:
        return []


@pytest.fixture
def folder(tmp_path) -> Path:
    """`posed/` with eight people, two frames each."""
    for emotion in ("angry", "happy"):
        (tmp_path / "posed" / emotion).mkdir(parents=True)
        for i in range(8):
            for frame in (10, 11):
                picture = np.random.default_rng(100 * i + frame).integers(0, 255, (48, 48), dtype=np.uint8)
                cv2.imwrite(str(tmp_path / "posed" / emotion / f"S{i:03}_001_{frame:08}.png"), picture)
    (tmp_path / "posed" / "set.json").write_text(
        json.dumps({"classes": {"angry": "angry", "happy": "happy"}, "crops": True})
    )
    return tmp_path


def test_a_person_lies_in_one_part_alone(folder):
    (one,) = load_strangers(folder, NoFinder()).values()
    learn, choose = one.part("learn"), one.part("choose")
    assert len(one.label) == len(learn.label) + len(choose.label) == 32
    assert not set(learn.person) & set(choose.person)
    assert len(learn.label), len(choose.label)
    assert set(one.person) == {f"S{i:03}" for i in range(8)}


@pytest.mark.parametrize(
    ("name", "person"),
    [("Colin_Powell_0180.jpg", "Colin_Powell"), ("S010_004_00000017.png", "S010"), ("002.jpg", "002")],
)
def test_a_name_tells_the_person(name, person):
    assert person_of(Path(name)) == person


def test_half_of_the_people_lie_in_each_part():
    parts = [part_of(f"person {i}") for i in range(2000)]
    assert 0.45 < parts.count("learn") / 2000 < 0.55


def test_figures_count_emotions_with_enough_faces_in_the_mean():
    label = np.repeat([0, 3, 6], [5, 20, 20])
    read = np.eye(7)[np.repeat([0, 3, 3], [5, 20, 20])] * 0.9 + 0.01
    found = figures(read, label)
    assert found["recall"] == {"angry": 1, "happy": 1, "neutral": 0}
    assert found["mean_recall"] == 0.5
    assert found["accuracy"] == pytest.approx(25 / 45)
    assert "auc" not in found


def test_smiles_against_resting_faces_have_an_area_under_the_curve():
    read = np.full((4, 7), 0.1)
    read[:, 3] = (0.9, 0.4, 0.5, 0.1)
    assert figures(read, np.array([3, 3, 6, 6]))["auc"] == 0.75


def test_a_tie_counts_half():
    assert area_under_curve(np.array([1.0, 1.0]), np.array([True, False])) == 0.5


def test_a_second_picture_of_a_face_is_darker_and_coarser():
    crops = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)
    seen = harder(crops)
    assert seen.shape == crops.shape
    assert seen.mean() == pytest.approx(0.7 * crops.mean(), rel=0.03)
    assert seen.std() < 0.7 * crops.std()
