"""Made-up faces and data folders for the tests of the expression network's training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.training_data import FER_ROWS, PER_SHEET, cut, pictures, random_faces, write_fer
from training.expression import data
from training.expression.data import Faces


@pytest.fixture(autouse=True)
def small_sheets(monkeypatch):
    monkeypatch.setattr(data, "FACES_PER_SHEET", PER_SHEET)


@pytest.fixture
def faces() -> Faces:
    return random_faces()


@pytest.fixture
def folder_with_copies(tmp_path) -> tuple[Path, np.ndarray]:
    """A data folder whose faces 0 and 5 (train) are shifted and mirrored copies of 1 and 4 (valid); all faces."""
    whole = pictures(len(FER_ROWS))
    crops = np.stack([cut(one) for one in whole])
    crops[1], crops[4] = cut(whole[0], 3, -2), cut(whole[5])[:, ::-1]
    return write_fer(tmp_path / "sets", crops), crops
