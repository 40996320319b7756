"""A body that never ends, sent to gunicorn's workers and through nginx: answered 408 in time, its connection closed."""

from __future__ import annotations

import socket
import ssl
import threading
import time

import pytest

from feelharmonic.web.security.certificate import own_certificate
from feelharmonic.web.serving.timeouts import Timeouts
from tests.e2e.test_slow_bodies import JSON, closed_after_s, trickle
from tests.support.external_servers import Gunicorn, Nginx

pytestmark = pytest.mark.full

#: gunicorn's workers have the timeouts of every server; machines under test are slow.
MAX_S = Timeouts().body_grace_s + Timeouts().discard_s + 6.0
HEAD = b"POST /api/v1/tracks/moods HTTP/1.1\r\nHost: mood.example\r\nContent-Length: 99999\r\n" + JSON + b"\r\n{"


@pytest.fixture(scope="module")
def hosted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hosted")
    gunicorn = Gunicorn(folder, workers=2, TRUSTED_PROXIES="1", ALLOWED_HOSTS="mood.example", SECRET_KEY="x" * 40)
    nginx = Nginx(folder, gunicorn, *own_certificate(folder, ["127.0.0.1"]))
    try:
        gunicorn.start()
        nginx.start()
        yield gunicorn, nginx
    finally:
        nginx.kill()
        gunicorn.kill()


def to_gunicorn(hosted) -> socket.socket:
    return socket.create_connection(("127.0.0.1", hosted[0].port), 60)


def through_nginx(hosted) -> socket.socket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", hosted[1].port), 60))


@pytest.mark.parametrize("connect", [to_gunicorn, through_nginx])
def test_a_byte_now_and_then_does_not_keep_a_connection(hosted, connect):
    began_s, line, ends = time.monotonic(), connect(hosted), threading.Event()
    line.sendall(HEAD)
    sender = threading.Thread(target=trickle, args=([line], ends))
    sender.start()
    try:
        took_s, answer = closed_after_s(line, began_s)
    finally:
        ends.set()
        sender.join(20)
    assert Timeouts().body_grace_s - 1 < took_s < MAX_S
    assert answer.split()[1] == b"408"
    assert b"Expected the whole body in time" in answer
    assert "Traceback" not in hosted[0].log()
