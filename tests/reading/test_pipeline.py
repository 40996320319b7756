"""The whole way of a frame: bytes → faces, expression, mood; one listener's state is small and their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import cv2
import numpy as np
import pytest

from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import BadFrame, SetupFault
from feelharmonic.reading.messages import Face, Frame
from feelharmonic.reading.networks import MAX_FACES_READ, Networks
from feelharmonic.reading.pipeline import Pipeline
from tests.support.samples import encode


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks.load()


class FixedFinder:
    """Finds the same faces in every frame."""

    def __init__(self, *boxes: tuple[float, float, float, float]):
        self.boxes = boxes

    def find(self, frame_bgr: np.ndarray) -> list[Face]:
        return [Face(box=box, score=0.9) for box in self.boxes]


def test_a_smile_is_read_as_happy(networks, astronaut_jpeg):
    reading = Pipeline(networks).see(astronaut_jpeg, 0.0)
    (seen,) = reading.faces
    assert (reading.width_px, reading.height_px) == (320, 240)
    assert reading.mood.emotion == "happy"
    assert EMOTIONS[int(np.argmax(seen.expression.probabilities))] == "happy"
    assert sum(reading.expression.probabilities) == pytest.approx(1, abs=1e-4)


def test_nobody_is_no_reading_and_no_fault(networks, wall_jpeg):
    reading = Pipeline(networks).see(wall_jpeg, 0.0)
    assert (reading.faces, reading.expression, reading.mood) == ((), None, None)


def test_no_face_keeps_last_mood(networks, astronaut_jpeg, wall_jpeg):
    pipeline = Pipeline(networks)
    pipeline.see(astronaut_jpeg, 0.0)
    assert pipeline.see(wall_jpeg, 1.0).mood.emotion == "happy"
    assert pipeline.see(wall_jpeg, 60.0).mood is None


def test_a_group_starts_a_mood_of_its_own_and_leaves_the_listeners_resting_face_alone(networks, astronaut_jpeg):
    resting = (0.02, 0.02, 0.02, 0.86, 0.02, 0.02, 0.04)
    pipeline = Pipeline(networks)
    pipeline.set_baseline(resting)
    alone = pipeline.see(astronaut_jpeg, 0.0)
    pipeline.read_group(True)
    assert pipeline.mood(0.1) is None
    together = pipeline.see(astronaut_jpeg, 0.2)
    assert [one.share for one in together.group.shares] == [pytest.approx(1.0)]
    happy = EMOTIONS.index("happy")
    assert together.expression.probabilities[happy] > alone.expression.probabilities[happy]
    pipeline.read_group(False)
    again = pipeline.see(astronaut_jpeg, 0.4)
    assert again.group is None
    assert again.expression.probabilities[happy] == pytest.approx(alone.expression.probabilities[happy], abs=0.05)


def test_a_bad_frame_leaves_the_state_as_it_was(networks, astronaut_jpeg):
    pipeline = Pipeline(networks)
    pipeline.see(astronaut_jpeg, 0.0)
    with pytest.raises(BadFrame):
        pipeline.see(b"not a picture", 1.0)
    assert pipeline.mood(1.0).emotion == "happy"
    assert pipeline.see(astronaut_jpeg, 1.5).mood.emotion == "happy"


def test_the_largest_face_is_the_listener(networks, astronaut_bgr):
    small, large = (10, 10, 40, 50), (100, 30, 90, 120)
    pipeline = Pipeline(replace(networks, finder=FixedFinder(small, large)))
    reading = pipeline.see(encode(astronaut_bgr), 0.0)
    assert [seen.face.box for seen in reading.faces] == [large, small]


def test_a_crowd_is_found_but_only_the_largest_are_read(networks, astronaut_jpeg):
    assert MAX_FACES_READ == 6
    boxes = [(10 * i, 10, 20 + i, 30) for i in range(10)]
    reading = Pipeline(replace(networks, finder=FixedFinder(*boxes))).see(astronaut_jpeg, 0.0)
    assert [seen.expression is not None for seen in reading.faces] == [True] * 6 + [False] * 4


def test_faces_that_are_not_read_are_still_in_the_reading(networks, astronaut_bgr):
    faces = [Face(box=(10 * i, 10, 20 + i, 30), score=0.9) for i in range(3)]
    seen = networks.read_faces(Frame(pixels_bgr=astronaut_bgr), faces, max_read=0)
    assert [(one.face.box, one.expression) for one in seen] == [(face.box, None) for face in reversed(faces)]


@pytest.mark.parametrize("box", [(-60, -40, 120, 160), (290, 200, 120, 160), (-500, -500, 60, 80), (100, 100, 3, 4)])
def test_a_face_half_out_of_view_is_read_without_a_fault(networks, astronaut_jpeg, box):
    reading = Pipeline(replace(networks, finder=FixedFinder(box))).see(astronaut_jpeg, 0.0)
    assert len(reading.faces) == 1


def test_one_listeners_state_stays_under_100_kilobytes(networks, astronaut_jpeg):
    Pipeline(networks).see(astronaut_jpeg, 0.0)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    listeners = [Pipeline(networks) for _ in range(3)]
    for listener in listeners:
        for i in range(40):  # more than the window holds at 30 frames a second
            listener.see(astronaut_jpeg, i / 30)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown / len(listeners) < 100_000


def test_all_faults_of_the_parts_are_named_together():
    with pytest.raises(SetupFault) as caught:
        Networks.load(face_finder="nowhere.onnx", expression_backend="guess")
    assert len(caught.value.faults) == 2
    assert caught.value.faults[0].startswith("FACE_FINDER: ")
    assert caught.value.faults[1].startswith("EXPRESSION_BACKEND: ")


def test_the_portrait_is_found_and_the_faceless_picture_is_not(networks, data_dir):
    for name, faces in (("portrait.jpg", 1), ("no_faces.jpg", 0)):
        assert len(Pipeline(networks).see((data_dir / "video" / name).read_bytes(), 0.0).faces) == faces


def test_the_phone_at_night_runs_through(networks, data_dir):
    video = cv2.VideoCapture(str(data_dir / "video" / "phone_at_night.mp4"))
    pipeline, read = Pipeline(networks), 0
    while True:
        more, pixels = video.read()
        if not more:
            break
        scale = 640 / max(pixels.shape[:2])
        reading = pipeline.see(encode(cv2.resize(pixels, None, fx=scale, fy=scale)), read / 30)
        assert reading.mood is None or reading.mood.emotion in EMOTIONS
        read += 1
    assert read == 115


def test_the_networks_runtime_keeps_and_sends_nothing_about_its_use(project, tmp_path, astronaut_jpeg):
    (tmp_path / "home").mkdir()
    (tmp_path / "picture").write_bytes(astronaut_jpeg)
    # Without CI's own variable, which would switch ONNX Runtime's telemetry off by itself.
    environ = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    environ.update(HOME=str(tmp_path / "home"), XDG_CACHE_HOME=str(tmp_path / "home"), PYTHONDONTWRITEBYTECODE="1")
    program = (
        "import sys; from feelharmonic.reading import Networks, Pipeline; "
        "assert Pipeline(Networks.load()).see(open(sys.argv[1], 'rb').read(), 0.0).faces"
    )
    command = [sys.executable, "-c", program, tmp_path / "picture"]
    subprocess.run(command, cwd=project, env=environ, check=True, timeout=60)
    assert list((tmp_path / "home").rglob("*")) == []
