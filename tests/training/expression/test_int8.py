"""8-bit integers: the file reads nearly as the float one does, and replaces it only where it is worth it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need requirements-train.txt")
pytest.importorskip("onnx", reason="training's tests need requirements-train.txt")

from feelharmonic.reading.expression import LABELS, ExpressionReader
from training.expression import int8
from training.expression.data import Faces
from training.expression.int8 import Comparison, quantised, try_int8
from training.expression.network import SHAPES, ExpressionNetwork
from training.expression.onnx_file import FLOAT16_WEIGHTS, read_metadata, write, write_network

COMPARISON = Comparison(
    float_accuracy={"ferplus": 0.83, "fer2013": 0.69},
    int8_accuracy={"ferplus": 0.831, "fer2013": 0.688},
    float_ms=0.8,
    int8_ms=0.4,
    float_bytes=3_200_000,
    int8_bytes=1_700_000,
)


@pytest.fixture
def network() -> ExpressionNetwork:
    torch.manual_seed(1)
    network = ExpressionNetwork(SHAPES["tiny"])
    for block in network.body:  # a fresh block's zeros would be one weight for all of them in the file
        torch.nn.init.uniform_(block.second_norm.weight, 0.5, 1.0)
    network.train()(torch.randn(32, 1, 48, 48))  # gives the normalisations something to fold
    return network


@pytest.fixture
def crops() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 48, 48), dtype=np.uint8)


def test_the_last_blocks_alone_are_in_eight_bits(network, crops, monkeypatch):
    monkeypatch.setattr(int8, "QUANTISED_BLOCKS", 1)
    model = quantised(network, crops)
    made = {output: node.op_type for node in model.graph.node for output in node.output}
    convolutions = {node.name: made.get(node.input[1]) for node in model.graph.node if node.op_type == "Conv"}
    assert {name for name, weight in convolutions.items() if weight == "DequantizeLinear"} == {
        name for name in convolutions if "/body.1/" in name
    }
    assert len(convolutions) > 3


def test_eight_bits_read_nearly_as_floats_do(tmp_path, network, crops):
    write_network(network, tmp_path / "float.onnx")
    model = quantised(network, crops)
    write(model, tmp_path / "int8.onnx", {})
    assert any(node.op_type == "QuantizeLinear" for node in model.graph.node)
    one, other = (ExpressionReader.load(path=tmp_path / name) for name in ("float.onnx", "int8.onnx"))
    for head in LABELS:
        np.testing.assert_allclose(other.read_crops(crops, labels=head), one.read_crops(crops, labels=head), atol=0.03)


@pytest.mark.parametrize(
    ("change", "pays"),
    [
        ({}, True),
        ({"int8_accuracy": {"ferplus": 0.831, "fer2013": 0.686}}, False),  # a head loses 0.4 points
        ({"int8_accuracy": {"ferplus": 0.826, "fer2013": 0.70}}, False),  # the other does
        ({"int8_ms": 0.9}, False),
    ],
)
def test_8_bits_pay_where_they_lose_little_and_are_faster(change, pays):
    found = replace(COMPARISON, **change)
    assert found.pays is pays
    assert str(found).endswith(": used" if pays else ": not used")


@pytest.fixture
def made_up(monkeypatch, crops):
    """The data folder's place: try_int8 takes its ranges from these faces."""
    faces = Faces(crops=crops, targets=np.zeros((40, 3, 7), np.float32), weights=np.ones(40, np.float32))
    monkeypatch.setattr(int8, "load_fer", lambda folder, split: faces)
    monkeypatch.setattr(int8, "load_training_faces", lambda folder: (faces, None))
    monkeypatch.setattr(int8, "CALIBRATION_FACES", 8)


def test_the_float_file_stays_where_eight_bits_are_not_pays(tmp_path, network, made_up, monkeypatch):
    path = tmp_path / "net.onnx"
    write_network(network, path)
    before = path.read_bytes()
    monkeypatch.setattr(int8, "compare", lambda *_: replace(COMPARISON, int8_ms=0.9))
    assert try_int8(network, path, tmp_path, {}) is None
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    assert read_metadata(path)["weights"] == FLOAT16_WEIGHTS


def test_the_8_bit_file_replaces_it_where_it_pays(tmp_path, network, made_up, monkeypatch, capsys):
    path = tmp_path / "net.onnx"
    write_network(network, path)
    monkeypatch.setattr(int8, "compare", lambda *_: COMPARISON)
    assert try_int8(network, path, tmp_path, {"epochs": "3"})
    assert read_metadata(path) == {"epochs": "3", "weights": int8.INT8_WEIGHTS, "int8": COMPARISON.heads}
    assert list(tmp_path.iterdir()) == [path]
    assert "83.00% → 83.10%" in capsys.readouterr().out


def test_ranges_are_measured_without_copies_of_valid(folder_with_copies, tmp_path, monkeypatch):
    folder, crops = folder_with_copies
    shown = []
    monkeypatch.setattr(int8, "CALIBRATION_FACES", 2)

    def watched(_network, faces):
        shown.extend(faces)
        raise KeyboardInterrupt

    monkeypatch.setattr(int8, "quantised", watched)
    with pytest.raises(KeyboardInterrupt):
        int8.try_int8(ExpressionNetwork(SHAPES["tiny"]), tmp_path / "net.onnx", folder, {})
    assert sorted(one.tobytes() for one in shown) == sorted(one.tobytes() for one in crops[[2, 3]])
