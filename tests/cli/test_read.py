"""The command `read`: pictures and folders in, a line per face or picture out."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest
from flask import Flask

from feelharmonic import cli


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
