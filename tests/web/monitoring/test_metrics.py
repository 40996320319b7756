"""/readyz tells what is missing; /metrics counts frames, stages, refusals, listeners, lists, the providers' calls and
rests, over all workers, and names nobody."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
from prometheus_client.multiprocess import mark_process_dead

from feelharmonic.app import create_app
from feelharmonic.settings import Settings
from feelharmonic.web.monitoring.metrics import MAX_NOTED, Metrics
from feelharmonic.web.services import Services
from feelharmonic.web.serving.fair_slots import FairSlots
from feelharmonic.web.serving.inference_queue import InferenceQueue
from tests.support.samples import HANDSHAKE, PROJECT

SOCKET_IO = "/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
def app():
    return create_app(Settings(providers=("catalogue",), socket_rate="405/minute"))


def metric_values(app) -> dict[str, float]:
    answer = app.test_client().get("/metrics")
    assert answer.content_type.startswith("text/plain")
    return parsed(answer.get_data(as_text=True))


def parsed(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def refusals(app) -> dict[str, float]:
    """How often was refused, by reason."""
    found = {
        re.fullmatch(r'feelharmonic_refused_total{reason="(.*)"}', name): n for name, n in metric_values(app).items()
    }
    return {match[1]: count for match, count in found.items() if match}


def test_frames_and_lists_on_live_are_counted(app, astronaut_jpeg):
    live = app.extensions["socketio"].test_client(app, namespace="/live")

    def call(event: str, *arguments: object) -> dict:
        return live.emit(event, *arguments, namespace="/live", callback=True)

    call("frame", 0, astronaut_jpeg)
    call("frame", 1, astronaut_jpeg)
    call("frame", 2, b"no picture")
    call("snap", {"emotion": "sad"})
    call("frame", 3, astronaut_jpeg)  # one too many for this minute
    told = metric_values(app)
    assert told["feelharmonic_frames_total"] == 2
    assert told['feelharmonic_refused_total{reason="bad_frame"}'] == 1
    assert told['feelharmonic_lists_total{provider="catalogue"}'] == 1
    assert told["feelharmonic_listeners"] == 1
    for stage in ("decode", "face", "expression"):
        assert told[f'feelharmonic_stage_seconds_count{{stage="{stage}"}}'] == 2
        assert 0 < told[f'feelharmonic_stage_seconds_sum{{stage="{stage}"}}'] < 60
    assert told['feelharmonic_provider_resting{provider="catalogue"}'] == 0
    live.disconnect(namespace="/live")
    assert metric_values(app)["feelharmonic_listeners"] == 0


def test_every_refused_event_counts_by_its_code(astronaut_jpeg):
    app = create_app(Settings(providers=("catalogue",), socket_rate="13/minute", max_listeners=1))
    here, outside = (app.extensions["socketio"].test_client(app, namespace="/live") for _ in range(2))

    def code(live, event: str, *arguments: object) -> str:
        return live.emit(event, *arguments, namespace="/live", callback=True)["problem"]["code"]

    told = [code(here, event, {"no": 1}) for event in ("goal", "baseline", "group", "resume", "feedback", "snap")]
    told += [code(here, "snap"), code(here, "frame", "no number")]
    told += [code(outside, "frame", 0, astronaut_jpeg), code(outside, "goal", {"goal": "lift"})]
    here.emit("frame", 0, astronaut_jpeg, namespace="/live", callback=True)
    told += [code(here, "snap", {"emotion": "sad"}), code(here, "frame", 1, astronaut_jpeg)]
    assert told == [*["bad_request"] * 6, "no_mood", "bad_request", "full", "full", "busy", "busy"]
    assert refusals(app) == {code: told.count(code) for code in told}


def test_every_refused_request_counts_by_its_code(astronaut_jpeg):
    app = create_app(Settings(providers=("catalogue",), http_rate="20/minute"))
    client = app.test_client()
    photographs = Services.of(app).photographs
    told = [
        client.post("/api/v1/moods", json={"readings": 1}),
        client.post("/api/v1/expressions", data={"image": (io.BytesIO(b"no picture"), "a.jpg")}),
        client.post("/api/v1/tracks/moods", data=b"[" * 2_000_000, content_type="application/json"),
        client.post("/api/v1/tracks/moods", json={"tracks": []}, headers={"Origin": "https://elsewhere.example"}),
        client.get(SOCKET_IO, headers={"Origin": "https://elsewhere.example", **HANDSHAKE}),
        client.get("/socket.io/?EIO=4&transport=polling"),
        client.get("/", headers={"Host": "elsewhere.example"}),
        client.put("/api/v1/emotions"),
        client.post("/api/v1/spotify/disconnect"),
        *[client.get(path) for path in ("/api/v1/no", "/no1", "/no2", "/readyz")],
    ]
    photographs._fair_slots = FairSlots(0, 0)
    told.append(client.post("/api/v1/expressions", data={"image": (io.BytesIO(astronaut_jpeg), "a.jpg")}))
    codes = [answer.status_code for answer in told]
    assert codes == [422, 422, 413, 403, 400, 400, 421, 405, 401, 404, 404, 404, 200, 429]
    assert refusals(app) == {
        "bad_request": 2,
        "bad_frame": 1,
        "too_large": 1,
        "forbidden": 2,
        "unknown_host": 1,
        "method_not_allowed": 1,
        "not_connected": 1,
        "not_found": 3,
        "busy": 1,
    }
    while client.get("/api/v1/emotions").status_code == 200:
        pass
    other = {"REMOTE_ADDR": "192.0.2.9"}
    text = client.get("/metrics", environ_overrides=other).get_data(as_text=True)
    assert parsed(text)['feelharmonic_refused_total{reason="busy"}'] == 2


def test_a_failing_readyz_is_no_refusal():
    app = create_app(Settings(redis_url="redis://127.0.0.1:9/0"))
    assert app.test_client().get("/readyz").status_code == 503
    assert refusals(app) == {}


def test_provider_calls_count_from_live_and_rest():
    app = create_app(Settings(providers=("catalogue",)))
    live = app.extensions["socketio"].test_client(app, namespace="/live")
    live.emit("snap", {"emotion": "sad"}, namespace="/live", callback=True)
    for _ in range(4):
        app.test_client().get("/api/v1/tracks?emotion=happy")
    told = metric_values(app)
    assert told['feelharmonic_provider_calls_total{outcome="answered",provider="catalogue"}'] == 5
    assert told['feelharmonic_lists_total{provider="catalogue"}'] == 5
    assert told['feelharmonic_provider_rests_total{provider="catalogue"}'] == 0


def test_a_cooldown_shows_until_it_ends_and_counts_once():
    now_s = [1000.0]
    counted = Metrics(clock=lambda: now_s[0])

    def told(name: str) -> float:
        return parsed(counted.text().decode())[f'feelharmonic_provider_{name}{{provider="reccobeats"}}']

    counted.cooldown("reccobeats", 0.0, is_new=False)
    assert (told("resting"), told("rests_total")) == (0, 0)
    counted.cooldown("reccobeats", 30.0, is_new=True)
    counted.cooldown("reccobeats", 30.0, is_new=False)
    assert (told("resting"), told("rests_total")) == (1, 1)
    now_s[0] += 30.1  # nobody has asked it since
    assert (told("resting"), told("rests_total")) == (0, 1)
    counted.cooldown("reccobeats", None, is_new=True)
    now_s[0] += 1e9
    assert (told("resting"), told("rests_total")) == (1, 2)


WORKER = """
import os
from feelharmonic.web.monitoring.metrics import MAX_NOTED, Metrics
metrics = Metrics()
metrics.cooldown("reccobeats", 0.0, is_new=False)
metrics.called("reccobeats", "unavailable")
{then}
print(os.getpid())
print(metrics.text().decode(), end="")
"""


def worker(folder, then: str = "") -> tuple[int, dict[str, float]]:
    """A process that shares its figures in ``folder``: its number, and what it would tell."""
    done = subprocess.run(
        [sys.executable, "-c", WORKER.format(then=then)],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    number, _, text = done.stdout.partition("\n")
    return int(number), parsed(text)


def test_workers_calls_add_up_and_cooldowns_are_those_of_living_workers(tmp_path):
    resting, calls = (
        'feelharmonic_provider_resting{provider="reccobeats"}',
        'feelharmonic_provider_calls_total{outcome="unavailable",provider="reccobeats"}',
    )
    off, told = worker(tmp_path, 'metrics.cooldown("reccobeats", None, is_new=True)')
    assert (told[resting], told[calls]) == (1, 1)
    _, told = worker(tmp_path, 'metrics.cooldown("reccobeats", 3600, is_new=True)')
    assert (told[resting], told[calls]) == (2, 2)
    _, told = worker(tmp_path, 'metrics.cooldown("reccobeats", 0.001, is_new=True); import time; time.sleep(0.01)')
    assert (told[resting], told[calls]) == (2, 3)
    _, told = worker(tmp_path)  # nothing rests in the one that is asked
    assert (told[resting], told[calls]) == (2, 4)
    mark_process_dead(off, str(tmp_path))
    _, told = worker(tmp_path)
    assert (told[resting], told[calls]) == (1, 5)
    assert told['feelharmonic_provider_rests_total{provider="reccobeats"}'] == 3
    assert "feelharmonic_provider_rests_until" not in " ".join(told)


def test_no_metric_names_an_address(app):
    app.test_client().get("/", environ_overrides={"REMOTE_ADDR": "192.0.2.77"})
    text = app.test_client().get("/metrics").get_data(as_text=True)
    assert re.search(r"\d+\.\d+\.\d+\.\d+", text) is None


def test_a_server_with_its_networks_is_ready(app):
    answer = app.test_client().get("/readyz")
    checks = {"networks": True, "load": True, "running": True}
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", "checks": checks, "load": 0.0})


@pytest.mark.parametrize("change", ["load", "drain"])
def test_a_server_that_is_busy_or_shuts_down_is_not_ready_and_still_healthy(change, monkeypatch):
    app = create_app(Settings(providers=("catalogue",)))
    if change == "load":
        monkeypatch.setattr(InferenceQueue, "busy_share", lambda queue: 0.9)
        app = create_app(Settings(providers=("catalogue",)))
    else:
        Services.of(app).drain.run()
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["load"] == (0.9 if change == "load" else 0.0)
    assert app.test_client().get("/healthz").status_code == 200


def test_without_its_redis_a_server_is_not_ready():
    answer = create_app(Settings(redis_url="redis://127.0.0.1:9/0")).test_client().get("/readyz")
    assert answer.status_code == 503
    checks = {"networks": True, "redis": False, "load": True, "running": True}
    assert answer.get_json() == {"status": "not ready", "checks": checks, "load": 0.0}


def test_durations_that_are_added_up_give_the_same_as_each_by_itself():
    durations_s = [0.0, 0.0005, 0.0006, 0.02, 0.3, 1.0, 5.0]
    together, one_by_one = Metrics(), Metrics()
    for seconds in durations_s:
        together.note_stage("face", seconds)
        one_by_one._stage.labels("face").observe(seconds)
    told, expected = parsed(together.text().decode()), parsed(one_by_one.text().decode())
    stages = {name for name in expected if name.startswith("feelharmonic_stage_seconds_") and "created" not in name}
    assert len(stages) > 10
    assert {name: told[name] for name in stages} == pytest.approx({name: expected[name] for name in stages})


def test_what_nobody_asks_for_is_added_up_in_time():
    metrics = Metrics()
    for _ in range(3 * MAX_NOTED):
        metrics.note_stage("face", 0.001)
        metrics.note_frame()
    assert len(metrics._noted) <= MAX_NOTED + 1
    assert parsed(metrics.text().decode())["feelharmonic_frames_total"] == 3 * MAX_NOTED
