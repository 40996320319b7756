"""Targets are what the app decodes; the loss is near zero for perfect maps."""

from __future__ import annotations

import pytest

from tests.support.scenes import tensors

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")

from feelharmonic.reading.faces.face_finder import decode_maps
from training.face_finder.loss import SIZE_UNIT, cell_centres, loss_of, targets
from training.face_finder.network import STRIDE


def perfect_maps(wanted: dict[str, torch.Tensor]) -> torch.Tensor:
    """(1, 15, 16, 20): what a network that knows everything would say."""
    cells = cell_centres(16, 20)
    centre = wanted["box"][..., :2] + wanted["box"][..., 2:] / 2
    size = wanted["box"][..., 2:].clamp(min=1e-3)
    offset = (centre - cells) / STRIDE
    points = (wanted["points"] - centre[..., None, :]) / size[..., None, :]
    logit = torch.where(wanted["heat"] > 0.99, 12.0, -12.0)[..., None]
    log_size = torch.log(size / SIZE_UNIT)
    return torch.cat([logit, offset, log_size, points.flatten(-2)], dim=-1).permute(0, 3, 1, 2)


def test_the_app_decodes_the_training_targets():
    boxes = [(20.0, 30.0, 30.0, 40.0), (100.0, 60.0, 50.0, 60.0)]
    maps = perfect_maps(targets(*tensors(*boxes)))
    found = sorted(face.box for face in decode_maps(maps[0].numpy(), 0.5))
    assert len(found) == 2
    for face, box in zip(found, boxes, strict=True):
        assert face == pytest.approx(box, abs=0.01)


def test_perfect_maps_have_almost_no_loss():
    wanted = targets(*tensors((20.0, 30.0, 30.0, 40.0)))
    perfect, _ = loss_of(perfect_maps(wanted), wanted)
    blind, _ = loss_of(torch.zeros(1, 15, 16, 20), wanted)
    assert float(perfect) < 0.01 < float(blind)


def test_a_scene_without_a_face_has_no_loss_of_boxes():
    wanted = targets(*tensors())
    assert float(wanted["heat"].max()) == 0
    _, parts = loss_of(torch.full((1, 15, 16, 20), -12.0), wanted)
    assert parts == pytest.approx({"focal": 0, "box": 0, "l1": 0, "points": 0}, abs=1e-4)


def test_faces_mostly_out_of_view_cost_nothing():
    boxes, points, ignored = tensors()
    ignored[0, 0] = torch.tensor([100.0, 60.0, 60.0, 60.0])
    wanted = targets(boxes, points, ignored)
    maps = torch.full((1, 15, 16, 20), -12.0)
    maps[0, 0, 10, 15] = 9.0  # an alarm in the middle of the ignored face
    _, parts = loss_of(maps, wanted)
    assert parts["focal"] == pytest.approx(0, abs=1e-4)
