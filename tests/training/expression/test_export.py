"""Calibration by temperature."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")
pytest.importorskip("onnx", reason="needs requirements-train.txt")

from training.expression.data import Faces
from training.expression.export import calibrate
from training.expression.network import SHAPES, ExpressionNetwork, predict


@pytest.fixture
def crops() -> np.ndarray:
    """(12, 48, 48) uint8: middling grey, with soft and fine detail."""
    noise = np.random.default_rng(2).normal(0, 1, (12, 48, 48))
    soft = np.stack([cv2.GaussianBlur(one, (0, 0), 4) for one in noise])
    return np.uint8((140 + 250 * soft + 8 * noise).clip(20, 250))


def test_calibrating_makes_what_is_too_sure_fit(crops):
    torch.manual_seed(0)
    network = ExpressionNetwork(SHAPES["tiny"])
    with torch.no_grad():
        network.heads.bias += torch.randn(21)
    true = torch.from_numpy(predict(network, crops)).softmax(2).numpy()
    with torch.no_grad():
        network.heads.weight[:7] *= 3
        network.heads.bias[:7] *= 3
        network.heads.weight[7:14] *= 0.5
        network.heads.bias[7:14] *= 0.5
    targets = true.copy()
    targets[:3] = 0  # faces without labels are left out
    faces = Faces(crops=crops, targets=targets, weights=np.ones(len(crops), np.float32))
    assert calibrate(network, faces) == pytest.approx({"ferplus": 3, "fer2013": 0.5}, rel=1e-2)
    np.testing.assert_allclose(torch.from_numpy(predict(network, crops)).softmax(2).numpy(), true, atol=5e-3)
