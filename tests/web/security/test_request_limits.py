"""Limits per address: requests in flight, uploads and their bytes. IPv6 counts by its /64."""

from __future__ import annotations

import io
import json
import time

import pytest

from feelharmonic.app import create_app
from feelharmonic.errors import UploadsFull
from feelharmonic.settings import Settings
from feelharmonic.web.api.uploads import UploadLimiter
from feelharmonic.web.security.rate_limits import network_of
from feelharmonic.web.security.request_limits import MAX_HEADER_CHARS, REQUESTS_RETRY_S, RequestLimiter
from feelharmonic.web.serving.async_modes.async_gevent import LimitedLines


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::7", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::7", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_household_is_one_sender(address, network):
    assert network_of(address) == network


@pytest.fixture(scope="module")
def client():
    return create_app(Settings(providers=("catalogue",))).test_client()


class Asked:
    """A server that asks ``limiter`` and notes what it answered."""

    def __init__(self, limiter: RequestLimiter):
        self._limiter = limiter
        self.status = ""

    def ask(self, address: str, path: str = "/", **about: str):
        environ = {"REMOTE_ADDR": address, "PATH_INFO": path, "REQUEST_METHOD": "POST", **about}
        environ["wsgi.input"] = io.BytesIO()
        return self._limiter(environ, lambda status, headers: setattr(self, "status", status))


def test_requests_in_flight_are_limited_per_address():
    refused = []
    asked = Asked(RequestLimiter(lambda environ, start: start("200 OK", []) or [b""], 2, refused.append))
    answers = [asked.ask("192.0.2.1"), asked.ask("192.0.2.1")]
    told = json.loads(b"".join(asked.ask("192.0.2.1")))
    assert (asked.status[:3], told["code"], refused) == ("429", "busy", ["busy"])
    assert told["detail"] == "At most 2 requests of one IP address are answered at a time."
    for address, path in (("192.0.2.2", "/"), ("192.0.2.1", "/healthz"), ("192.0.2.1", "/socket.io/")):
        asked.ask(address, path)
        assert asked.status[:3] == "200"
    asked.ask("192.0.2.1", "/healthz", CONTENT_LENGTH="5")
    assert asked.status[:3] == "429"
    answers[0].close()
    asked.ask("192.0.2.1")
    assert asked.status[:3] == "200"
    assert REQUESTS_RETRY_S > 0


def test_a_request_that_raises_is_no_longer_in_flight():
    asked = Asked(RequestLimiter(lambda environ, start: 1 / 0, 1, lambda reason: None))
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            asked.ask("192.0.2.1")


def test_uploads_are_limited_per_address():
    limiter = UploadLimiter(max_each=2)
    with limiter.receiving("192.0.2.1"), limiter.receiving("192.0.2.1"):
        with pytest.raises(UploadsFull), limiter.receiving("192.0.2.1"):
            pass
        with limiter.receiving("192.0.2.2"):
            pass
    with limiter.receiving("192.0.2.1"):
        pass


def test_slow_uploads_of_many_addresses_leave_room():
    limiter = UploadLimiter(max_bytes=1000, max_address_bytes=500, max_each=2)
    slow = [limiter.receiving(f"192.0.2.{number}") for number in range(100)]
    for upload in slow:
        upload.__enter__()(1)
    with limiter.receiving("198.51.100.1") as charge:
        charge(500)
        with pytest.raises(UploadsFull):
            charge(1)
    with limiter.receiving("198.51.100.1") as charge:
        charge(500)
        with limiter.receiving("198.51.100.2") as another, pytest.raises(UploadsFull):
            another(401)
    for upload in slow:
        upload.__exit__(None, None, None)
    with limiter.receiving("198.51.100.1") as charge, limiter.receiving("198.51.100.2") as another:
        charge(500)
        another(500)


@pytest.mark.parametrize("name", ["Accept", "Accept-Language", "Accept-Encoding"])
def test_a_long_list_of_what_a_client_accepts_is_ignored(client, name):
    """Sorting 60 KB of it took 80 ms of the event loop."""
    start_s = time.thread_time()
    answer = client.get("/nowhere", headers={name: ",de" * 5000})
    assert time.thread_time() - start_s < 0.05
    assert answer.status_code == 404
    assert client.get("/", headers={"Accept-Language": "de" + " " * 2000}).get_data(as_text=True).count('lang="en"')


def test_more_headers_than_browsers_send_are_refused(client):
    answer = client.get("/", headers={"X-Other": "b" * MAX_HEADER_CHARS})
    assert (answer.status_code, answer.get_json()["code"]) == (431, "bad_request")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/", headers={"X-Other": "b" * (MAX_HEADER_CHARS // 2)}).status_code == 200


def test_gevents_parser_stops_at_the_limit():
    lines = LimitedLines(io.BytesIO(b"a: b\r\n" * 100), 30)
    assert [lines.readline(65537) for _ in range(5)] == [b"a: b\r\n"] * 5
    with pytest.raises(ValueError, match="fewer headers"):
        lines.readline(65537)
    one = LimitedLines(io.BytesIO(b"a: b\r\n\r\n"), 30)
    assert [one.readline(65537) for _ in range(3)] == [b"a: b\r\n", b"\r\n", b""]
