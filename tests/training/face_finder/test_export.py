"""The exported network computes what torch computes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.scenes import two_sources

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")
pytest.importorskip("onnx", reason="needs requirements-train.txt")

from feelharmonic.reading.faces.face_finder import prepare
from training.face_finder.export import export
from training.face_finder.exported_weights import load_exported
from training.face_finder.network import INPUT_HEIGHT, INPUT_WIDTH, FinderNetwork
from training.face_finder.scenes import SceneMaker, Source


@pytest.fixture(scope="module")
def faces() -> list[Source]:
    return two_sources()


def test_the_exported_network_computes_what_torch_computes(faces, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    network = FinderNetwork()
    for module in network.modules():  # batch norms that do something
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    network.eval()
    picture = np.pad(SceneMaker(faces, np.random.default_rng(0)).scene().picture, ((4, 4), (0, 0), (0, 0)))
    inputs = {(INPUT_HEIGHT, INPUT_WIDTH): prepare(picture), (96, 96): prepare(picture[:96, :96])}
    with torch.no_grad():
        wanted = {size: network(torch.from_numpy(array)).numpy() for size, array in inputs.items()}
    path = tmp_path / "face_finder.onnx"
    export(network, path)
    assert path.stat().st_size < 200_000  # two of them are served
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    for size, array in inputs.items():
        (maps,) = session.run(None, {"pictures": array})
        assert maps.shape == (1, 15, size[0] // 8, size[1] // 8)
        np.testing.assert_allclose(maps, wanted[size], atol=0.05)


def test_an_exported_file_can_be_trained_on(faces, tmp_path):
    torch.manual_seed(0)
    network, other = FinderNetwork(), FinderNetwork()
    pictures = np.concatenate(
        [
            prepare(np.pad(SceneMaker(faces, np.random.default_rng(seed)).scene().picture, ((4, 4), (0, 0), (0, 0))))
            for seed in range(4)
        ]
    )
    inputs = torch.from_numpy(pictures)
    with torch.no_grad():
        for _ in range(3):
            network.train()(inputs)  # batch norms that do something
        wanted = network.eval()(inputs)
        export(network, tmp_path / "face_finder.onnx")
        load_exported(other, tmp_path / "face_finder.onnx", inputs)
        assert other.training
        np.testing.assert_allclose(other.eval()(inputs), wanted, atol=0.05)
    assert all(module.running_var.std() > 0 for module in other.modules() if isinstance(module, torch.nn.BatchNorm2d))
