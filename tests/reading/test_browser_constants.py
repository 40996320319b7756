"""The whole way on the device gives what the server's gives: the same networks in WebAssembly, run by Node.

The two differ in the seventh digit, as any two processors do. Following a face feeds that back from frame to frame: now
and then two cells of the finder's maps tie, the other one wins, and the box is another by some pixels. So boxes are
compared over two frames at a time, probabilities and moods over the whole visit.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from feelharmonic.reading.browser_constants import BROWSER_NETWORKS, constants_for_browser
from feelharmonic.reading.messages import Reading
from feelharmonic.reading.networks import Networks
from feelharmonic.reading.pipeline import Pipeline

PROJECT = Path(__file__).resolve().parents[2]
RUNTIME = PROJECT / "static" / "vendor" / "ort-wasm-simd-threaded.wasm"
BASELINE = (0.05, 0.02, 0.05, 0.25, 0.25, 0.03, 0.35)

MAX_PX, MAX_SHARE = 1.0, 0.01
RATE_HZ = 8


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node") or shutil.which(PROJECT / ".venv" / "bin" / "node")
    missing = "Node" if found is None else "static/vendor (run `make vendor`)" if not RUNTIME.is_file() else ""
    if missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{missing} is not there")
    return found


def moved(
    picture: np.ndarray, *, turn: float = 0.0, scale: float = 1.0, across: float = 0.0, size=(320, 240)
) -> np.ndarray:
    """The photograph turned around the face (degrees), scaled, moved by pixels, in a frame of ``size``."""
    move = cv2.getRotationMatrix2D((143, 73), turn, scale)
    move[0, 2] += across
    return cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REFLECT)


@pytest.fixture(scope="module")
def frames(astronaut_bgr) -> list[np.ndarray]:
    """A visit: she moves, tilts, comes nearer, is joined by a second one, goes away, comes back dim."""
    alone = [moved(astronaut_bgr, across=3 * i) for i in range(8)]
    tilted = [moved(astronaut_bgr, turn=6 * i) for i in range(-4, 5)]
    near = [moved(astronaut_bgr, scale=1 + 0.08 * i) for i in range(8)]
    two = [np.hstack([astronaut_bgr[:, 60:220], moved(astronaut_bgr, turn=-4)[:, 60:220]])] * 4
    large = [cv2.resize(astronaut_bgr, (640, 480), interpolation=cv2.INTER_CUBIC)] * 3
    nobody = [np.full((240, 320, 3), 90, np.uint8)] * 3
    dim = [(astronaut_bgr * 0.3).astype(np.uint8)] * 4
    return [*alone, *tilted, *near, *two, *large, *nobody, *dim]


@pytest.fixture(scope="module")
def networks() -> Networks:
    return Networks.load()


@pytest.fixture(scope="module")
def visits(frames) -> list[tuple[list[int], tuple[float, ...] | None]]:
    """Listeners who are new: which frames each shows (their places), and their resting face. Every other pair of
    neighbours; then the whole visit, as it is and with a resting face."""
    pairs = [([start, start + 1], None) for start in range(0, len(frames) - 1, 2)]
    whole = list(range(len(frames)))
    return [*pairs, (whole, None), (whole, BASELINE)]


@pytest.fixture(scope="module")
def device_visits(node, networks, frames, visits, tmp_path_factory) -> list[list[dict]]:
    """What the device's stages say to each visit, all in one run."""
    folder = tmp_path_factory.mktemp("frames")
    listed = []
    for index, frame in enumerate(frames):
        name = f"{index}.rgba"
        (folder / name).write_bytes(cv2.cvtColor(frame, cv2.COLOR_BGR2RGBA).tobytes())
        listed.append({"file": name, "width": frame.shape[1], "height": frame.shape[0], "at_s": index / RATE_HZ})
    series = {
        "constants": constants_for_browser(networks.params),
        "frames": listed,
        "visits": [{"places": places, "baseline": baseline} for places, baseline in visits],
    }
    (folder / "series.json").write_text(json.dumps(series))
    command = [node, str(PROJECT / "tests" / "js" / "reading" / "read_frames.mjs"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_two_frames_give_the_same_boxes_ids_and_probabilities(networks, frames, visits, device_visits):
    counts = set()
    for (places, _), readings in list(zip(visits, device_visits, strict=True))[:-2]:
        pipeline = Pipeline(networks)
        for index, device in zip(places, readings, strict=True):
            server = see(pipeline, frames[index], index)
            size = (server.width_px, server.height_px)
            assert len(device["faces"]) == len(server.faces), f"frame {index}"
            counts.add(len(server.faces))
            for one, other in zip(device["faces"], server.faces, strict=True):
                boxes = corners(one["box"], size), clipped(other.face.box, size)
                assert boxes[0] == pytest.approx(boxes[1], abs=MAX_PX), f"frame {index}"
                assert one["id"] == other.face.id, f"frame {index}"
                shown = other.expression.probabilities
                assert one["probabilities"] == pytest.approx(shown, abs=MAX_SHARE), f"frame {index}"
    assert counts >= {0, 1, 2}, "the visits show nobody, one and two"


@pytest.mark.parametrize("which", [-2, -1], ids=["as it is", "with a resting face"])
def test_a_visit_gives_the_same_faces_probabilities_and_moods(networks, frames, visits, device_visits, which):
    places, baseline = visits[which]
    pipeline = Pipeline(networks)
    pipeline.set_baseline(baseline)
    for index, device in zip(places, device_visits[which], strict=True):
        server = see(pipeline, frames[index], index)
        assert [face["id"] for face in device["faces"]] == [seen.face.id for seen in server.faces], f"frame {index}"
        assert (device["mood"] or {}).get("emotion") == (server.mood and server.mood.emotion), f"frame {index}"
        if server.expression:
            smoothed = server.expression.probabilities
            assert device["probabilities"] == pytest.approx(smoothed, abs=MAX_SHARE), f"frame {index}"


def see(pipeline: Pipeline, frame: np.ndarray, index: int) -> Reading:
    # PNG: the pixels reach both ways unchanged.
    return pipeline.see(cv2.imencode(".png", frame)[1].tobytes(), at_s=index / RATE_HZ)


def corners(box: list[float], size: tuple[int, int]) -> list[float]:
    """A box in shares of the frame → left, top, right, bottom in pixels."""
    x, y, width, height = (value * side for value, side in zip(box, (*size, *size), strict=True))
    return [x, y, x + width, y + height]


def clipped(box: tuple[float, ...], size: tuple[int, int]) -> list[float]:
    x, y, width, height = box
    edges = (x, y, x + width, y + height)
    return [min(max(edge, 0.0), float(side)) for edge, side in zip(edges, (*size, *size), strict=True)]


def test_the_networks_that_the_browser_gets_are_the_servers():
    assert sorted(BROWSER_NETWORKS) == ["expression.onnx", "face_finder.onnx", "face_look.onnx"]
    assert all(path.name == name and path.is_file() for name, path in BROWSER_NETWORKS.items())
