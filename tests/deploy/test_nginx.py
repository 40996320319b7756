"""deploy/nginx.conf by itself: what nginx answers in place of a server that is away."""

from __future__ import annotations

import http.server
import socket
import ssl
import threading
import time
import warnings
from types import SimpleNamespace

import pytest
import requests

from feelharmonic.web.security.certificate import own_certificate
from feelharmonic.web.security.headers import HSTS
from tests.support.external_servers import Nginx
from tests.support.serving import free_port

POLICIES = ("Content-Security-Policy", "X-Content-Type-Options", "Strict-Transport-Security")


class Told(http.server.BaseHTTPRequestHandler):
    """The application as far as headers go."""

    def do_GET(self) -> None:
        self.send_response(200)
        for name in POLICIES:
            self.send_header(name, "the application's")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *said: object) -> None:
        """A test's output is for the test."""


@pytest.fixture
def asked(tmp_path):
    """Asks nginx in front of the server on a port, for a path."""
    started = []

    def ask(port: int, path: str) -> requests.Response:
        certificate = own_certificate(tmp_path, ["127.0.0.1"])
        started.append(Nginx(tmp_path, SimpleNamespace(port=port), *certificate).start())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the certificate is our own
            return requests.get(started[0].url + path, timeout=20, verify=False)

    yield ask
    for nginx in started:
        nginx.kill()


@pytest.mark.parametrize(("path", "status"), [("/", 502), ("/metrics", 404)])
def test_nginxs_own_answers_have_security_headers(asked, path, status):
    answer = asked(free_port(), path)
    assert answer.status_code == status
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Strict-Transport-Security"] == HSTS


def test_the_applications_headers_pass_once(asked):
    with http.server.HTTPServer(("127.0.0.1", 0), Told) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()  # one, and no more
        answer = asked(server.server_address[1], "/")
    for name in POLICIES:
        assert answer.raw.headers.getlist(name) == ["the application's"]


def opened(nginx: Nginx, *, protocols: tuple[str, ...] = ()) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([*protocols])
    return context.wrap_socket(socket.create_connection(("127.0.0.1", nginx.port), 20))


def test_connections_per_address_are_limited(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes requests and answers none
        server = SimpleNamespace(port=silent.getsockname()[1])
        nginx = Nginx(tmp_path, server, *own_certificate(tmp_path, ["127.0.0.1"]), connections_each=4).start()
        try:
            lines = [opened(nginx) for _ in range(5)]
            for line in lines:
                line.sendall(b"GET / HTTP/1.1\r\nHost: mood.example\r\n\r\n")
                time.sleep(0.1)
            assert lines[-1].recv(100).split()[1] == b"429"
            lines[0].settimeout(0.2)
            with pytest.raises(TimeoutError):
                lines[0].recv(100)
            for line in lines:
                line.close()
        finally:
            nginx.kill()


def test_http2_streams_per_connection_are_limited(tmp_path):
    nginx = Nginx(tmp_path, SimpleNamespace(port=free_port()), *own_certificate(tmp_path, ["127.0.0.1"])).start()
    try:
        line = opened(nginx, protocols=("h2",))
        line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)))
        head = line.recv(9)
        assert head[3] == 4  # SETTINGS
        settings = line.recv(int.from_bytes(head[:3], "big"))
        told = {settings[at + 1]: int.from_bytes(settings[at + 2 : at + 6], "big") for at in range(0, len(settings), 6)}
        assert told[3] == 16  # SETTINGS_MAX_CONCURRENT_STREAMS
        line.close()
    finally:
        nginx.kill()


@pytest.mark.parametrize(("host", "location"), [("mood.example", "https://mood.example/page"), ("evil.example", None)])
def test_port_80_answers_known_names_only(tmp_path, host, location):
    nginx = Nginx(tmp_path, SimpleNamespace(port=free_port()), *own_certificate(tmp_path, ["127.0.0.1"])).start()
    try:
        url = f"http://127.0.0.1:{nginx.http_port}/page"
        if location is None:
            with pytest.raises(requests.ConnectionError):
                requests.get(url, headers={"Host": host}, timeout=20, allow_redirects=False)
        else:
            answer = requests.get(url, headers={"Host": host}, timeout=20, allow_redirects=False)
            assert answer.headers["Location"] == location
    finally:
        nginx.kill()
