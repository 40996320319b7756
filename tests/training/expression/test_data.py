"""FER2013's files: labels land on their faces, copies stay out, faults of the files are named."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from feelharmonic.emotions import EMOTIONS
from tests.support.training_data import FER_ROWS, cut, pictures, write_fer
from training.data_dir import DataMissing
from training.expression import data
from training.expression.data import (
    COLUMNS,
    FER2013,
    FERPLUS,
    OTHER_VOTES,
    VOTES,
    Faces,
    ferplus_majority,
    hard_labels,
    load_fer,
    load_training_faces,
    votes,
)


@pytest.fixture
def crops() -> np.ndarray:
    return pictures(len(FER_ROWS), side=48)


@pytest.fixture
def folder(tmp_path, crops) -> Path:
    return write_fer(tmp_path / "sets", crops)


def share(**shares: float) -> list[float]:
    return [shares.get(name, 0.0) for name in VOTES]


def test_labels_and_shares_land_on_their_faces(folder, crops):
    train, valid = load_fer(folder, "train"), load_fer(folder, "valid")
    np.testing.assert_array_equal(train.crops, crops[[0, 2, 3, 5]])
    np.testing.assert_array_equal(valid.crops, crops[[1, 4]])
    assert [EMOTIONS[i] for i in train.targets[:, FER2013].argmax(1)] == ["angry", "disgust", "neutral", "surprise"]
    assert [EMOTIONS[i] for i in valid.targets[:, FER2013].argmax(1)] == ["happy", "sad"]
    np.testing.assert_allclose(
        train.targets[:, FERPLUS],
        [share(anger=0.75, neutral=0.25), share(disgust=1), share(), share(surprise=0.5, fear=0.5)],
    )
    np.testing.assert_allclose(valid.targets[:, FERPLUS], [share(happiness=1), share(sadness=1)])
    assert train.weights.tolist() == [1] * 4


def test_votes_are_in_the_order_of_the_emotions_and_the_others_last(folder):
    names = VOTES + OTHER_VOTES
    expected = np.zeros((2, 10), int)
    expected[0, names.index("happiness")] = 10
    expected[1, [names.index("sadness"), names.index("unknown")]] = 2, 6
    np.testing.assert_array_equal(votes(folder, "valid"), expected)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("3,train,neutral" + ",two" + ",0" * 9, r"expected a whole number in 'votes_\w+', got 'two' for face 3\. Copy"),
        ("3,train,neutral" + ",-1" + ",0" * 9, "got '-1' for face 3"),
        ("3.0,train,neutral" + ",0" * 10, "expected a whole number in 'i', got '3.0'"),
        ("3,train,bored" + ",0" * 10, "expected one of angry.* in 'fer2013', got 'bored' for face 3"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(folder, line, expected):
    path = folder / "fer" / "labels.csv"
    lines = path.read_text().splitlines()
    lines[4] = line
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataMissing, match=expected):
        load_fer(folder, "train")


def test_a_split_that_is_none_is_refused(folder):
    with pytest.raises(ValueError, match="Expected a split out of train, valid, got 'test'"):
        load_fer(folder, "test")


def test_a_missing_sheet_is_named(folder):
    (folder / "fer" / "sheet_00.png").unlink()
    with pytest.raises(DataMissing, match=r"expected 2 sheets for 6 faces.*got none named sheet_00\.png.*Copy them"):
        load_fer(folder, "train")


def test_a_missing_last_sheet_is_named(folder):
    (folder / "fer" / "sheet_01.png").unlink()
    with pytest.raises(DataMissing, match=r"got none named sheet_01\.png"):
        load_fer(folder, "train")


def test_a_sheet_of_too_few_faces_is_named(folder):
    cv2.imwrite(str(folder / "fer" / "sheet_00.png"), np.zeros((48, 96), np.uint8))
    with pytest.raises(DataMissing, match=r"sheet_00\.png: expected 4 faces, got 2"):
        load_fer(folder, "valid")


@pytest.mark.parametrize("picture", [b"no picture", cv2.imencode(".png", np.zeros((40, 96), np.uint8))[1].tobytes()])
def test_a_sheet_that_is_no_picture_of_faces_is_named(folder, picture):
    (folder / "fer" / "sheet_01.png").write_bytes(picture)
    with pytest.raises(DataMissing, match=r"sheet_01\.png: expected a picture of 48×48 faces"):
        load_fer(folder, "valid")


HEADER = ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected the columns i, split, fer2013, .*got none named i, split"),
        ("i,split\n0,train\n", "got none named fer2013, votes_anger"),
        (HEADER, "expected faces of train and valid, got 0 rows and none of train"),
        (HEADER + "0,train,angry" + ",1" * 10, "got 1 rows and none of valid"),
        (HEADER + "0,train,angry" + ",1" * 10 + "\n1,valid,ha", "got fewer for face 1"),
    ],
)
@pytest.mark.parametrize("read", [load_fer, votes])
def test_a_table_that_lacks_something_says_what(folder, text, said, read):
    (folder / "fer" / "labels.csv").write_text(text)
    with pytest.raises(DataMissing, match=said):
        read(folder, "train")


def test_an_absent_table_is_named(tmp_path):
    with pytest.raises(DataMissing, match=r"labels\.csv is missing: the labels of FER2013"):
        load_fer(tmp_path, "train")


@pytest.mark.parametrize(
    ("counts", "emotion"),
    [
        ((0, 0, 0, 5, 0, 0, 5, 0, 0, 0), 6),  # happy and neutral tie: neutral is the file's first
        ((4, 0, 0, 0, 3, 0, 0, 0, 0, 0), 0),
        ((2, 0, 0, 0, 0, 0, 0, 8, 0, 0), -1),  # contempt leads
        ((0,) * 10, -1),
    ],
)
def test_majority_of_the_votes(counts, emotion):
    assert ferplus_majority(np.array([counts])).tolist() == [emotion]


ASIDE = [(0, 0), (2, 0), (0, -3), (-2, 3), (3, 3), (4, -4)]


def faces_of(crops: np.ndarray) -> Faces:
    count = len(crops)
    return Faces(crops=crops, targets=np.zeros((count, 3, 7), np.float32), weights=np.arange(count, dtype=np.float32))


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize(("down", "right"), ASIDE)
def test_copies_are_found_though_shifted_mirrored_or_lit(down, right, mirrored):
    whole = pictures(5)
    faces = faces_of(np.stack([cut(one) for one in whole]))
    copy = np.uint8(cut(whole[3], down, right) * 0.6 + 20)
    if mirrored:
        copy = copy[:, ::-1]
    kept = data.without_copies(faces, np.stack([pictures(1, seed=9, side=48)[0], copy]))
    assert kept.weights.tolist() == [0, 1, 2, 4]


@pytest.mark.parametrize("scale", [0.9, 0.93, 1.07, 1.1])
def test_copies_are_found_though_scaled(scale):
    whole = pictures(5)
    move = np.array([[scale, 0, 32 * (1 - scale)], [0, scale, 32 * (1 - scale)]])
    copy = cut(cv2.warpAffine(whole[3], move, (64, 64), borderMode=cv2.BORDER_REPLICATE))
    kept = data.without_copies(faces_of(np.stack([cut(one) for one in whole])), copy[None])
    assert kept.weights.tolist() == [0, 1, 2, 4]


def test_copies_with_another_edge_are_found():
    one, other = pictures(2, side=48)
    copy = other.copy()
    copy[4:44, 4:44] = one[4:44, 4:44]
    assert not len(data.without_copies(faces_of(one[None]), copy[None]))


def test_copies_with_other_middles_are_found_by_the_whole():
    (one,) = pictures(1, side=48)
    one[:4] = one[-4:] = 0
    one[4:-4] = one[4:-4] // 8 + 110
    copy = one.copy()
    copy[20:28, 20:28] = 140
    copy[12:20, 30:38] = 90
    assert not len(data.without_copies(faces_of(one[None]), copy[None]))


def test_other_photographs_are_no_copies():
    faces = faces_of(pictures(30, side=48))
    assert len(data.without_copies(faces, pictures(30, seed=1, side=48))) == 30
    assert len(data.without_copies(faces, faces.crops[:0])) == 30
    assert len(data.without_copies(faces.take(np.arange(0)), faces.crops)) == 0


def test_training_leaves_out_copies_of_valid(folder_with_copies):
    folder, crops = folder_with_copies
    faces, valid = load_training_faces(folder)
    np.testing.assert_array_equal(faces.crops, crops[[2, 3]])
    assert [EMOTIONS[i] for i in faces.targets[:, FER2013].argmax(1)] == ["disgust", "neutral"]
    np.testing.assert_array_equal(valid.crops, crops[[1, 4]])


def test_hard_labels_are_the_majority_and_fer2013s_label(folder):
    labels = hard_labels(folder, "valid")
    assert [EMOTIONS[i] for i in labels["fer2013"]] == ["happy", "sad"]
    assert labels["ferplus"].tolist() == [EMOTIONS.index("happy"), -1]
