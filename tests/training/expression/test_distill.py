"""A teacher's soft labels."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")

from training.expression.distill import mean_probabilities
from training.expression.network import SHAPES, ExpressionNetwork


def test_soft_labels_are_distributions_and_repeatable(faces):
    network = ExpressionNetwork(SHAPES["tiny"])
    said = mean_probabilities(network, faces.crops, views=2)
    assert said.shape == (40, 3, 7)
    np.testing.assert_allclose(said.sum(2), 1, rtol=1e-5)
    np.testing.assert_array_equal(said, mean_probabilities(network, faces.crops, views=2))


def test_no_faces_give_no_soft_labels(faces):
    assert mean_probabilities(ExpressionNetwork(SHAPES["tiny"]), faces.crops[:0]).shape == (0, 3, 7)
