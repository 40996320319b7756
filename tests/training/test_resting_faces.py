"""The card's figures about faces read against their own rest."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="training's tests need requirements-train.txt")

from feelharmonic.emotions import EMOTIONS
from feelharmonic.params import Params
from feelharmonic.reading.baseline import RestingFace
from training.resting_faces import against_estimate, resting_figures, resting_lines
from training.strangers import Strangers
from training.utkface import People

PARAMS = Params.load().baseline
SAD, HAPPY, NEUTRAL = (EMOTIONS.index(name) for name in ("sad", "happy", "neutral"))


def probabilities(**shares: float) -> np.ndarray:
    row = np.full(len(EMOTIONS), 0.01)
    for name, share in shares.items():
        row[EMOTIONS.index(name)] = share
    return row / row.sum()


class BrightnessReader:
    """Reads the brightness of a crop: bright faces are sad, others nearly neutral."""

    def read_crops(self, crops: np.ndarray, labels: str | None = None) -> np.ndarray:
        sad, calm = probabilities(sad=0.55, neutral=0.4), probabilities(sad=0.2, neutral=0.7)
        return np.stack([sad if crop.mean() > 100 else calm for crop in crops])


@pytest.mark.parametrize("row", [probabilities(sad=0.6, neutral=0.3), probabilities(neutral=0.9)])
def test_the_estimate_is_the_apps_after_a_minute(row):
    face = RestingFace(PARAMS)
    for i in range(301):
        shown = face.update(row, i * 0.2)
    np.testing.assert_allclose(against_estimate(row[None], PARAMS)[0], shown, atol=1e-3)


def test_groups_are_counted_before_and_after():
    crops = np.concatenate([np.full((3, 48, 48), 140, np.uint8), np.full((1, 48, 48), 20, np.uint8)])
    people = People(crops=crops, group=np.array([0, 0, 1, 1]), age=np.full(4, 30), gender=np.zeros(4, int))
    found = resting_figures(BrightnessReader(), people, None, PARAMS)["groups"]
    first, second = found.values()
    assert (first["before"], second["before"]) == (1.0, 0.5)
    assert first["given"] == 1.0  # its other picture is darker and reads as calm: what is beyond it is sad
    assert len([line for line in resting_lines({"groups": found}) if line.startswith("| ")]) == 3


def test_photographs_are_read_against_a_neutral_picture_of_the_same_person():
    crops = np.stack([np.full((48, 48), value, np.uint8) for value in (20, 140, 140)])
    names = [name for name in map(str, range(40)) if _chosen(name)][:2]
    faces = Strangers(
        name="photographs",
        crops=crops,
        label=np.array([NEUTRAL, SAD, SAD]),
        person=np.array([names[0], names[0], names[1]]),
    )
    found = resting_figures(BrightnessReader(), None, faces, PARAMS)["photographs"]
    assert found["before"]["faces"] == found["after"]["faces"] == 1  # the first person's sad face alone has one
    assert found["after"]["recall"]["sad"] == 1.0
    assert any("against the resting face" in line for line in resting_lines({"photographs": found}))


def test_nothing_at_hand_gives_no_section():
    assert resting_lines(resting_figures(BrightnessReader(), None, None, PARAMS)) == []


def _chosen(name: str) -> bool:
    from training.expression.picture_folders import part_of

    return part_of(name) == "choose"
