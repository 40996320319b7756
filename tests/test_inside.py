"""/readyz tells what is missing; /metrics counts frames, stages, refusals, listeners and lists, and names nobody."""

from __future__ import annotations

import re

import pytest

from app import create_app
from feelharmonic.settings import Settings


@pytest.fixture
def app():
    return create_app(Settings(providers=("catalogue",), socket_rate="5/minute"))


def figures(app) -> dict[str, float]:
    answer = app.test_client().get("/metrics")
    assert answer.content_type.startswith("text/plain")
    lines = answer.get_data(as_text=True).splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_what_happens_on_the_wire_is_counted(app, astronaut_jpeg):
    wire = app.extensions["socketio"].test_client(app, namespace="/live")

    def call(event: str, *arguments: object) -> dict:
        return wire.emit(event, *arguments, namespace="/live", callback=True)

    call("frame", 0, astronaut_jpeg)
    call("frame", 1, astronaut_jpeg)
    call("frame", 2, b"no picture")
    call("snap", {"emotion": "sad"})
    call("frame", 3, astronaut_jpeg)  # one too many for this minute
    told = figures(app)
    assert told["feelharmonic_frames_total"] == 2
    assert told['feelharmonic_refused_total{reason="bad_frame"}'] == 1
    assert told['feelharmonic_lists_total{provider="catalogue"}'] == 1
    assert told["feelharmonic_listeners"] == 1
    for stage in ("decode", "face", "expression"):
        assert told[f'feelharmonic_stage_seconds_count{{stage="{stage}"}}'] == 2
        assert 0 < told[f'feelharmonic_stage_seconds_sum{{stage="{stage}"}}'] < 60
    assert told['feelharmonic_provider_resting{provider="catalogue"}'] == 0
    wire.disconnect(namespace="/live")
    assert figures(app)["feelharmonic_listeners"] == 0


def test_no_figure_names_an_address(app):
    app.test_client().get("/", environ_overrides={"REMOTE_ADDR": "192.0.2.77"})
    text = app.test_client().get("/metrics").get_data(as_text=True)
    assert re.search(r"\d+\.\d+\.\d+\.\d+", text) is None


def test_a_server_with_its_networks_is_ready(app):
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", "checks": {"networks": True}})


def test_without_the_redis_that_it_was_told_of_it_is_not_ready():
    answer = create_app(Settings(redis_url="redis://127.0.0.1:9/0")).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json() == {"status": "not ready", "checks": {"networks": True, "redis": False}}
