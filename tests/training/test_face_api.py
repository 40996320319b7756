"""face-api's network from its package's files: the graph computes, broken files are named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="needs requirements-train.txt")

from training.data_dir import DataMissing
from training.face_api import BLOCKS, MANIFEST, WEIGHTS, FaceApiReader


@pytest.fixture
def package(tmp_path) -> Path:
    """A folder like the package's `model`, with random weights: most in 8 bits, the last layer in float32."""
    chance = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {}
    channels = 1
    for block, width in enumerate((4, 8, 8, 16)):
        for layer in range(4):
            name = f"dense{block}/conv{layer}"
            if not block and not layer:
                shapes[f"{name}/filters"] = (3, 3, 3, width)
            else:
                shapes[f"{name}/depthwise_filter"] = (3, 3, channels, 1)
                shapes[f"{name}/pointwise_filter"] = (1, 1, channels, width)
            shapes[f"{name}/bias"] = (width,)
            channels = width
    assert block == BLOCKS - 1
    shapes |= {"fc/weights": (channels, 7), "fc/bias": (7,)}
    entries, data = [], b""
    for name, shape in shapes.items():
        entry = {"name": name, "shape": shape, "dtype": "float32"}
        if name.startswith("fc"):
            data += chance.normal(0, 1, shape).astype("<f4").tobytes()
        else:
            entry["quantization"] = {"dtype": "uint8", "scale": 0.004, "min": -0.5}
            data += chance.integers(0, 256, shape, dtype=np.uint8).tobytes()
        entries.append(entry)
    (tmp_path / MANIFEST).write_text(json.dumps([{"weights": entries}]))
    (tmp_path / WEIGHTS).write_bytes(data)
    return tmp_path


def test_each_face_gets_seven_shares(package):
    crops = np.random.default_rng(1).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    read = FaceApiReader.load(package).read_crops(crops)
    assert read.shape == (3, 7)
    np.testing.assert_allclose(read.sum(1), 1, atol=1e-5)


def test_cut_weights_are_named(package):
    (package / WEIGHTS).write_bytes((package / WEIGHTS).read_bytes()[:100])
    with pytest.raises(
        DataMissing, match=r"expected face_expression_model-weights_manifest\.json and .* got ValueError"
    ):
        FaceApiReader.load(package)


def test_a_folder_without_them_is_named(tmp_path):
    with pytest.raises(DataMissing, match="Install the package and name its folder `model`"):
        FaceApiReader.load(tmp_path)
