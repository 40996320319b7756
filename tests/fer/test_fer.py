"""The app with the `fer` package's network: it reads a face over Socket.IO (`make test-fer`)."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.serving import Server

pytest.importorskip("fer", reason="the package fer is not installed: run `make test-fer`")

from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import BadInput
from feelharmonic.reading.expression_fer import FerReader


def test_a_face_is_read_over_the_live_wire(tmp_path, astronaut_jpeg):
    server = Server(tmp_path, EXPRESSION_BACKEND="fer").start()
    try:
        with server.listener() as listener:
            (face,) = listener.call("frame", 0, astronaut_jpeg)["faces"]
    finally:
        server.stop()
    assert EMOTIONS[int(np.argmax(face["probabilities"]))] == "happy"
    assert sum(face["probabilities"]) == pytest.approx(1, abs=1e-2)


def test_several_crops_are_read_and_wrong_ones_refused():
    reader = FerReader.load()
    read = reader.read_crops(np.zeros((3, 48, 48), np.uint8))
    assert (read.shape, read.dtype) == ((3, 7), np.float32)
    with pytest.raises(BadInput, match="Expected crops"):
        reader.read_crops(np.zeros((48, 48), np.uint8))
