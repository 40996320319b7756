"""UTKFace's faces, ages and groups, and faults of its archive."""

from __future__ import annotations

import zipfile

import cv2
import numpy as np
import pytest

from tests.support.training_data import write_utkface
from training.data_dir import DataMissing
from training.expression.soft_labels import unlabelled_faces
from training.utkface import ARCHIVE, load_utkface


def test_ages_and_groups_come_from_the_file_names(tmp_path):
    valid = ["half/26_1_3_20170104.jpg", "half/101_0_4_2017.jpg"]
    invalid = ["half/61_1_20170109.jpg", "half/24_2_1_2017.jpg", "half/24_0_5_2017.jpg", "half/a_0_0_2017.jpg", "half/"]
    people = load_utkface(write_utkface(tmp_path, valid + invalid))
    assert people.age.tolist() == [101, 26]
    assert people.gender.tolist() == [0, 1]
    assert people.group.tolist() == [4, 3]
    assert people.crops.shape == (2, 48, 48)
    assert (np.diff(people.crops[0, 24].astype(int)) >= 0).all()
    assert people.crops[0, 24, 40] - people.crops[0, 24, 8] == pytest.approx(32 / 0.222, abs=6)


def test_the_eyes_and_mouth_of_utkface_lie_where_fer2013s_do(tmp_path):
    picture = np.zeros((200, 200), np.uint8)
    cv2.circle(picture, (100, 98), 6, 255, -1)
    crop = load_utkface(write_utkface(tmp_path, ["26_1_3_2017.jpg"], picture)).crops[0].astype(float)
    rows, columns = np.mgrid[:48, :48]
    assert (columns * crop).sum() / crop.sum() == pytest.approx(23.8 - 0.5 + 0.222 / 2, abs=0.3)
    assert (rows * crop).sum() / crop.sum() == pytest.approx(27.8 - 0.5 + 0.222 / 2, abs=0.3)


def test_an_absent_archive_is_named_and_gives_no_faces(tmp_path):
    with pytest.raises(DataMissing, match=r"utkface_half\.zip is missing"):
        load_utkface(tmp_path)
    assert unlabelled_faces(tmp_path).shape == (0, 48, 48)


def test_a_cut_archive_is_named(tmp_path):
    write_utkface(tmp_path, ["26_1_3_2017.jpg"])
    path = tmp_path / ARCHIVE
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataMissing, match=r"utkface_half\.zip: expected a ZIP archive of JPEGs, got a damaged one"):
        load_utkface(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_an_archive_of_damaged_pictures_is_named(tmp_path, content):
    path = tmp_path / ARCHIVE
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("26_1_3_2017.jpg", content)
    with pytest.raises(DataMissing, match="got a damaged one"):
        load_utkface(tmp_path)


def test_an_archive_without_valid_file_names_is_named(tmp_path):
    with pytest.raises(DataMissing, match=r"expected pictures named age_gender_group_date\.jpg, got none"):
        load_utkface(write_utkface(tmp_path, ["face.jpg"]))
