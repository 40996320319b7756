"""Soft labels: mixed with the labels of people, read as written, refused where damaged or made for other faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.expression.soft_labels import (
    UNLABELLED_WEIGHT,
    SoftLabels,
    read_soft_labels,
    with_soft_labels,
    write_soft_labels,
)

SOFT_LABELS = SoftLabels(labelled=np.full((5, 3, 7), 0.25, np.float32), unlabelled=np.zeros((2, 3, 7), np.float32))


def test_soft_labels_are_read_as_written(tmp_path):
    write_soft_labels(tmp_path / "new" / "soft_labels.npz", SOFT_LABELS)
    read = read_soft_labels(tmp_path / "new" / "soft_labels.npz")
    np.testing.assert_array_equal(read.labelled, SOFT_LABELS.labelled)
    np.testing.assert_array_equal(read.unlabelled, SOFT_LABELS.unlabelled)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["soft_labels.npz"]


def test_a_kill_while_soft_labels_are_written_leaves_no_file(tmp_path, monkeypatch):
    def half_written(file, **_arrays):
        file.write(b"PK") if hasattr(file, "write") else Path(file).write_bytes(b"PK")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", half_written)
    with pytest.raises(KeyboardInterrupt):
        write_soft_labels(tmp_path / "soft_labels.npz", SOFT_LABELS)
    assert not (tmp_path / "soft_labels.npz").exists()


@pytest.mark.parametrize("left", [0, 0.3, 0.9])
def test_an_incomplete_file_is_refused(tmp_path, left):
    path = tmp_path / "soft_labels.npz"
    write_soft_labels(path, SOFT_LABELS)
    written = path.read_bytes()
    path.write_bytes(written[: int(len(written) * left)])
    with pytest.raises(SystemExit, match="Expected a file of training"):
        read_soft_labels(path)


def test_a_single_array_is_refused(tmp_path):
    np.save(tmp_path / "soft_labels.npy", np.zeros((3, 3, 7)))
    with pytest.raises(SystemExit, match="Expected a file of training"):
        read_soft_labels(tmp_path / "soft_labels.npy")


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "soft_labels.npz"
    write_soft_labels(path, SOFT_LABELS)
    written = bytearray(path.read_bytes())
    written[60:75] = bytes(15)
    path.write_bytes(written)
    with pytest.raises(SystemExit, match="Expected a file of training"):
        read_soft_labels(path)


def soft_labels_for(labelled: int, unlabelled: int) -> SoftLabels:
    chance = np.random.default_rng(5)
    one, other = (np.float32(chance.dirichlet(np.ones(7), (count, 3))) for count in (labelled, unlabelled))
    return SoftLabels(labelled=one, unlabelled=other)


def test_soft_labels_are_mixed_with_labels_and_stand_alone_without_one(faces):
    faces.targets[0, 0] = 0  # a face without votes
    others = np.zeros((3, 48, 48), np.uint8)
    soft_labels = soft_labels_for(40, 3)
    learnt = with_soft_labels(faces, others, soft_labels, weight=0.25)
    np.testing.assert_allclose(learnt.targets[0, 0], soft_labels.labelled[0, 0])
    np.testing.assert_allclose(learnt.targets[1], 0.75 * faces.targets[1] + 0.25 * soft_labels.labelled[1], rtol=1e-6)
    np.testing.assert_allclose(learnt.targets[40:], soft_labels.unlabelled)
    np.testing.assert_allclose(learnt.targets.sum(2), 1, rtol=1e-5)
    assert learnt.weights[40:].tolist() == [UNLABELLED_WEIGHT] * 3


@pytest.mark.parametrize("soft_labels", [soft_labels_for(39, 3), soft_labels_for(40, 2)])
def test_soft_labels_of_other_faces_are_refused(faces, soft_labels):
    with pytest.raises(SystemExit, match="Expected soft labels for 40 and 3 faces"):
        with_soft_labels(faces, np.zeros((3, 48, 48), np.uint8), soft_labels, weight=0.5)


def test_a_file_of_another_kind_and_an_absent_one_are_refused(tmp_path):
    (tmp_path / "soft_labels.npz").write_bytes(b"no archive")
    for name in ("soft_labels.npz", "absent.npz"):
        with pytest.raises(SystemExit, match="Expected a file of training"):
            read_soft_labels(tmp_path / name)
