"""Sets of photographs by folder: labels by the map, faces by the finder, each set weighted, held back and reported."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training's tests need requirements-train.txt")

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.faces.face_finder import FaceFinder
from feelharmonic.reading.messages import Face
from training.data_dir import DataMissing
from training.expression.data import FER2013, FERPLUS, STRANGERS, Faces
from training.expression.network import SHAPES, ExpressionNetwork
from training.expression.picture_folders import digest, held_out_names, load_folder, load_folders
from training.expression.runs import Plan
from training.expression.train import Validation, train, with_sets


class SquareFinder:
    """Finds the bright square of a dark picture, as a face."""

    def find(self, frame_bgr: np.ndarray) -> list[Face]:
        rows, columns = (np.flatnonzero((frame_bgr[..., 0] > 128).any(axis)) for axis in (1, 0))
        if not len(rows):
            return []
        top, left = float(rows[0]), float(columns[0])
        return [Face(box=(left, top, len(columns), len(rows)), score=0.9)]


def photograph(seed: int, *, face: bool = True) -> np.ndarray:
    """(100, 140, 3) uint8, dark, with a bright patterned square or without."""
    chance = np.random.default_rng(seed)
    picture = chance.integers(0, 60, (100, 140, 3)).astype(np.uint8)
    if face:
        picture[20:70, 50:100] = chance.integers(140, 255, (50, 50, 1))
    return picture


def write(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, picture)[1].tobytes())


def describe(folder: Path, **said: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "set.json").write_text(json.dumps(said))
    return folder


@pytest.fixture
def photographs(tmp_path) -> Path:
    """Twenty faces of joy, ten of anger, one photograph without a face, one cut file, and contempt, not used."""
    folder = describe(tmp_path / "album", classes={"joy": "happy", "anger": "angry", "contempt": None}, weight=0.5)
    for i in range(20):
        write(folder / "joy" / f"{i:02}.png", photograph(i))
    for i in range(10):
        write(folder / "anger" / f"{i:02}.png", photograph(100 + i))
    write(folder / "contempt" / "one.png", photograph(200))
    write(folder / "joy" / "wall.png", photograph(300, face=False))
    (folder / "anger" / "cut.jpg").write_bytes(b"\xff\xd8\xff no more")
    (folder / "anger" / "scan.tif").write_bytes(b"II*\0 another kind")
    (folder / "anger" / "sub.png").mkdir()
    (folder / "anger" / ".DS_Store").write_bytes(b"a system's own")
    return folder


def test_photographs_become_weighted_faces_with_the_maps_labels(photographs):
    read = load_folder(photographs, SquareFinder(), quiet=True)
    assert len(read.faces) + len(read.held_out) == 30
    assert (read.faceless, read.unreadable) == (1, 2)
    assert read.faces.crops.shape[1:] == (48, 48)
    assert read.faces.crops.min() > 0
    assert set(read.faces.weights.tolist()) == {0.5}
    emotions = {EMOTIONS[i] for i in read.faces.targets[:, STRANGERS].argmax(1)}
    assert emotions == {"angry", "happy"}
    assert (read.faces.targets[:, STRANGERS].sum(1) == 1).all()
    assert (read.faces.targets[:, FERPLUS] == 0).all()  # nobody voted
    assert "album: " in read.report()
    assert "1 pictures without a face, 2 unreadable (not JPEG, PNG or WebP)" in read.report()


def test_the_same_pictures_are_held_out_in_every_run(photographs):
    one, again = (load_folder(photographs, SquareFinder(), quiet=True) for _ in range(2))
    np.testing.assert_array_equal(one.held_out.crops, again.held_out.crops)
    assert digest([one]) == digest([again])
    share = len(held_out_names([f"joy/{i}.png" for i in range(2000)])) / 2000
    assert abs(share - 0.5) < 0.05
    # Alone or beside others, a picture's name decides.
    names = [f"joy/{i}.png" for i in range(2000)]
    assert held_out_names(names[:1000]) <= held_out_names(names)


def test_a_persons_pictures_are_held_out_together():
    names = [f"joy/Some_Body{i}_{n:04}.jpg" for i in range(50) for n in (1, 2, 3)]
    people = {name.rpartition("_")[0] for name in held_out_names(names)}
    assert 10 < len(people) < 40
    assert len(held_out_names(names)) == 3 * len(people)


def test_the_smiles_need_no_description(tmp_path):
    for name in ("neutral", "smiling"):
        for i in range(8):
            write(tmp_path / "smiles" / name / f"{i:03}.png", photograph(i))
    read = load_folder(tmp_path / "smiles", SquareFinder(), quiet=True)
    assert {EMOTIONS[i] for i in read.label} == {"happy", "neutral"}


def test_crops_are_taken_as_they_are(tmp_path):
    folder = describe(tmp_path / "crops", classes={"sad": "sad"}, crops=True)
    crops = np.random.default_rng(0).integers(0, 256, (12, 48, 48), dtype=np.uint8)
    for i, crop in enumerate(crops):
        write(folder / "sad" / f"{i:02}.png", crop)
    write(folder / "sad" / "large.png", photograph(0))
    read = load_folder(folder, SquareFinder(), quiet=True)
    assert read.unreadable == 1
    back = held_out_names([f"sad/{i:02}.png" for i in range(12)])
    expected = [crop for i, crop in enumerate(crops) if f"sad/{i:02}.png" not in back]
    np.testing.assert_array_equal(read.faces.crops, expected)


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"classes": {"joy": "glad"}}, r"expected an emotion \(angry, .*\) or null for 'joy', got 'glad'"),
        ({"classes": {"joy": "happy", "grief": "sad"}}, "there is no folder 'grief'"),
        ({"classes": {}}, "expected classes to map folders to emotions"),
        ({"classes": {"joy": "happy"}, "weight": 0}, "expected a finite weight above 0, got 0"),
        ({"classes": {"joy": "happy"}, "weight": float("inf")}, "expected a finite weight above 0, got inf"),
        ({"classes": {"joy": "happy"}, "crops": 1}, "expected crops to be true or false, got 1"),
        ({"labels": {}}, "expected a JSON object with classes, weight, crops"),
    ],
)
def test_a_wrong_map_says_what_was_expected(tmp_path, said, fault):
    folder = describe(tmp_path / "album", **said)
    (folder / "joy").mkdir()
    with pytest.raises(DataMissing, match=fault):
        load_folder(folder, SquareFinder(), quiet=True)


def test_a_folder_in_no_class_is_named(photographs):
    (photographs / "boredom").mkdir()
    with pytest.raises(DataMissing, match="the folder 'boredom' is in no class"):
        load_folder(photographs, SquareFinder(), quiet=True)


def test_a_folder_without_a_map_says_what_is_missing(tmp_path):
    with pytest.raises(DataMissing, match=r"set\.json is missing"):
        load_folder(tmp_path, SquareFinder(), quiet=True)


def test_a_set_without_faces_is_refused(tmp_path):
    folder = describe(tmp_path / "walls", classes={"joy": "happy"})
    write(folder / "joy" / "wall.png", photograph(1, face=False))
    with pytest.raises(DataMissing, match="1 pictures without a face, 0 that are not JPEG"):
        load_folder(folder, SquareFinder(), quiet=True)


def test_two_sets_of_one_name_are_refused(tmp_path):
    with pytest.raises(SystemExit, match="Expected sets with different names, got album twice"):
        load_folders([tmp_path / "a" / "album", tmp_path / "b" / "album"], SquareFinder())


@pytest.fixture
def fer() -> tuple[Faces, Validation]:
    """Made-up faces to learn from and to validation by."""
    chance = np.random.default_rng(1)
    targets = np.eye(7, dtype=np.float32)[chance.integers(0, 7, (24, 3))]
    crops = chance.integers(0, 256, (24, 48, 48), dtype=np.uint8)
    labels = targets[:8, FER2013].argmax(1)
    learnt = Faces(crops=crops[8:], targets=targets[8:], weights=np.ones(16, np.float32))
    return learnt, Validation(crops=crops[:8], labels={"ferplus": labels, "fer2013": labels})


def test_a_set_is_mixed_in_and_reported_by_itself(tmp_path, photographs, fer):
    read = load_folder(photographs, SquareFinder(), quiet=True)
    faces, validation, content = with_sets(*fer, [read])
    assert len(faces) == 16 + len(read.faces)
    plan = Plan(shape="tiny", epochs=1, batch=16, warm_up_epochs=1, sets=content)
    train(plan, faces, tmp_path / "run", validation=validation, quiet=True)
    line = json.loads((tmp_path / "run" / "log.jsonl").read_text())
    assert 0 <= line["valid_set_album"] <= 1
    with pytest.raises(SystemExit, match="Use another --name"):  # the set is part of the plan
        train(Plan(shape="tiny", epochs=1, batch=16, warm_up_epochs=1), faces, tmp_path / "run", quiet=True)


def test_a_sets_copies_of_valid_are_left_out(photographs, fer):
    read = load_folder(photographs, SquareFinder(), quiet=True)
    faces, validation = fer
    first = {head: labels[:1] for head, labels in validation.labels.items()}
    copied = Validation(crops=read.faces.crops[:1], labels=first)
    mixed, _, _ = with_sets(faces, copied, [read])
    assert not (mixed.crops == read.faces.crops[0]).all((1, 2)).any()
    assert len(mixed) < 16 + len(read.faces)


def test_faces_held_out_by_a_set_are_trained_on_nowhere(tmp_path, fer):
    """Twenty copies of one face, and another set and FER2013 that show it, too."""
    for name in ("one", "other"):
        folder = describe(tmp_path / name, classes={"joy": "happy"}, crops=True)
        for i in range(20 if name == "one" else 1):
            write(folder / "joy" / f"{i:02}.png", blot(7))
        for i in range(8):
            write(folder / "joy" / f"more{i}.png", blot(100 + i + (50 if name == "one" else 0)))
    faces, validation = fer
    faces = replace(faces, crops=np.concatenate([blot(7)[None], faces.crops[1:]]))
    sets = load_folders([tmp_path / "one", tmp_path / "other"], SquareFinder(), quiet=True)
    assert (sets[0].held_out.crops == blot(7)).all((1, 2)).any()
    mixed, _, _ = with_sets(faces, validation, sets)
    assert not (mixed.crops == blot(7)).all((1, 2)).any()
    assert len(mixed) > 15


def blot(seed: int) -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (48, 48)), (0, 0), 3)
    return np.uint8(128 + 100 * noise / np.abs(noise).max())


def test_each_sets_accuracy_is_its_own(photographs, fer):
    read = load_folder(photographs, SquareFinder(), quiet=True)
    network = ExpressionNetwork(SHAPES["tiny"])
    network.heads.bias.data[:] = 0
    network.heads.weight.data[:] = 0
    network.heads.bias.data[7 * STRANGERS + EMOTIONS.index("happy")] = 5  # always happy
    _, validation, _ = with_sets(*fer, [read])
    assert validation.accuracies(network)["set_album"] == pytest.approx((read.label == EMOTIONS.index("happy")).mean())


def test_whole_photographs_go_through_the_apps_own_finder(tmp_path, data_dir):
    archive = data_dir / "lfw" / "lfw_deepfunneled_part.zip"
    if not archive.is_file():
        pytest.skip(f"{archive} is absent")
    folder = describe(tmp_path / "lfw", classes={"any": "neutral"})
    (folder / "any").mkdir()
    with zipfile.ZipFile(archive) as pictures:
        for name in [name for name in pictures.namelist() if name.endswith(".jpg")][:10]:
            (folder / "any" / Path(name).name).write_bytes(pictures.read(name))
    read = load_folder(folder, FaceFinder.load(), quiet=True)
    assert len(read.faces) + len(read.held_out) >= 9
