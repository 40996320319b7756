"""The splits by person, and photographs left out of all of them."""

from __future__ import annotations

import zipfile

import cv2
import numpy as np
import pytest

from training.face_finder import data
from training.face_finder.data import load_sources, split_of


def test_a_person_is_in_one_split_only():
    names = [f"Some_Body_{number:04d}.jpg" for number in range(1, 40)]
    assert len({split_of(name) for name in names}) == 1


def test_a_fifth_of_the_names_is_held_out():
    splits = [split_of(f"Name_{i}_0001.jpg") for i in range(4000)] + [split_of(f"{i}_1_2_x.jpg") for i in range(4000)]
    assert splits.count("test") / 8000 == pytest.approx(0.20, abs=0.02)
    assert splits.count("tune") / 8000 == pytest.approx(0.05, abs=0.01)


def test_photographs_with_bystanders_are_in_no_split(tmp_path, monkeypatch):
    alone, crowd = "Ann_Alone_0001.jpg", "Carl_Crowd_0001.jpg"
    picture = cv2.imencode(".jpg", np.zeros((250, 250, 3), np.uint8))[1].tobytes()
    for archive, names in (("lfw/lfw_deepfunneled_part.zip", (alone, crowd)), ("utkface/utkface_half.zip", ())):
        (tmp_path / archive).parent.mkdir()
        with zipfile.ZipFile(tmp_path / archive, "w") as archived:
            for name in names:
                archived.writestr(name, picture)
    listed = tmp_path / "crowded.txt"
    listed.write_text(f"{crowd}\n", encoding="utf-8")
    monkeypatch.setattr(data, "CROWDED_PATH", listed)
    names = [name for split in ("train", "tune", "test") for name in load_sources(tmp_path, None, split)[1]]
    assert names == [alone]
