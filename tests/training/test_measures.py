"""Accuracy, F1, calibration and temperatures, checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.training_data import certain
from training import measures
from training.measures import at_temperature, best_temperature, cross_fitted, reliability


def distributions(count: int, seed: int = 0, spread: float = 2.0) -> np.ndarray:
    raised = np.exp(np.random.default_rng(seed).normal(0, spread, (count, 7)))
    return raised / raised.sum(1, keepdims=True)


def test_faces_without_a_label_do_not_count():
    read, labels = certain(0, 1, 2, 3), np.array([0, 1, 5, -1])
    assert measures.accuracy(read, labels) == pytest.approx(2 / 3)
    counts = measures.confusion(read, labels)
    assert counts.sum() == 3
    assert counts[5, 2] == counts[0, 0] == counts[1, 1] == 1


def test_macro_f1_by_hand():
    counts = np.zeros((7, 7), int)
    counts[0, :2] = 3, 1  # of emotion 0: precision 3/5, recall 3/4
    counts[1, :2] = 2, 4  # of emotion 1: precision 4/5, recall 4/6
    expected = (2 * 3 / (5 + 4) + 2 * 4 / (5 + 6)) / 7
    assert measures.macro_f1(counts) == pytest.approx(expected)
    assert measures.macro_f1(np.eye(7, dtype=int) * 5) == 1


def test_reliability_by_hand():
    read = np.concatenate([certain(0, 0, top=0.90), certain(1, top=0.92), certain(2, top=0.5), certain(3, top=1.0)])
    shares = np.concatenate([certain(0, top=0.8), certain(5, top=0.7), certain(1, 2, top=0.6), certain(3, top=1.0)])
    found = reliability(read, shares)
    assert found.count.tolist() == [0] * 7 + [1] + [0] * 5 + [3, 1]  # 0.50: bin 7; 0.90 and 0.92: 13; 1.0: the last
    voted = (0.8 + 0.05 + 0.6) / 3
    assert found.confidence[[7, 13, 14]] == pytest.approx([0.5, (0.9 + 0.9 + 0.92) / 3, 1])
    assert found.share[[7, 13, 14]] == pytest.approx([0.6, voted, 1])
    assert found.error == pytest.approx((abs(0.5 - 0.6) + 3 * (2.72 / 3 - voted) + 0) / 5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.8, 3.0])
def test_the_best_temperature_is_the_one_that_was_there(temperature):
    true = distributions(300)
    assert best_temperature(at_temperature(true, 1 / temperature), true) == pytest.approx(temperature, rel=1e-3)


def test_a_temperature_makes_flatter_or_sharper_and_keeps_the_order():
    read = distributions(50)
    flat, sharp = at_temperature(read, 2), at_temperature(read, 0.5)
    np.testing.assert_allclose(flat.sum(1), 1)
    assert (flat.max(1) < read.max(1)).all()
    assert (sharp.max(1) > read.max(1)).all()
    np.testing.assert_array_equal(flat.argmax(1), read.argmax(1))
    np.testing.assert_allclose(sharp, read**2 / (read**2).sum(1, keepdims=True))


def test_cross_fitting_cools_what_is_too_sure():
    true = distributions(200)
    sharp = at_temperature(true, 0.5)
    np.testing.assert_allclose(cross_fitted(sharp, true), true, atol=1e-3)


def test_cross_fitting_learns_nothing_from_the_faces_that_it_changes():
    true = distributions(100)
    read = at_temperature(true, 0.5)
    before = cross_fitted(read, true)
    other = true.copy()
    other[7] = np.eye(7)[read[7].argmin()]
    changed = np.abs(cross_fitted(read, other) - before).max(1) > 1e-9
    assert not changed[7]
    assert changed.sum() == 80  # the other four folds


def test_each_fold_holds_a_fifth(monkeypatch):
    sizes = []
    monkeypatch.setattr(measures, "best_temperature", lambda read, _targets: sizes.append(len(read)) or 1.0)
    cross_fitted(distributions(50), distributions(50))
    assert sizes == [40] * 5


def test_softmax_by_hand():
    np.testing.assert_allclose(measures.softmax(np.log([[1.0, 3.0], [2.0, 2.0]])), [[0.25, 0.75], [0.5, 0.5]])
    np.testing.assert_allclose(measures.softmax(np.array([1000.0, 1000.0])), [0.5, 0.5])


def test_calls_are_timed_in_turns_and_the_first_rounds_do_not_count(monkeypatch):
    clock, order = iter(np.arange(0, 1000, 0.001)), []
    monkeypatch.setattr(measures.time, "perf_counter", lambda: next(clock))

    def slow() -> None:
        order.append("slow")
        for _ in range(500 if len(order) == 1 else 4):
            next(clock)

    found = measures.median_ms([slow, lambda: order.append("fast")], rounds=10)
    assert found == pytest.approx([5, 1])
    assert order == ["slow", "fast"] * 10


def test_crops_are_read_in_batches(monkeypatch):
    monkeypatch.setattr(measures, "BATCH", 4)
    sizes = []

    class Reader:
        def read_crops(self, crops: np.ndarray, *, labels: str) -> np.ndarray:
            sizes.append((len(crops), labels))
            return certain(*crops[:, 0, 0])

    crops = np.tile(np.arange(6, dtype=np.uint8)[:, None, None], (1, 48, 48))
    assert measures.read_in_batches(Reader(), crops, "ferplus").argmax(1).tolist() == list(range(6))
    assert sizes == [(4, "ferplus"), (2, "ferplus")]
