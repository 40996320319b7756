"""Rate limits per address, for HTTP and for the events of /live."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from feelharmonic.app import create_app
from feelharmonic.reading.networks import Networks
from feelharmonic.settings import Settings
from feelharmonic.web.live import Live
from feelharmonic.web.schemas import DEFAULT_TRACKS
from feelharmonic.web.security.rate_limits import (
    REDIS_COOLDOWN_S,
    REDIS_TIMEOUT_S,
    SETTLE_S,
    TRACK_COST,
    ConnectionRates,
    RateLimiter,
    storage_options,
    storage_url,
)
from feelharmonic.web.services import Services

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


def test_a_list_costs_the_same_by_http_as_by_an_event(parts):
    app = create_app(Settings(socket_rate=f"{TRACK_COST * 70}/minute"), networks=parts)
    client = app.test_client()
    statuses = [client.get(f"/api/v1/tracks?emotion=sad&n={n}").status_code for n in (50, 20, 1)]
    assert statuses == [200, 200, 429]
    answer = client.get("/api/v1/tracks?emotion=sad&n=1")
    assert answer.get_json()["code"] == "busy"
    assert int(answer.headers["Retry-After"]) > 0
    other = client.get("/api/v1/tracks?n=50", environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert other.status_code == 200
    assert client.get("/api/v1/tracks?ids=1").status_code == 200  # no list is chosen
    assert not Services.of(app).live._rates.allows("", "127.0.0.1")  # both count together


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


# ---------- connections, counted in memory ----------


class Asked(RateLimiter):
    """Keeps what its store was told."""

    def __init__(self, rate: str):
        super().__init__(rate, "memory://")
        self.costs: list[int] = []

    def count(self, address, cost=1):
        self.costs.append(cost)
        return super().count(address, cost)


def test_frames_are_counted_in_memory_and_settled_together():
    now_s, limiter = [0.0], Asked("1000/minute")
    rates = ConnectionRates(limiter, clock=lambda: now_s[0])
    rates.join("one", "192.0.2.1")
    for _ in range(5):
        assert rates.allows("one", "")
        rates.settle()
    assert limiter.costs == [0]  # five frames, and the store was asked at the start alone
    now_s[0] = SETTLE_S
    rates.settle()
    assert limiter.costs == [0, 5]
    assert limiter.count("192.0.2.1", 0).remaining == 995


def test_what_comes_near_the_limit_is_settled_at_the_next_tick():
    limiter = Asked("1000/minute")
    rates = ConnectionRates(limiter, clock=lambda: 0.0)
    rates.join("one", "192.0.2.1")
    assert rates.allows("one", "", 11)
    rates.settle()
    assert limiter.costs == [0, 11]


def test_connections_of_a_household_share_one_count_also_with_other_processes():
    limiter = RateLimiter("4/minute", "memory://")
    here, elsewhere = (ConnectionRates(limiter, clock=lambda: 0.0) for _ in range(2))
    for rates, name, address in ((here, "1", "::1"), (here, "2", "::2"), (elsewhere, "3", "::3")):
        rates.join(name, f"2001:db8:1:2{address}")
        assert rates.allows(name, "")
    here.settle()
    elsewhere.settle()
    here.settle()
    assert [elsewhere.allows("3", ""), elsewhere.allows("3", "")] == [True, False]


def test_what_was_not_settled_is_when_the_last_connection_leaves():
    limiter = RateLimiter("1000/minute", "memory://")
    rates = ConnectionRates(limiter, clock=lambda: 0.0)
    for name in ("one", "two"):
        rates.join(name, "192.0.2.1")
    rates.allows("one", "", 3)
    for name in ("one", "two", "never there"):
        rates.leave(name)
    assert limiter.count("192.0.2.1", 0).remaining == 997
    assert (rates._counts, rates._count_of) == ({}, {})
    assert rates.allows("one", "192.0.2.1")  # counted by its address
    assert limiter.count("192.0.2.1", 0).remaining == 996


def test_a_new_window_lets_frames_in_again():
    limiter = RateLimiter("2/minute", "memory://")
    rates = ConnectionRates(limiter, clock=lambda: 0.0)
    rates.join("one", "192.0.2.1")
    assert [rates.allows("one", "") for _ in range(3)] == [True, True, False]
    rates.settle()
    limiter._shared.reset()  # as the store does when the minute is over
    assert not rates.allows("one", "")
    rates.settle()
    assert rates.allows("one", "")
