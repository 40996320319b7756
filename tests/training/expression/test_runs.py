"""Runs on disk: averaging, reading, the log."""

from __future__ import annotations

import json

import pytest

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")

from training.expression.network import SHAPES, ExpressionNetwork
from training.expression.runs import append_log, mean_weights, read_log, read_run


def test_of_several_networks_the_mean_is_served(faces):
    one, other = (ExpressionNetwork(SHAPES["tiny"]) for _ in range(2))
    expected = (one.heads.weight + other.heads.weight).detach() / 2
    kept = other.heads.weight.clone()
    mean_weights([one, other])
    torch.testing.assert_close(one.heads.weight.detach(), expected)
    assert torch.equal(other.heads.weight, kept)
    with pytest.raises(SystemExit, match="Expected runs of one shape"):
        mean_weights([one, ExpressionNetwork(SHAPES["small"])])


def test_a_run_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"Expected a run in .*absent, found none"):
        read_run(tmp_path / "absent", torch.device("cpu"))


def lines(*epochs: tuple[int, float]) -> str:
    return "".join(json.dumps({"epoch": epoch, "loss": loss}) + "\n" for epoch, loss in epochs)


def test_of_an_epoch_done_twice_the_log_tells_the_later(tmp_path):
    (tmp_path / "log.jsonl").write_text(lines((1, 2.0), (2, 1.9), (2, 1.8), (3, 1.5)))
    assert [line["loss"] for line in read_log(tmp_path / "log.jsonl")] == [2.0, 1.8, 1.5]


@pytest.mark.parametrize("cut", ["{", '{"epoch": 3, "lo', '{"epoch": 3, "loss": 1.5}'])
def test_a_cut_last_line_is_none_and_is_not_written_on(tmp_path, cut):
    path = tmp_path / "log.jsonl"
    path.write_text(lines((1, 2.0), (2, 1.9)) + cut)
    assert [line["epoch"] for line in read_log(path)] == [1, 2]
    append_log(path, {"epoch": 3, "loss": 1.4})
    assert path.read_text() == lines((1, 2.0), (2, 1.9), (3, 1.4))


def test_a_log_that_holds_only_a_cut_line_is_empty(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"epoch"')
    assert list(read_log(tmp_path / "log.jsonl")) == []
