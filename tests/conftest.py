"""What many tests want: the project's folder, the data folder where there is one, a photograph with a face."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.samples import PROJECT, encode


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder that DATA_DIR names; the test skips where it is absent."""
    folder = PROJECT / os.environ.get("DATA_DIR", "data")
    if not folder.is_dir():
        pytest.skip(f"DATA_DIR ({folder}) is not there: see docs/training.md, 'Data'")
    return folder


@pytest.fixture(scope="session")
def astronaut_bgr() -> np.ndarray:
    """(240, 320, 3) uint8: Eileen Collins smiling (NASA, public domain), as a webcam would frame her."""
    from skimage.data import astronaut

    picture = np.ascontiguousarray(astronaut()[:384, :, ::-1])
    return cv2.resize(picture, (320, 240), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="session")
def astronaut_jpeg(astronaut_bgr) -> bytes:
    return encode(astronaut_bgr)


@pytest.fixture(scope="session")
def wall_jpeg() -> bytes:
    """A picture without a face."""
    slope = np.linspace(60, 190, 320, dtype=np.uint8)
    return encode(np.repeat(np.tile(slope, (240, 1))[:, :, None], 3, axis=2))
