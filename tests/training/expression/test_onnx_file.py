"""The exported file reads as the network does, and is replaced whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")
pytest.importorskip("onnx", reason="needs requirements-train.txt")

from feelharmonic.reading.expression import LABELS, ExpressionReader, normalised
from training.expression.data import Faces
from training.expression.export import calibrate
from training.expression.network import SHAPES, ExpressionNetwork, predict
from training.expression.onnx_file import as_onnx, blend, write, write_network


def test_a_kill_while_a_network_is_written_leaves_the_one_before(tmp_path, monkeypatch):
    path = tmp_path / "net.onnx"
    model = as_onnx(ExpressionNetwork(SHAPES["tiny"]))
    write(model, path, {"epochs": "1"})
    before = path.read_bytes()

    def killed(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("training.atomic_write.os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            write(model, path, {"epochs": "2"})
    assert path.read_bytes() == before
    write(model, path, {"epochs": "2"})
    assert path.read_bytes() != before
    assert list(tmp_path.iterdir()) == [path]


def warmed(faces: Faces) -> ExpressionNetwork:
    """A network whose every number matters: its norms have seen faces, no block begins as its shortcut."""
    torch.manual_seed(3)
    network = ExpressionNetwork(SHAPES["tiny"])
    for block in network.body:
        torch.nn.init.uniform_(block.second_norm.weight, 0.5, 1.5)
    with torch.no_grad():
        network.train()(normalised(torch.from_numpy(faces.crops).float())[:, None])
    return network


def test_the_exported_file_reads_as_the_network_does(tmp_path, faces):
    coarse = faces.crops[:, :4, :4].repeat(12, 1).repeat(12, 2)  # fine noise looks the same to every network
    faces = replace(faces, crops=coarse)
    network = warmed(faces)
    own = torch.from_numpy(predict(network, faces.crops))
    with torch.no_grad():  # as far apart as a trained network's answers, or calibrating would not show
        network.heads.bias -= own.mean(0).ravel()
        for parameter in (network.heads.weight, network.heads.bias):
            parameter *= 6 / own.std(0).mean()
    assert min(calibrate(network, faces).values()) > 1.5
    write_network(network, tmp_path / "net.onnx")
    reader = ExpressionReader.load(path=tmp_path / "net.onnx")
    expected = torch.from_numpy(predict(network, faces.crops)).softmax(2).numpy()
    assert expected.std(0).min() > 0.02
    assert np.abs(expected[:, 0] - expected[:, 1]).mean() > 0.02
    for i, head in enumerate(LABELS):
        # Half-precision weights: about three digits.
        np.testing.assert_allclose(reader.read_crops(faces.crops, labels=head), expected[:, i], atol=2e-3)


def test_a_blend_lies_between_both_networks():
    torch.manual_seed(0)
    one, other = (ExpressionNetwork(SHAPES["tiny"]) for _ in range(2))
    crops = np.random.default_rng(0).integers(0, 256, (4, 48, 48), dtype=np.uint8)
    whole, theirs = predict(one, crops), predict(other, crops)
    blend(one, other, 1.0)
    np.testing.assert_allclose(predict(one, crops), whole, atol=1e-4)
    blend(one, other, 0.0)
    np.testing.assert_allclose(predict(one, crops)[:, :2], theirs[:, :2], atol=1e-4)
    assert not np.allclose(predict(one, crops)[:, 2], theirs[:, 2], atol=1e-3)  # the strangers' head is its own
