"""What the browser is given for reading by itself and for times without a network: checksums, caching, compression."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import re
import time

import pytest

from feelharmonic.app import create_app
from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.reading.networks import Networks
from feelharmonic.settings import Settings
from feelharmonic.web.on_device import RUNTIME
from feelharmonic.web.services import Services
from feelharmonic.web.serving.fair_slots import FairSlots


@pytest.fixture(scope="module")
def parts() -> Networks:
    return Networks.load()


@pytest.fixture(scope="module")
def client(project, parts):
    if not (project / "static" / "vendor" / RUNTIME).is_file():
        pytest.skip("static/vendor is not there: run `make vendor`")
    return create_app(Settings(providers=("catalogue",)), networks=parts).test_client()


@pytest.fixture(scope="module")
def files(client) -> dict[str, dict]:
    return client.get("/device/parts.json").json["files"]


@pytest.mark.parametrize("name", ["face_finder.onnx", "face_look.onnx", "expression.onnx", RUNTIME])
def test_a_file_is_what_its_checksum_says_and_may_be_kept_for_ever(client, files, name):
    response = client.get(files[name]["url"])
    assert response.status_code == 200
    assert hashlib.sha256(response.data).hexdigest() == files[name]["sha256"]
    assert len(response.data) == files[name]["bytes"]
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(("accepted", "encoding"), [("br, gzip", "br"), ("gzip, deflate", "gzip"), ("identity", None)])
def test_the_runtime_comes_as_small_as_the_browser_takes_it(client, files, accepted, encoding):
    response = client.get(files[RUNTIME]["url"], headers={"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding") == encoding
    assert response.mimetype == "application/wasm"
    assert "Accept-Encoding" in response.headers["Vary"]
    share = len(response.data) / files[RUNTIME]["bytes"]
    assert share == 1 if encoding is None else share < 0.3
    if encoding == "gzip":
        assert hashlib.sha256(gzip.decompress(response.data)).hexdigest() == files[RUNTIME]["sha256"]


@pytest.mark.parametrize(
    "address", ["/device/{other}/expression.onnx", "/device/{right}/expression.md", "/device/{right}/x"]
)
def test_another_checksum_or_another_file_is_not_found(client, files, address):
    right = files["expression.onnx"]["sha256"]
    assert client.get(address.format(right=right, other="0" * 64)).status_code == 404


def test_what_changes_is_asked_for_each_time_and_sent_only_when_it_changed(client):
    first = client.get("/device/parts.json")
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get("/device/parts.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("emotion", EMOTIONS)
@pytest.mark.parametrize("goal", GOALS)
def test_every_mood_and_goal_has_different_lists_of_eight(client, emotion, goal):
    told = client.get("/device/cards.json").json
    lists = told["lists"][emotion][goal]
    count = 24 if goal == "match" else 3
    assert [len(ids) for ids in lists] == [8] * count
    assert len({track_id for ids in lists for track_id in ids}) == 8 * count
    for track_id in lists[0]:
        title, artist, year = told["tracks"][track_id]
        assert title
        assert artist
        assert year is None or 1900 < year < 2100


def test_the_best_known_tracks_are_there_and_take_little_room(client):
    answer = client.get("/device/cards.json")
    assert len(answer.json["tracks"]) == 3000
    assert len(answer.data) <= 350_000


def test_the_lists_are_the_same_in_every_process(client, parts):
    other = create_app(Settings(providers=("catalogue",)), networks=parts).test_client()
    assert other.get("/device/cards.json").data == client.get("/device/cards.json").data


def release(client) -> dict:
    text = client.get("/service-worker.js").get_data(as_text=True)
    return json.loads(re.match(r"self\.RELEASE = (.*);\n", text)[1])


def test_all_that_the_service_worker_keeps_is_there(client):
    addresses = release(client)["addresses"]
    assert {"/", "/static/js/live/main.js", "/static/js/live/device-worker.js", "/static/page.css"} <= set(addresses)
    assert [address for address in addresses if client.get(address).status_code != 200] == []


def test_the_service_workers_version_changes_with_what_it_keeps(parts, tmp_path, project):
    app = create_app(Settings(providers=("catalogue",)), networks=parts)
    before = release(app.test_client())["version"]
    assert release(create_app(Settings(providers=("catalogue",)), networks=parts).test_client())["version"] == before
    files = Services.of(app).device_files
    files.constants = {"finder": "another"}
    files._script_until_s = math.inf
    assert release(app.test_client())["version"] == before  # kept for a moment: it takes 10 ms
    files._script_until_s = time.monotonic() - 1
    assert release(app.test_client())["version"] != before


@pytest.mark.parametrize("address", ["/device/cards.json", "/service-worker.js"])
def test_what_takes_long_is_made_off_the_loop_and_refused_where_too_much_waits(parts, address):
    app = create_app(Settings(providers=("catalogue",)), networks=parts)
    queue, ran = Services.of(app).texts, []
    run, queue._run = queue._run, lambda function: ran.append(1) or run(function)
    assert app.test_client().get(address).status_code == 200
    assert ran
    queue._fair_slots = FairSlots(0, 0)
    answer = app.test_client().get(address)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "busy")


def test_where_the_host_wants_no_reading_on_devices_no_network_is_given(parts):
    client = create_app(Settings(providers=("catalogue",), on_device="never"), networks=parts).test_client()
    assert client.get("/device/parts.json").json["files"] == {}
    assert b'"on_device": "never"' in client.get("/").data
    assert client.get("/device/cards.json").status_code == 200
