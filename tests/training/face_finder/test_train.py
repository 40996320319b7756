"""Training of detector and refiner: batches, resuming, learning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.scenes import FixedCandidates, scene_of, tensors, two_sources

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")

from training.face_finder import train
from training.face_finder.export import export
from training.face_finder.geometry import HEIGHT, WIDTH
from training.face_finder.network import INPUT_HEIGHT, INPUT_WIDTH, FinderNetwork
from training.face_finder.scenes import SceneMaker, Source
from training.face_finder.shards import Shard, packed
from training.face_finder.windows import windows


@pytest.fixture(scope="module")
def faces() -> list[Source]:
    return two_sources()


@pytest.fixture
def shards(faces, tmp_path, monkeypatch):
    """A folder with two shards of sixteen scenes, and batches of eight."""
    monkeypatch.setattr(train, "BATCH", 8)
    (tmp_path / "shards").mkdir()
    for number in range(2):
        maker = SceneMaker(faces, np.random.default_rng(number))
        packed([maker.scene() for _ in range(16)]).save(tmp_path / "shards" / f"{number}.npz")
    return tmp_path


def test_a_mirrored_scene_takes_its_face_along():
    boxes, points, ignored = tensors((20.0, 30.0, 30.0, 40.0))
    chance = np.random.default_rng(3)
    pictures = torch.zeros(64, 3, HEIGHT, WIDTH)
    pictures[:, :, 40:60, 25:45] = 1.0  # a square in the box's middle
    seen, boxes, points, _ = train.mirrored_half(
        pictures, *(item.repeat(64, *[1] * (item.ndim - 1)) for item in (boxes, points, ignored)), chance
    )
    assert seen.shape == (64, 3, INPUT_HEIGHT, INPUT_WIDTH)
    places = set()
    for picture, box, landmarks in zip(seen, boxes, points, strict=True):
        x, y, width, height = box[0].tolist()
        bright = np.argwhere(picture[0].numpy() > 0.5)
        assert bright.mean(axis=0) == pytest.approx((y + height / 2, x + width / 2), abs=1)
        assert landmarks[0, 2].tolist() == pytest.approx((x + width / 2, y + height / 2), abs=1)
        places.add(x)
    assert len(places) == 2


def test_a_scene_whose_face_is_moved_to_the_middle_takes_its_labels_along(monkeypatch):
    monkeypatch.setattr(train, "CENTRED_SHARE", 1.0)
    boxes, points, ignored = tensors((10.0, 20.0, 30.0, 40.0))
    ignored[0, 0] = torch.tensor([60.0, 90.0, 20.0, 20.0])
    pictures = torch.zeros(1, 3, INPUT_HEIGHT, INPUT_WIDTH)
    pictures[:, :, 30:50, 15:35] = 1.0  # a square in the box's middle
    train.centre_some(pictures, boxes, points, ignored, np.random.default_rng(3))
    x, y, width, height = boxes[0, 0].tolist()
    assert (width, height) == (30, 40)
    assert 10 < x <= 65
    assert 20 < y <= 44
    bright = np.argwhere(pictures[0, 0].numpy() > 0.5)
    assert len(bright) == 400
    assert bright.mean(axis=0) == pytest.approx((y + height / 2, x + width / 2), abs=1)
    assert points[0, 0, 2].tolist() == pytest.approx((x + width / 2, y + height / 2), abs=1)
    assert ignored[0, 0].tolist() == pytest.approx((x + 50, y + 70, 20, 20))
    assert boxes[0, 1:].abs().max() == 0


def test_a_scene_is_not_moved_when_another_face_would_leave(monkeypatch):
    monkeypatch.setattr(train, "CENTRED_SHARE", 1.0)
    boxes, points, ignored = tensors((0.0, 50.0, 20.0, 30.0), (140.0, 50.0, 20.0, 30.0))
    before = boxes.clone()
    pictures = torch.rand(1, 3, INPUT_HEIGHT, INPUT_WIDTH)
    train.centre_some(pictures, boxes, points, ignored, np.random.default_rng(3))
    assert torch.equal(boxes, before)


def test_a_killed_training_ends_in_the_same_state(shards, tmp_path_factory, monkeypatch):
    whole = tmp_path_factory.mktemp("whole")
    (whole / "shards").symlink_to(shards / "shards")
    torch.manual_seed(0)
    train.train(whole, 32, "cpu", 1)

    log = train.log

    def killed(path, row):
        raise KeyboardInterrupt

    torch.manual_seed(0)
    monkeypatch.setattr(train, "log", killed)
    with pytest.raises(KeyboardInterrupt):
        train.train(shards, 32, "cpu", 1)
    monkeypatch.setattr(train, "log", log)
    torch.manual_seed(1)  # the weights must come from the checkpoint
    train.train(shards, 32, "cpu", 1)

    one, other = (torch.load(folder / "detector.pt") for folder in (whole, shards))
    assert one["done"] == other["done"] == 32
    for name, value in one["average"].items():
        torch.testing.assert_close(value, other["average"][name], msg=name)


def test_the_refiner_begins_with_the_first_and_learns_from_windows(shards):
    train.train(shards, 32, "cpu", 1)
    first = torch.load(shards / "detector.pt")["average"]
    (shards / "windows").mkdir()
    chance, shard = np.random.default_rng(0), Shard()
    box = (100.0, 80.0, 60.0, 80.0)
    while len(shard) < 16:
        for window in windows(FixedCandidates((box, 0.5), ((200.0, 20.0, 40.0, 50.0), 0.3)), scene_of(box), chance):
            shard.add(*window)
    shard.save(shards / "windows" / "0.npz")
    train.train(shards, 0, "cpu", 1, train.REFINER)
    assert not (shards / "refiner.pt").exists()
    train.train(shards, 320, "cpu", 1, train.REFINER)
    losses = [float(line.split(",")[1]) for line in (shards / "refiner.csv").read_text().splitlines()[1:]]
    assert np.mean(losses[-4:]) < 0.5 * np.mean(losses[:2])
    second = torch.load(shards / "refiner.pt")["average"]
    assert {name for name in first if not torch.equal(first[name], second[name])}
    for name, value in torch.load(shards / "detector.pt")["average"].items():
        torch.testing.assert_close(value, first[name], msg=name)


def test_the_training_memorises_a_few_scenes(shards):
    torch.manual_seed(0)
    train.train(shards, 320, "cpu", 1, replace(train.DETECTOR, rate=2e-3))
    losses = [float(line.split(",")[1]) for line in (shards / "detector.csv").read_text().splitlines()[1:]]
    assert len(losses) == 20
    assert np.mean(losses[-4:]) < 0.5 * np.mean(losses[:2])


def test_a_training_starts_from_an_exported_file(shards, tmp_path):
    torch.manual_seed(0)
    train.train(shards, 64, "cpu", 1)
    network = FinderNetwork()
    network.load_state_dict(torch.load(shards / "detector.pt")["average"])
    export(network, tmp_path / "served.onnx")
    (shards / "detector.pt").unlink()
    train.train(shards, 16, "cpu", 1, replace(train.DETECTOR, rate=0.0), tmp_path / "served.onnx")
    weight = torch.load(shards / "detector.pt")["network"]["head.weight"]
    torch.testing.assert_close(weight, network.head.weight.detach(), atol=0.02, rtol=0)


def test_a_start_from_a_file_needs_shards(tmp_path):
    with pytest.raises(SystemExit, match="Expected shards"):
        train.train(tmp_path, 16, "cpu", 1, start_file=tmp_path / "served.onnx")
