"""How many WebSockets may be open, and what is no handshake of one."""

from __future__ import annotations

import pytest
from werkzeug.test import Client as WerkzeugClient

from feelharmonic.app import create_app
from feelharmonic.settings import Settings
from feelharmonic.web.security.connection_limits import ConnectionLimiter
from feelharmonic.web.security.rate_limits import RateLimiter
from tests.support.samples import HANDSHAKE

WEBSOCKET = "/socket.io/?EIO=4&transport=websocket"


def test_above_the_connection_limit_websockets_get_503_until_one_closes():
    told, inside = [], []

    def engine(environ: dict, start_response) -> list[bytes]:
        """The websockets stay open while the next ones come."""
        inside.append(environ)
        if len(inside) < 3:
            asked.get(WEBSOCKET, headers=HANDSHAKE)
        elif len(inside) == 3:
            # A page asks once more, plainly: a browser does not tell it why its WebSocket was refused.
            refusals.extend([asked.get(WEBSOCKET, headers=HANDSHAKE), asked.get(WEBSOCKET)])
        start_response("200 OK", [])
        return []

    refusals = []
    door = ConnectionLimiter(
        engine, (), limiter=RateLimiter("100/minute", "memory://"), max_open=3, refused=told.append
    )
    asked = WerkzeugClient(door)
    assert asked.get(WEBSOCKET, headers=HANDSHAKE).status_code == 200
    assert len(refusals) == 2
    for refusal in refusals:
        assert (refusal.status_code, refusal.json["code"], refusal.headers["Retry-After"]) == (503, "full", "5")
    assert told == ["full", "full"]
    assert asked.get(WEBSOCKET, headers=HANDSHAKE).status_code == 200


@pytest.mark.parametrize(("someone_is_idle", "status"), [(True, 200), (False, 503)])
def test_when_all_are_open_an_idle_one_makes_room(someone_is_idle, status):
    inside: list[int] = []
    second: list[int] = []

    def engine(environ: dict, start_response) -> list[bytes]:
        inside.append(1)
        if len(inside) == 1:
            second.append(client.get(WEBSOCKET, headers=HANDSHAKE).status_code)
        start_response("200 OK", [])
        return []

    limiter = RateLimiter("100/minute", "memory://")
    options = {"refused": lambda reason: None, "make_room": lambda: someone_is_idle}
    client = WerkzeugClient(ConnectionLimiter(engine, (), limiter=limiter, max_open=1, **options))
    client.get(WEBSOCKET, headers=HANDSHAKE)
    assert second == [status]


def test_one_address_opens_its_share_and_others_theirs():
    refused: list[str] = []
    depths: list[int] = []

    def engine(environ: dict, start_response) -> list[bytes]:
        """Each opens the next one, so that all are open at once."""
        depths.append(1)
        if len(depths) < 40:
            address = f"2001:db8::{len(depths)}" if len(depths) < 30 else "192.0.2.1"  # one /64 each
            client.get(WEBSOCKET, headers=HANDSHAKE, environ_overrides={"REMOTE_ADDR": address})
        start_response("200 OK", [])
        return []

    limiter = RateLimiter("1000/minute", "memory://")
    client = WerkzeugClient(
        ConnectionLimiter(engine, (), limiter=limiter, max_open=40, refused=refused.append, share=0.25)
    )
    client.get(WEBSOCKET, headers=HANDSHAKE, environ_overrides={"REMOTE_ADDR": "2001:db8::ffff"})
    assert (len(depths), refused) == (10, ["full"])


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"Upgrade": "h2c"},
        {"Connection": "close"},
        {"Sec-WebSocket-Version": "7"},
        {"Sec-WebSocket-Key": ""},
        {"Sec-WebSocket-Key": "x"},
        {"Sec-WebSocket-Key": "dGhlIHNhbXBsZQ=="},
        {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=!"},
        {"Sec-WebSocket-Key": "\xfc"},
    ],
)
def test_an_invalid_handshake_gets_400_and_holds_no_connection(told):
    app = create_app(Settings())
    client = app.test_client()
    headers = HANDSHAKE | told if told else {}
    answers = [client.get(WEBSOCKET, headers=headers) for _ in range(5)] + [client.post(WEBSOCKET, headers=HANDSHAKE)]
    assert [(answer.status_code, answer.get_json()["code"]) for answer in answers] == [(400, "bad_request")] * 6
    assert len(app.extensions["socketio"].server.eio.sockets) == 0


def test_a_websocket_that_raises_frees_its_connection():
    def broken(environ: dict, start_response) -> list[bytes]:
        raise ConnectionError  # as Werkzeug's WebSockets end

    limiter = RateLimiter("100/minute", "memory://")
    asked = WerkzeugClient(ConnectionLimiter(broken, (), limiter=limiter, max_open=1, refused=lambda reason: None))
    for _ in range(2):
        with pytest.raises(ConnectionError):
            asked.get(WEBSOCKET, headers=HANDSHAKE)


def test_a_websocket_refused_for_its_origin_is_logged_once_with_both_origins_and_the_settings(caplog):
    def engine(environ, start_response):
        start_response("400 BAD REQUEST", [])
        return []

    door = ConnectionLimiter(
        engine, (), limiter=RateLimiter("100/minute", "memory://"), max_open=3, refused=lambda code: None
    )
    asked = WerkzeugClient(door)
    for origin in ("https://mood.example", "https://mood.example", "http://mood.example", "https://evil example"):
        asked.get(WEBSOCKET, headers={**HANDSHAKE, "Host": "mood.example", "Origin": origin})
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    for said in ("https://mood.example", "http://mood.example", "TRUSTED_PROXIES", "ALLOWED_ORIGINS"):
        assert said in told[0]
    assert "an unreadable origin" in told[1]
