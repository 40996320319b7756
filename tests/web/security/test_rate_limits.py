"""Rate limits per address, for HTTP and for the events of /live."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from feelharmonic.app import create_app
from feelharmonic.reading.networks import Networks
from feelharmonic.settings import Settings
from feelharmonic.web.live import TRACK_COST, Live
from feelharmonic.web.schemas import DEFAULT_TRACKS
from feelharmonic.web.security.rate_limits import (
    REDIS_COOLDOWN_S,
    REDIS_TIMEOUT_S,
    RateLimiter,
    storage_options,
    storage_url,
)

FOREIGN = "https://elsewhere.example"

WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"


def test_requests_above_the_limit_get_429_with_a_wait():
    client = create_app(Settings(http_rate="3/minute")).test_client()
    assert [client.get("/api/v1/emotions").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get("/api/v1/emotions")
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["code"] == "busy"
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert client.get("/healthz").status_code == 200
    assert client.get("/static/page.css").status_code == 200
    other = client.get("/api/v1/emotions", environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert other.status_code == 200


def test_unknown_urls_and_refusals_count_against_the_same_limit():
    client = create_app(Settings(http_rate="6/minute")).test_client()
    told = [
        client.get("/api/v1/emotions"),
        client.get("/"),
        client.post("/nowhere", data=b"x" * 2_000_000),
        client.put("/api/v1/emotions"),
        client.post("/healthz"),
        client.post("/language/de", headers={"Origin": FOREIGN}),
    ]
    assert [answer.status_code for answer in told] == [200, 200, 404, 405, 405, 403]
    for path in ("/nowhere", "/photo", "/no/healthz"):
        assert client.get(path).status_code == 429
    for path in ("/healthz", "/api/v1/healthz", "/static/page.css"):
        assert client.get(path).status_code == 200


def test_websockets_above_the_limit_get_429_with_a_wait():
    client = create_app(Settings(socket_rate="2/minute")).test_client()
    assert [client.get(WEBSOCKET).status_code for _ in range(2)] == [
        400,
        400,
    ]  # no WebSocket comes of it, but it counts
    answer = client.get(WEBSOCKET)
    assert (answer.status_code, answer.get_json()["code"], answer.headers["Retry-After"]) == (429, "busy", "60")
    assert client.get("/api/v1/emotions").status_code == 200
    assert client.get(WEBSOCKET, environ_overrides={"REMOTE_ADDR": "192.0.2.9"}).status_code == 400


#: Every event of the websocket, with what it is given when all is well.
EVENTS = {
    "frame": (0, b"no picture"),
    "snap": ({"emotion": "sad"},),
    "goal": ({"goal": "lift"},),
    "baseline": ({"probabilities": None},),
    "group": ({"on": True},),
    "device": ({"on": True},),
    "resume": ({"mood": None, "at_s": 1},),
    "feedback": ({"id": "0" * 22, "like": True},),
    "unknown": (1,),  # an event that has no name here; nothing is well with it
}


@pytest.fixture(scope="module")
def parts():
    return Networks.load()


def test_every_event_is_listed_here():
    handlers = {name.removeprefix("on_") for name in dir(Live) if name.startswith("on_")}
    assert handlers == {*EVENTS, "connect", "disconnect"}


@pytest.mark.parametrize("arguments", ["right", "wrong"])
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_counts_once_and_is_busy_above_the_limit(parts, event, arguments):
    # A list of tracks costs more than other events; what is wrong with its wish costs as much as those.
    cost = 1 + TRACK_COST * DEFAULT_TRACKS if (event, arguments) == ("snap", "right") else 1
    app = create_app(Settings(socket_rate=f"{1 + 3 * cost}/minute"), networks=parts)
    websocket = app.extensions["socketio"].test_client(app, namespace="/live")  # one of the four
    given = EVENTS[event] if arguments == "right" else ("no such thing",)
    answers = [websocket.emit(event, *given, namespace="/live", callback=True) for _ in range(5)]
    codes = [answer["problem"] and answer["problem"]["code"] for answer in answers]
    assert "busy" not in codes[:3]
    assert codes[3:] == ["busy", "busy"]
    if event == "frame":
        assert (answers[3]["faces"], answers[3]["seq"]) == ([], 0 if arguments == "right" else None)
        assert answers[3]["wait_ms"] >= 1000


def test_a_long_list_costs_more_than_a_short_one(parts):
    app = create_app(Settings(socket_rate=f"{2 + TRACK_COST * 20}/minute"), networks=parts)
    live = app.extensions["socketio"].test_client(app, namespace="/live")
    wishes = [{"emotion": "sad", "n": n} for n in (50, 20)]
    answers = [live.emit("snap", wish, namespace="/live", callback=True)["problem"] for wish in wishes]
    assert answers[0]["code"] == "busy"


def test_addresses_of_one_household_count_together():
    limiter = RateLimiter("2/minute", "memory://")
    household = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::3"]
    assert [limiter.allows(address) for address in household] == [True, True, False]
    assert limiter.allows("2001:db8:1:3::1")


def test_requests_and_events_of_an_address_are_counted_apart():
    requests, events = (RateLimiter("1/minute", "memory://", name=name) for name in ("requests", "events"))
    requests._shared = events._shared
    assert requests.allows("192.0.2.1")
    assert events.allows("192.0.2.1")


def test_answers_tell_what_is_left():
    client = create_app(Settings(http_rate="3/minute")).test_client()
    answers = [client.get("/api/v1/emotions").headers for _ in range(2)]
    assert [(one["X-RateLimit-Limit"], one["X-RateLimit-Remaining"]) for one in answers] == [("3", "2"), ("3", "1")]


def test_a_redis_that_fails_at_any_moment_makes_no_answer_a_500():
    """A burst while Redis is slow: several requests fail at once, some while they are counted, some after."""
    app = create_app(Settings(http_rate="60/minute", redis_url="redis://127.0.0.1:9/0"))
    statuses: list[int] = []

    def ask() -> None:
        statuses.extend(app.test_client().get("/api/v1/emotions").status_code for _ in range(8))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (statuses.count(200), statuses.count(429)) == (60, 20)


def test_joins_above_the_limit_are_refused():
    app = create_app(Settings(socket_rate="3/minute"))
    came = [app.extensions["socketio"].test_client(app, namespace="/live") for _ in range(4)]
    assert [one.is_connected("/live") for one in came] == [True, True, True, False]


def test_without_redis_each_process_counts_alone(caplog):
    limiter = RateLimiter("2/minute", "redis://127.0.0.1:9/0")
    assert [limiter.allows("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert "192.0.2.1" not in caplog.text


def test_a_redis_that_is_away_is_asked_once_in_a_cooldown():
    now_s, asked, is_back = [0.0], [], []

    def incr(key: str, expiry: int, amount: int) -> int:
        asked.append(now_s[0])
        if len(asked) == 2:  # meanwhile another thread's event: it must not wait for Redis as well
            limiter.allows("192.0.2.2")
        if not is_back:
            raise ConnectionError
        return True

    limiter = RateLimiter("100/minute", "memory://", clock=lambda: now_s[0])
    limiter._shared = SimpleNamespace(incr=incr)
    for now_s[0] in (0.0, 1.0, REDIS_COOLDOWN_S - 0.1, REDIS_COOLDOWN_S, REDIS_COOLDOWN_S + 1):
        assert limiter.allows("192.0.2.1")
    assert asked == [0.0, REDIS_COOLDOWN_S]
    is_back.append(True)
    now_s[0] = 2 * REDIS_COOLDOWN_S
    assert [limiter.allows("192.0.2.1") for _ in range(3)] == [True] * 3
    assert asked[2:] == 3 * [2 * REDIS_COOLDOWN_S]


def test_a_redis_that_is_away_costs_at_most_half_a_second_in_five():
    assert REDIS_TIMEOUT_S <= 0.5
    assert 5 <= REDIS_COOLDOWN_S <= 30


@pytest.mark.parametrize(
    ("url", "spelled", "options"),
    [
        ("memory://", "memory://", set()),
        ("redis://127.0.0.1/0", "redis://127.0.0.1/0", {"socket_timeout", "socket_connect_timeout"}),
        ("unix:///run/redis.sock", "redis+unix:///run/redis.sock", {"socket_timeout"}),
    ],
)
def test_each_kind_of_storage_has_its_spelling_and_timeouts(url, spelled, options):
    assert storage_url(url) == spelled
    assert set(storage_options(url)) == options
