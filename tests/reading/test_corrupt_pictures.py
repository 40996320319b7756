"""Damaged pictures: a clear answer for each, by REST and by the command, no crash, memory within bounds."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys

import pytest
from PIL import Image

from feelharmonic.app import create_app
from tests.support.corrupt_pictures import corpus
from tests.support.samples import PROJECT

MAX_MEMORY_KB = 300 * 1024

#: Runs the `flask` command and tells at its end how much memory it ever held (Linux: a parent's does not count).
LAUNCHER = """
import atexit, re, sys
from pathlib import Path
status = Path("/proc/self/status")
atexit.register(lambda: print(re.search("VmHWM.*", status.read_text())[0] if status.exists() else "", file=sys.stderr))
from flask.cli import main
main()
"""
DEADLINE_S = 120


@pytest.fixture(scope="module")
def pictures(astronaut_bgr):
    made = corpus(Image.fromarray(astronaut_bgr[:, :, ::-1].copy()))
    assert len(made) == 200
    return made


def test_every_one_gets_a_clear_answer(pictures):
    client = create_app().test_client()
    for name, (data, allowed) in pictures.items():
        answer = client.post("/api/v1/expressions", data={"image": (io.BytesIO(data), name)})
        document = answer.get_json()
        said = "read" if answer.status_code == 200 else document["code"]
        assert said in allowed, f"{name}: {document}"
        if said != "read":
            assert document["detail"], name
            assert document["action"], name


@pytest.mark.parametrize("name", ["whole.jpeg", "deep.png", "cmyk.jpg", "animated.webp", "exif.jpg", "large.jpg"])
def test_odd_but_whole_ones_show_their_face(pictures, name):
    data, _ = pictures[name]
    answer = create_app().test_client().post("/api/v1/expressions", data={"image": (io.BytesIO(data), name)})
    assert len(answer.get_json()["faces"]) == 1


@pytest.mark.full
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_rotation_in_exif_is_applied(astronaut_bgr, orientation):
    """A camera held sideways notes it in EXIF; the face stands upright wherever that is respected."""
    upright = Image.fromarray(astronaut_bgr[:, :, ::-1].copy())
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    (upright.transpose(undo[orientation]) if orientation in undo else upright).save(buffer, "JPEG", exif=exif)
    buffer.seek(0)
    answer = create_app().test_client().post("/api/v1/expressions", data={"image": (buffer, "turned.jpg")})
    (face,) = answer.get_json()["faces"]
    assert face["box"] == pytest.approx((0.37, 0.16, 0.14, 0.28), abs=0.06)


def test_the_command_reads_the_folder_names_the_broken_and_stays_small(pictures, tmp_path):
    for name, (data, _) in pictures.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, "-c", LAUNCHER, "--app", str(PROJECT / "app.py"), "read", str(tmp_path), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=DEADLINE_S, check=False)
    assert ended.returncode == 1
    refused = ended.stderr
    read = [json.loads(line) for line in ended.stdout.splitlines()]
    names = {os.path.basename(line["file"]) for line in read}
    for name, (_, allowed) in pictures.items():
        assert (name in names) or (f"{name}: Expected" in refused) or (f"{name}: The picture" in refused), name
        assert "read" in allowed or name not in names, name
    assert f"{200 - len(read)} of 200 pictures could not be read." in refused
    assert "Traceback" not in refused
    if peak := re.search(r"VmHWM:\s+(\d+) kB", refused):
        assert int(peak[1]) < MAX_MEMORY_KB
