"""Reading expressions from crops: shapes, refusals, files that are not the network."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from feelharmonic.errors import BadInput, SetupFault
from feelharmonic.reading.expression import (
    LABELS,
    SURE_PROBABILITY,
    UNCHANGED_LEVELS,
    WEIGHTS_PATH,
    ExpressionReader,
    LastReadings,
    prepare,
)


@pytest.fixture(scope="module")
def reader() -> ExpressionReader:
    return ExpressionReader.load()


@pytest.fixture
def crops() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)


def test_prepare_spreads_pixels_over_minus_one_to_one():
    crops = np.zeros((2, 48, 48), np.uint8)
    crops[1] = 255
    prepared = prepare(crops)
    assert prepared.shape == (2, 1, 48, 48)
    assert prepared.dtype == np.float32
    assert (prepared[0] == -1).all()
    assert (prepared[1] == 1).all()


@pytest.mark.parametrize("labels", LABELS)
def test_each_face_gets_seven_shares(reader, crops, labels):
    read = reader.read_crops(crops, labels=labels)
    assert read.shape == (5, 7)
    assert read.dtype == np.float32
    np.testing.assert_allclose(read.sum(1), 1, atol=1e-5)
    assert (read >= 0).all()


def test_the_two_heads_differ(reader, crops):
    assert not np.allclose(reader.read_crops(crops), reader.read_crops(crops, labels="fer2013"), atol=1e-3)


def test_what_is_shown_is_made_of_both_heads_in_the_graph(reader, crops):
    heads = np.stack([reader.read_crops(crops, labels=labels) for labels in LABELS])  # (2, N, 7)
    shown = reader.read_crops(crops)
    np.testing.assert_allclose(shown.sum(1), 1, atol=1e-5)
    assert not any(np.allclose(shown, head, atol=1e-3) for head in heads)


def test_a_batch_reads_as_its_faces_do(reader, crops):
    one_by_one = np.concatenate([reader.read_crops(crop[None]) for crop in crops])
    np.testing.assert_allclose(reader.read_crops(crops), one_by_one, atol=1e-5)


def test_threads_may_share_a_reader(reader, crops):
    alone = [reader.read_crops(crop[None]) for crop in crops] * 8
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda crop: reader.read_crops(crop[None]), list(crops) * 8))
    np.testing.assert_allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize(
    ("crops", "came"),
    [
        (np.zeros((1, 48, 47), np.uint8), r"got shape \(1, 48, 47\), dtype uint8"),
        (np.zeros((48, 48), np.uint8), r"got shape \(48, 48\), dtype uint8"),
        (np.zeros((0, 48, 48), np.uint8), r"got shape \(0, 48, 48\), dtype uint8"),
        (np.zeros((1, 48, 48), np.float32), r"got shape \(1, 48, 48\), dtype float32"),
        ([[0]], "got list"),
        (np.ma.masked_array(np.zeros((1, 48, 48), np.uint8)), "got MaskedArray"),
    ],
)
def test_bad_crops_are_refused(reader, crops, came):
    with pytest.raises(BadInput, match=r"Expected crops \(N, 48, 48\) uint8 grey with N of at least 1, " + came):
        reader.read_crops(crops)


def test_unknown_labels_are_refused(reader, crops):
    with pytest.raises(BadInput, match="Expected labels to be None or one of ferplus, fer2013, got 'affectnet'"):
        reader.read_crops(crops, labels="affectnet")
    with pytest.raises(BadInput, match=r"Expected labels to be None or one of ferplus, fer2013, got array\("):
        reader.read_crops(crops, labels=np.array(LABELS))


def test_a_path_may_be_a_text(crops):
    assert ExpressionReader.load(str(WEIGHTS_PATH)).read_crops(crops).shape == (5, 7)


def test_a_file_without_what_is_shown_is_refused(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(WEIGHTS_PATH.read_bytes().replace(b"shown", b"other"))
    with pytest.raises(SetupFault, match=r"expected the outputs ferplus, fer2013, shown, got .*other"):
        ExpressionReader.load(path=path)


def test_a_missing_file_says_how_to_restore_it(tmp_path, project):
    with pytest.raises(SetupFault, match=r"net\.onnx: the expression network is missing\. Restore it with"):
        ExpressionReader.load(path=tmp_path / "net.onnx")
    advice = f"`git checkout {WEIGHTS_PATH.relative_to(project)}`".replace("expression.onnx", "net.onnx")
    with pytest.raises(SetupFault, match=advice):
        ExpressionReader.load(path=tmp_path / "net.onnx")


def test_a_cut_file_says_how_to_restore_it(tmp_path):
    path = tmp_path / "net.onnx"
    path.write_bytes(WEIGHTS_PATH.read_bytes()[:100_000])
    with pytest.raises(SetupFault, match=r"net\.onnx: the expression network cannot be read .* Restore it with"):
        ExpressionReader.load(path=path)


# ---------- what has not changed is not read again ----------


class Counted:
    """Stands in for the network: counts what it is given, and is as sure as it is told."""

    def __init__(self, top: float):
        self.top = top
        self.counts: list[int] = []

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        self.counts.append(len(crops))
        return np.full((len(crops), 7), (1 - self.top) / 6, np.float32) + np.eye(7, dtype=np.float32)[
            len(self.counts) % 7
        ] * np.float32(self.top - (1 - self.top) / 6)


def differing(crop: np.ndarray, levels: float) -> np.ndarray:
    """``crop`` with so many levels of difference on average."""
    changed = crop.copy()
    rows = round(levels / 10 * len(crop))
    changed[:rows] = np.where(crop[:rows] > 127, crop[:rows] - 10, crop[:rows] + 10)
    return changed


@pytest.mark.parametrize(("top", "again"), [(SURE_PROBABILITY + 0.005, 1), (SURE_PROBABILITY - 0.02, 2)])
def test_a_face_that_the_network_was_sure_of_is_not_read_again_for_noise(crops, top, again):
    network, last = Counted(top), LastReadings()
    first = last.read(network, [1], crops[:1])
    second = last.read(network, [1], differing(crops[0], UNCHANGED_LEVELS - 0.5)[None])
    assert len(network.counts) == again
    assert (first == second) is (again == 1)


def test_the_same_crop_is_not_read_again_and_a_changed_one_is(crops):
    network, last = Counted(0.5), LastReadings()
    last.read(network, [1], crops[:1])
    last.read(network, [1], crops[:1].copy())
    assert network.counts == [1]
    last.read(network, [1], crops[1:2])
    assert network.counts == [1, 1]


def test_slow_changes_add_up(crops):
    network, last = Counted(0.99), LastReadings()
    for step in range(5):
        last.read(network, [1], differing(crops[0], step)[None])
    assert len(network.counts) == 2


def test_only_faces_of_the_frame_before_are_kept_and_each_by_its_id(crops):
    network, last = Counted(0.99), LastReadings()
    last.read(network, [1, 2], crops[:2])
    last.read(network, [2, 3], crops[1:3])
    assert network.counts == [2, 1]
    last.read(network, [1], crops[:1])
    last.read(network, [None, None], crops[:2])
    last.read(network, [None], crops[:1])
    assert network.counts == [2, 1, 1, 2, 1]
