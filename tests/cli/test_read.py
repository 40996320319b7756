"""The command `read`: pictures and folders in, a line per face or picture out."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest
from flask import Flask
from PIL import Image

from feelharmonic import cli
from tests.support.samples import PROJECT

PICTURES = PROJECT / "tests/support/reports/pictures"


@pytest.fixture
def run(tmp_path):
    app = Flask("feelharmonic", instance_path=str(tmp_path / "instance"))
    cli.bind(app)
    return lambda *words: app.test_cli_runner().invoke(args=["read", *map(str, words)])


@pytest.fixture
def folder(tmp_path, astronaut_jpeg, wall_jpeg):
    pictures = tmp_path / "pictures"
    (pictures / "inner").mkdir(parents=True)
    (pictures / "face.jpg").write_bytes(astronaut_jpeg)
    (pictures / "inner" / "wall.JPG").write_bytes(wall_jpeg)
    (pictures / "notes.txt").write_text("no picture")
    return pictures


def test_csv_has_a_line_for_each_face_and_for_each_picture_without_one(run, folder):
    result = run(folder, "--csv")
    assert result.exit_code == 0
    face, wall = csv.DictReader(io.StringIO(result.stdout))
    assert face["file"].endswith("face.jpg")
    assert (face["face"], face["emotion"]) == ("1", "happy")
    assert float(face["happy"]) > 0.5
    assert (wall["face"], wall["emotion"], wall["happy"]) == ("", "", "")


def test_json_has_a_document_for_each_picture(run, folder):
    result = run(folder / "face.jpg", folder / "inner", "--json")
    face, wall = map(json.loads, result.stdout.splitlines())
    assert (face["width"], face["height"], face["faces"][0]["emotion"]) == (320, 240, "happy")
    assert wall["faces"] == []


def test_a_broken_file_is_named_and_the_rest_goes_on(run, folder):
    (folder / "broken.png").write_bytes(b"\x89PNG nothing")
    result = run(folder, folder / "absent.jpg")
    assert result.exit_code == 1
    assert len(list(csv.DictReader(io.StringIO(result.stdout)))) == 2
    assert "broken.png: Expected a JPEG, PNG or WebP picture, got something else." in result.stderr
    assert "absent.jpg: " in result.stderr
    assert "2 of 4 pictures could not be read." in result.stderr


def test_a_file_of_another_name_is_read_where_it_is_named(run, folder, astronaut_jpeg):
    (folder / "upload").write_bytes(astronaut_jpeg)
    assert run(folder / "upload").exit_code == 0
    assert "notes.txt: Expected a JPEG" in run(folder / "notes.txt").stderr


@pytest.mark.parametrize("suffix", [".jfif", ".jpe", ".JPG", ".heic", ".avif"])
def test_every_name_that_phones_and_browsers_give_is_read_of_a_folder(run, tmp_path, astronaut_jpeg, suffix):
    (tmp_path / f"a{suffix}").write_bytes(astronaut_jpeg)
    (line,) = csv.DictReader(io.StringIO(run(tmp_path).stdout))
    assert line["file"].endswith(suffix)


@pytest.mark.parametrize("name", ["arrow_up_exif6.webp", "arrow_up_exif6.jpg"])
def test_a_picture_taken_sideways_is_upright(run, name):
    reading = json.loads(run(PICTURES / name, "--json").stdout)
    assert (reading["width"], reading["height"]) == (320, 240)


@pytest.mark.parametrize("name", ["jpeg_without_end.jpg", "jpeg_last_12_bytes_gone.jpg", "jpeg_named.jfif"])
def test_a_jpeg_without_its_end_is_read_as_viewers_show_it(run, name):
    result = run(PICTURES / name, "--json")
    assert (result.exit_code, json.loads(result.stdout)["faces"]) == (0, [])


def test_a_closed_pipe_ends_the_command_quietly(tmp_path, astronaut_jpeg):
    for number in range(40):
        (tmp_path / f"{number}.jpg").write_bytes(astronaut_jpeg)
    command = f"{sys.executable} -m flask --app {PROJECT / 'app.py'} read {tmp_path} | head -2"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert len(ended.stdout.splitlines()) == 2
    assert "could not be read" not in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Broken pipe" not in ended.stderr


def test_what_a_folder_holds_besides_is_counted(run, folder):
    (folder / "scan.tif").write_bytes(b"II*\0")
    assert f"{folder}: 2 other files skipped (.tif, .txt)." in run(folder).stderr


def test_a_picture_of_48_megapixels_is_read_and_one_larger_than_what_may_be_sent(run, tmp_path):
    Image.new("RGB", (8064, 6048)).save(tmp_path / "48mp.jpg", quality=30)
    large = (tmp_path / "48mp.jpg").read_bytes()
    (tmp_path / "large.jpg").write_bytes(large + bytes(11 * 2**20))
    first, second = map(json.loads, run(tmp_path, "--json").stdout.splitlines())
    assert (first["width"], first["height"], first["faces"]) == (1600, 1200, [])
    assert second["width"] == 1600


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("EXPRESSION_BACKEND", "fer", "EXPRESSION_BACKEND"),
        ("FACE_FINDER", "nowhere.onnx", "FACE_FINDER: expected 'own' or the path of a YuNet ONNX file"),
    ],
)
def test_pictures_are_read_by_the_networks_that_the_settings_name(run, folder, monkeypatch, name, value, fault):
    # Neither is here, so what was asked for is named.
    monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "fer", None)
    result = run(folder)
    assert result.exit_code == 1
    assert fault in result.stderr
