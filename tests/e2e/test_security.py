"""Closed doors: names, origins, policies, cookies, rates, proxies, sizes, a certificate of one's own."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import queue
import re
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
import websocket
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from werkzeug.test import Client as WerkzeugClient

from feelharmonic.app import MAX_MESSAGE_BYTES, create_app
from feelharmonic.reading.networks import Networks
from feelharmonic.settings import ASYNC_MODES, Settings
from feelharmonic.web.live import Live
from feelharmonic.web.security.certificate import FOR_PHONES, home_addresses, own_certificate
from feelharmonic.web.security.connection_limits import ConnectionLimiter
from feelharmonic.web.security.headers import HSTS
from feelharmonic.web.security.rate_limits import EventCounter
from feelharmonic.web.security.websocket_limits import LimitedWebSocket, ThrottledSocket
from feelharmonic.web.serving import async_mode
from feelharmonic.web.serving.capacity import RESERVED_FOR_HTTP
from tests.support.external_servers import Gunicorn
from tests.support.raw_websocket import RawListener
from tests.support.samples import HANDSHAKE, PROJECT
from tests.support.serving import Server

FOREIGN, FRIEND = "https://elsewhere.example", "https://friend.example"
DEADLINE_S = 60
#: Pings come every 10 s, and who answers none is hung up: so long a refusal may take.
#: A sender whose bytes nobody has taken for so long looks whether anybody is still there.
FULL_S = 5
REFUSED_S = 30


@pytest.fixture(scope="module")
def client():
    return create_app(Settings(allowed_origins=(FRIEND,))).test_client()


# ---------- origins ----------


@pytest.mark.parametrize(
    ("origin", "status"), [(None, 200), ("http://localhost", 200), (FRIEND, 200), (FOREIGN, 403), ("null", 403)]
)
def test_another_sites_page_changes_nothing_here(client, origin, status):
    headers = {} if origin is None else {"Origin": origin}
    answer = client.post("/api/v1/tracks/moods", json={"tracks": []}, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.content_type == "application/problem+json"
        assert answer.get_json()["code"] == "forbidden"


def test_only_friends_may_read_the_answers(client):
    for origin, told in ((FRIEND, FRIEND), (FOREIGN, None)):
        answer = client.get("/api/v1/emotions", headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == told
        assert "Origin" in answer.headers["Vary"]
    alone = create_app().test_client().get("/api/v1/emotions", headers={"Origin": FRIEND})
    assert "Access-Control-Allow-Origin" not in alone.headers


def connected(url: str, origin: str, **options: object) -> bool:
    address = url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    try:
        websocket.create_connection(address, origin=origin, timeout=DEADLINE_S, **options).close()
    except websocket.WebSocketBadStatusException:
        return False
    return True


def test_a_socket_is_for_this_servers_pages_and_friends(tmp_path):
    server = Server(tmp_path, ALLOWED_ORIGINS=FRIEND).start()
    try:
        assert connected(server.url, server.url)
        assert connected(server.url, FRIEND)
        assert not connected(server.url, FOREIGN)
    finally:
        server.stop()


@pytest.mark.parametrize(("proto", "hsts"), [("https", HSTS), ("http", None)])
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"X-Forwarded-Host": "evil.example"}, 421),
        ("/socket.io/?EIO=4&transport=polling", {}, 400),
        ("/socket.io/?EIO=4&transport=polling", HANDSHAKE, 400),
        ("/socket.io/?EIO=4&transport=websocket", {"Origin": FOREIGN, **HANDSHAKE}, 400),
    ],
)
def test_a_refusal_that_flask_does_not_see_says_what_a_page_may_do(path, headers, status, proto, hsts):
    client = create_app(Settings(trusted_proxies=1)).test_client()
    answer = client.get(path, headers={"X-Forwarded-Proto": proto, **headers})
    assert answer.status_code == status
    assert answer.headers.getlist("Content-Security-Policy") == [CONTENT_SECURITY_POLICY]
    assert answer.headers.getlist("Permissions-Policy") == [PERMISSIONS_POLICY]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get("Strict-Transport-Security") == hsts


def asked_as(client, host: str, **headers: str):
    """A POST as a page that was loaded from ``host`` sends it."""
    about = {"Host": host, "Origin": f"http://{host}", **headers}
    return client.post("/api/v1/tracks/moods", json={"tracks": []}, headers=about)


MACHINE = socket.gethostname()
OWN_NAMES = ("localhost", "LOCALHOST:8000", "localhost.", MACHINE, f"{MACHINE.partition('.')[0]}.local:8000")
ADDRESSES = ("127.0.0.1:8000", "192.168.1.5", "[::1]:8000", "[fd00::2]")
#: Names of others, and what no browser sends.
FOREIGN_NAMES = (
    "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "mood.example.evil.example",
    "evil@localhost", "[::1", "[evil.example]", "local host", "127.0.0.1:8000:80", "-", "..", "[::1]evil.example",
)  # fmt: skip


@pytest.fixture(scope="module")
def named():
    redirect_uri = "https://music.example/connect/callback"
    named = Settings(allowed_hosts=("mood.example",), allowed_origins=(FRIEND,), spotify_redirect_uri=redirect_uri)
    return create_app(named).test_client()


@pytest.mark.parametrize("host", [*OWN_NAMES, *ADDRESSES, "mood.example", "friend.example:8443", "music.example"])
def test_by_its_addresses_and_names_the_server_answers(named, host):
    if host.removesuffix(":8443") == host:
        assert asked_as(named, host.lower()).status_code == 200
    assert named.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN_NAMES)
def test_a_foreign_name_that_leads_here_opens_nothing(named, host):
    """DNS rebinding: to the browser, Host and Origin agree."""
    for answer in (asked_as(named, host), named.get("/", headers={"Host": host})):
        assert answer.status_code == 421
        assert answer.content_type == "application/problem+json"
        assert answer.get_json()["code"] == "unknown_host"
        assert "ALLOWED_HOSTS" in answer.get_json()["action"]


def test_nobody_names_the_server_by_a_header_unless_a_proxy_is_trusted():
    told = {"X-Forwarded-Host": "localhost"}
    assert asked_as(create_app().test_client(), "evil.example", **told).status_code == 421
    behind = create_app(Settings(trusted_proxies=1)).test_client()
    assert behind.get("/", headers={"Host": "localhost", "X-Forwarded-Host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_a_foreign_name_that_leads_here_opens_no_socket(tmp_path, mode):
    server = Server(tmp_path, ASYNC_MODE=mode).start()
    evil = f"http://evil.example:{server.port}"
    try:
        assert connected(server.url, server.url)
        assert not connected(server.url, evil, host=f"evil.example:{server.port}")
        assert not connected(server.url, evil, header={"X-Forwarded-Host": f"evil.example:{server.port}"})
    finally:
        server.stop()


# ---------- what a page may do ----------

#: As issue 8 gives it, whole: a source more is a door more.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "worker-src 'self'; connect-src 'self'; frame-src https://open.spotify.com; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PERMISSIONS_POLICY = (
    'camera=(self), microphone=(), geolocation=(), autoplay=(self "https://open.spotify.com"), '
    'encrypted-media=(self "https://open.spotify.com")'
)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200), ("/photo", 200), ("/playlist", 200), ("/status", 200), ("/watch", 404), ("/connect/callback", 400),
        ("/static/js/live/main.js", 200), ("/service-worker.js", 200), ("/api/v1/", 200), ("/api/v1/emotions", 200),
        ("/api/v1/tracks?n=0", 422), ("/healthz", 200), ("/nowhere", 404),
    ],
)  # fmt: skip
def test_every_answer_says_what_a_page_may_do(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers.getlist("Content-Security-Policy") == [CONTENT_SECURITY_POLICY]
    assert answer.headers.getlist("Permissions-Policy") == [PERMISSIONS_POLICY]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


# ---------- cookies ----------


@pytest.mark.parametrize(("scheme", "is_secure"), [("http", False), ("https", True)])
def test_the_language_is_kept_in_a_cookie_that_scripts_and_other_sites_do_not_get(client, scheme, is_secure):
    answer = client.post("/language/de", base_url=f"{scheme}://localhost")
    assert (answer.status_code, answer.data) == (204, b"")
    words = answer.headers["Set-Cookie"].split("; ")
    assert words[0] == "language=de"
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"} <= set(words)
    assert ("Secure" in words) is is_secure
    assert b'<html lang="de">' in client.get("/", base_url=f"{scheme}://localhost").data
    client.delete_cookie("language")


def test_a_language_is_chosen_by_our_page_alone_and_is_one_of_ours(client):
    assert client.post("/language/de", headers={"Origin": FOREIGN}).status_code == 403
    assert client.post("/language/fr").status_code == 404
    assert client.get("/language/de").status_code == 405
    assert client.get_cookie("language") is None


# ---------- how often ----------


def test_an_address_that_asks_too_often_is_told_to_wait():
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


def test_all_that_an_address_asks_has_one_count_also_what_leads_nowhere_or_is_forbidden():
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


WIRE = "/socket.io/?EIO=4&transport=websocket"


def test_an_address_that_opens_wires_too_often_is_told_to_wait():
    client = create_app(Settings(socket_rate="2/minute")).test_client()
    assert [client.get(WIRE).status_code for _ in range(2)] == [400, 400]  # no WebSocket comes of it, but it counts
    answer = client.get(WIRE)
    assert (answer.status_code, answer.get_json()["code"], answer.headers["Retry-After"]) == (429, "busy", "60")
    assert client.get("/api/v1/emotions").status_code == 200
    assert client.get(WIRE, environ_overrides={"REMOTE_ADDR": "192.0.2.9"}).status_code == 400


def test_a_wire_for_which_there_is_no_room_is_refused_at_once_and_one_that_ended_leaves_its_place():
    told, inside = [], []

    def engine(environ: dict, start_response) -> list[bytes]:
        """The wires stay open while the next ones come."""
        inside.append(environ)
        if len(inside) < 3:
            asked.get(WIRE, headers=HANDSHAKE)
        elif len(inside) == 3:
            # A page asks once more, plainly: a browser does not tell it why its WebSocket was refused.
            refusals.extend([asked.get(WIRE, headers=HANDSHAKE), asked.get(WIRE)])
        start_response("200 OK", [])
        return []

    refusals = []
    door = ConnectionLimiter(
        engine, (), counter=EventCounter("100/minute", "memory://"), most_open=3, refused=told.append
    )
    asked = WerkzeugClient(door)
    assert asked.get(WIRE, headers=HANDSHAKE).status_code == 200
    assert len(refusals) == 2
    for refusal in refusals:
        assert (refusal.status_code, refusal.json["code"], refusal.headers["Retry-After"]) == (503, "full", "5")
    assert told == ["full", "full"]
    assert asked.get(WIRE, headers=HANDSHAKE).status_code == 200


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
def test_what_is_no_handshake_is_told_so_and_holds_nothing(told):
    app = create_app(Settings())
    client = app.test_client()
    headers = HANDSHAKE | told if told else {}
    answers = [client.get(WIRE, headers=headers) for _ in range(5)] + [client.post(WIRE, headers=HANDSHAKE)]
    assert [(answer.status_code, answer.get_json()["code"]) for answer in answers] == [(400, "bad_request")] * 6
    assert len(app.extensions["socketio"].server.eio.sockets) == 0


def test_a_wire_that_breaks_leaves_its_place():
    def broken(environ: dict, start_response) -> list[bytes]:
        raise ConnectionError  # as Werkzeug's WebSockets end

    counter = EventCounter("100/minute", "memory://")
    asked = WerkzeugClient(ConnectionLimiter(broken, (), counter=counter, most_open=1, refused=lambda reason: None))
    for _ in range(2):
        with pytest.raises(ConnectionError):
            asked.get(WIRE, headers=HANDSHAKE)


def max_websockets() -> int:
    """With one place, where each connection is a thread."""
    return async_mode.load("threading").max_connections(1) - RESERVED_FOR_HTTP


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_beside_all_wires_that_may_be_open_pages_still_come(tmp_path, mode):
    """One place: twice as many wires, and those to spare."""
    most = max_websockets()
    server = Server(tmp_path, ASYNC_MODE=mode, MAX_LISTENERS="1").start()
    wires = []
    try:
        wires = [opened(server) for _ in range(most)]
        if mode == "threading":
            with pytest.raises(websocket.WebSocketBadStatusException, match="503"):
                opened(server)
        else:
            wires.append(opened(server))  # where a wire is no thread there is room for more
        assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
    finally:
        for wire in wires:
            wire.sock.close()
        server.kill()


def test_a_gunicorn_full_of_those_who_wait_for_a_place_still_answers(tmp_path):
    gunicorn = Gunicorn(tmp_path, workers=1, ASYNC_MODE="threading", MAX_LISTENERS="1").start()
    wires = []
    try:
        wires = [RawListener(gunicorn.url) for _ in range(max_websockets())]
        with pytest.raises(websocket.WebSocketBadStatusException, match="503"):
            opened(gunicorn)
        assert requests.get(f"{gunicorn.url}/healthz", timeout=10).status_code == 200
        wires.pop().vanish()
        deadline = time.monotonic() + DEADLINE_S
        while not connected(gunicorn.url, gunicorn.url):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        for wire in wires:
            wire.vanish()
        gunicorn.kill()


#: Every event of the wire, with what it is given when all is well.
EVENTS = {
    "frame": (0, b"no picture"),
    "snap": ({"emotion": "sad"},),
    "goal": ({"goal": "lift"},),
    "baseline": ({"probabilities": None},),
    "group": ({"on": True},),
    "resume": ({"mood": None, "at_s": 1},),
    "feedback": ({"id": "0" * 22, "like": True},),
    "unknown": (1,),  # an event that has no name here; nothing is well with it
}


@pytest.fixture(scope="module")
def parts():
    return Networks.load()


def test_every_event_of_the_wire_is_listed_here():
    handlers = {name.removeprefix("on_") for name in dir(Live) if name.startswith("on_")}
    assert handlers == {*EVENTS, "connect", "disconnect"}


@pytest.mark.parametrize("arguments", ["right", "wrong"])
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_counts_once_and_beyond_the_rate_is_answered_busy(parts, event, arguments):
    app = create_app(Settings(socket_rate="4/minute"), networks=parts)
    wire = app.extensions["socketio"].test_client(app, namespace="/live")  # one of the four
    given = EVENTS[event] if arguments == "right" else ("no such thing",)
    answers = [wire.emit(event, *given, namespace="/live", callback=True) for _ in range(5)]
    codes = [answer["problem"] and answer["problem"]["code"] for answer in answers]
    assert "busy" not in codes[:3]
    assert codes[3:] == ["busy", "busy"]
    if event == "frame":
        assert (answers[3]["faces"], answers[3]["seq"]) == ([], 0 if arguments == "right" else None)
        assert answers[3]["wait_ms"] >= 1000


def test_who_comes_too_often_is_not_let_in():
    app = create_app(Settings(socket_rate="3/minute"))
    came = [app.extensions["socketio"].test_client(app, namespace="/live") for _ in range(4)]
    assert [one.is_connected("/live") for one in came] == [True, True, True, False]


def test_without_its_redis_a_process_counts_by_itself(caplog):
    counter = EventCounter("2/minute", "redis://127.0.0.1:9/0")
    assert [counter.admits("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert "192.0.2.1" not in caplog.text


# ---------- proxies and TLS ----------


def asked(settings: Settings, **headers: str):
    return create_app(settings).test_client().get("/", headers=headers)


def test_behind_a_trusted_proxy_tls_is_believed_and_asked_for():
    names = ("mood.example",)
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "mood.example", "X-Forwarded-For": "192.0.2.7"}
    assert asked(Settings(trusted_proxies=1, allowed_hosts=names), **told).headers["Strict-Transport-Security"] == HSTS
    assert "Strict-Transport-Security" not in asked(Settings(), **told).headers
    assert "Strict-Transport-Security" not in asked(Settings(trusted_proxies=1)).headers
    own = Settings(trusted_proxies=1, allowed_hosts=names, https=True)
    assert "Strict-Transport-Security" not in asked(own, **told).headers


def extension(certificate: x509.Certificate, kind: type):
    return certificate.extensions.get_extension_for_class(kind).value


def test_a_certificate_names_the_addresses_is_kept_and_its_key_is_the_owners(tmp_path):
    certificate, key = own_certificate(tmp_path, ["127.0.0.1", "192.0.2.5"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    known, _ = x509.load_pem_x509_certificates(certificate.read_bytes())
    names = extension(known, x509.SubjectAlternativeName)
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "192.0.2.5"]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    before = certificate.read_bytes()
    assert own_certificate(tmp_path, ["127.0.0.1"])[0].read_bytes() == before
    assert own_certificate(tmp_path, ["127.0.0.1", "192.0.2.6"])[0].read_bytes() != before


def test_what_a_phone_trusts_is_an_authority_that_can_sign_nothing_more(tmp_path):
    """iOS lists authorities alone; whoever had the key of one could be any site to that phone."""
    certificate, key = own_certificate(tmp_path, ["127.0.0.1"])
    served, chained = x509.load_pem_x509_certificates(certificate.read_bytes())
    authority = x509.load_pem_x509_certificate((tmp_path / FOR_PHONES).read_bytes())
    assert chained == authority
    basic = extension(authority, x509.BasicConstraints)
    assert (basic.ca, basic.path_length) == (True, 0)
    assert extension(authority, x509.KeyUsage).key_cert_sign
    assert not extension(served, x509.BasicConstraints).ca
    assert not extension(served, x509.KeyUsage).key_cert_sign
    served.verify_directly_issued_by(authority)
    secret = serialization.load_pem_private_key(key.read_bytes(), None)
    assert secret.public_key() == served.public_key() != authority.public_key()
    assert {path.name for path in tmp_path.iterdir()} == {certificate.name, key.name, FOR_PHONES}
    assert sum(path.read_bytes().count(b"PRIVATE KEY-----") for path in tmp_path.iterdir()) == 2  # begin and end of one


def lone(folder: Path) -> None:
    """As it was before phones could trust it: one certificate, its own and no authority."""
    certificate = folder / "certificate.pem"
    served, _ = x509.load_pem_x509_certificates(certificate.read_bytes())
    certificate.write_bytes(served.public_bytes(serialization.Encoding.PEM))


def foreign_key(folder: Path) -> None:
    own_certificate(folder / "other", ["127.0.0.1"])[1].replace(folder / "certificate-key.pem")


@pytest.mark.parametrize("damage", [lone, foreign_key, lambda folder: (folder / FOR_PHONES).unlink()])
def test_an_old_or_broken_certificate_is_made_anew(tmp_path, damage):
    certificate, key = own_certificate(tmp_path, ["127.0.0.1"])
    damage(tmp_path)
    own_certificate(tmp_path, ["127.0.0.1"])
    served, authority = x509.load_pem_x509_certificates(certificate.read_bytes())
    served.verify_directly_issued_by(authority)
    assert (tmp_path / FOR_PHONES).is_file()
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)


def has_ipv6() -> bool:
    """Whether this machine has an address of it: a system may know it and have it switched off."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize("mode", ASYNC_MODES)
@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::"])
def test_https_serves_phones_at_each_address_that_it_prints(tmp_path, mode, host):
    """By a certificate that holds for who trusts the one for phones. 127.0.0.1, the default, becomes every address."""
    if host == "::" and not has_ipv6():
        pytest.skip("no IPv6 here")
    if host == "127.0.0.2" and sys.platform != "linux":
        pytest.skip("only Linux has all of 127.0.0.0/8")
    server = Server(tmp_path, HTTPS="1", ASYNC_MODE=mode, HOST=host)
    server.url = f"https://{'[::1]' if host == '::' else host}:{server.port}"
    server.start()
    try:
        printed = re.findall(r"Feelharmonic is at (https://\S+)", server.log())
        assert server.url in printed
        if host == "127.0.0.2":
            assert printed == [server.url]
        trusted = str(Path(create_app().instance_path) / FOR_PHONES)
        for url in printed:
            answer = requests.get(url, timeout=DEADLINE_S, verify=trusted)
            assert answer.status_code == 200
            assert "Strict-Transport-Security" not in answer.headers
            address = url.replace("https", "wss") + "/socket.io/?EIO=4&transport=websocket"
            options = {"ca_certs": trusted}
            websocket.create_connection(address, origin=url, timeout=DEADLINE_S, sslopt=options).close()
    finally:
        server.stop()


def interfaces_made_up(monkeypatch, addresses: dict[str, str | None], named: list[str]) -> None:
    """A machine with these interfaces and no default route, whose name stands for ``named``."""

    class Unconnected(socket.socket):
        def connect(self, address: object) -> None:
            raise OSError(101, "Network is unreachable")

    def asked(fd: int, request: int, packed: bytes) -> bytes:
        found = addresses[packed.rstrip(b"\0").decode()]
        if found is None:
            raise OSError(99, "Cannot assign requested address")
        return packed[:20] + socket.inet_aton(found) + packed[24:]

    monkeypatch.setattr(socket, "socket", Unconnected)
    monkeypatch.setattr(socket, "if_nameindex", lambda: list(enumerate(addresses, 1)))
    monkeypatch.setattr("fcntl.ioctl", asked)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *about: [(2, 1, 6, "", (one, 0)) for one in named])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked for its interfaces")
def test_https_is_for_all_networks_of_this_machine_also_without_a_default_route(monkeypatch, tmp_path):
    here = {"lo": "127.0.0.1", "wlan0": "192.0.2.5", "eth0": "198.51.100.7", "eth1": "192.0.2.5", "down0": None}
    interfaces_made_up(monkeypatch, here, ["127.0.1.1", "203.0.113.9", "198.51.100.7"])
    addresses = home_addresses("0.0.0.0")
    assert addresses == ["127.0.0.1", "192.0.2.5", "198.51.100.7"]  # the name's old address is nobody's here
    certificate, _ = own_certificate(tmp_path, addresses)
    known, _ = x509.load_pem_x509_certificates(certificate.read_bytes())
    names = extension(known, x509.SubjectAlternativeName).get_values_for_type(x509.IPAddress)
    assert [str(one) for one in names] == addresses


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_where_interfaces_cannot_be_asked_for_the_machines_name_is(monkeypatch, platform):
    interfaces_made_up(monkeypatch, {"lo": "127.0.0.1", "eth0": "198.51.100.7"}, ["192.0.2.5"])
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("feelharmonic.web.security.certificate.is_own", lambda family, address: True)
    assert home_addresses("0.0.0.0") == ["127.0.0.1", "192.0.2.5"]


def test_every_address_is_this_machines_own_and_one_address_is_that_one():
    assert home_addresses("0.0.0.0")[0] == "127.0.0.1"
    assert home_addresses("192.0.2.77") == ["192.0.2.77"]
    assert not any(":" in one for one in home_addresses("0.0.0.0"))  # what listens there hears no IPv6


def test_the_port_that_is_looked_at_is_the_one_that_is_opened(tmp_path):
    """Taken on another address of this machine, the port cannot be opened on all of them."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.2" if sys.platform == "linux" else "127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environ = {**os.environ, "HTTPS": "1", "PORT": port, "HOST": "127.0.0.1", "PROVIDERS": "catalogue"}
        ended = subprocess.run(
            [sys.executable, str(PROJECT / "app.py")],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 2, ended.stderr
    assert f"PORT: 0.0.0.0:{port} cannot be opened" in ended.stderr


# ---------- how much ----------


def resident_kb(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def opened(server: Server) -> websocket.WebSocket:
    address = server.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    return websocket.create_connection(address, origin=server.url, timeout=DEADLINE_S)


def is_closed_by(sender: websocket.WebSocket, frames: Iterable[websocket.ABNF]) -> bool:
    """Whether the server closes the socket instead of taking ``frames``; pings are answered meanwhile."""
    deadline = time.monotonic() + REFUSED_S
    sender.settimeout(FULL_S)
    try:
        for frame in frames:
            sender.send_frame(frame)
        sender.settimeout(REFUSED_S)
        while time.monotonic() < deadline:
            if not (text := sender.recv()):
                return True
            if text == "2":
                sender.send("3")
    except (TimeoutError, websocket.WebSocketTimeoutException):
        return has_ended(sender.sock)
    except (OSError, websocket.WebSocketException):
        return True
    return False


def has_ended(line: socket.socket) -> bool:
    """Whether the other side has closed it: who sends into a window that is full, and will stay so, is not told."""
    line.settimeout(REFUSED_S)
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def in_one_frame(size: int) -> Iterator[websocket.ABNF]:
    yield websocket.ABNF.create_frame(bytes(size), websocket.ABNF.OPCODE_BINARY)


def in_fragments(size: int, each: int) -> Iterator[websocket.ABNF]:
    """One message of at least ``size`` bytes, in frames of ``each``; the last one says that it is."""
    yield websocket.ABNF.create_frame(bytes(each), websocket.ABNF.OPCODE_BINARY, 0)
    for sent in range(each, size, each):
        yield websocket.ABNF.create_frame(bytes(each), websocket.ABNF.OPCODE_CONT, int(sent + each >= size))


TOO_LARGE = {
    "one frame": lambda: in_one_frame(50 * MAX_MESSAGE_BYTES),
    "fragments": lambda: in_fragments(50 * MAX_MESSAGE_BYTES, 900_000),
    "small fragments": lambda: in_fragments(MAX_MESSAGE_BYTES + 100, 100),
}


@pytest.fixture(scope="module", params=ASYNC_MODES)
def running(request, tmp_path_factory, astronaut_jpeg):
    """A server that has read a frame: what is loaded once is in its memory."""
    server = Server(tmp_path_factory.mktemp(request.param), ASYNC_MODE=request.param).start()
    assert_serves(server, astronaut_jpeg)
    yield server
    server.kill()


def assert_serves(server: Server, jpeg: bytes) -> None:
    with server.listener() as listener:
        assert listener.call("frame", 0, jpeg)["faces"]


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from Linux's /proc")


@needs_proc
@pytest.mark.parametrize("kind", TOO_LARGE)
def test_a_message_above_a_megabyte_is_refused_before_it_is_buffered(running, kind, astronaut_jpeg):
    before_kb = resident_kb(running.process.pid)
    assert is_closed_by(opened(running), TOO_LARGE[kind]())
    assert resident_kb(running.process.pid) - before_kb < 20_000
    assert_serves(running, astronaut_jpeg)


def test_a_picture_in_fragments_is_read(running, astronaut_jpeg):
    listener = RawListener(running.url)
    listener.socket.send('451-/live,7["frame",7,{"_placeholder":true,"num":0}]')
    half = len(astronaut_jpeg) // 2
    for opcode, part, last in (("BINARY", astronaut_jpeg[:half], 0), ("CONT", astronaut_jpeg[half:], 1)):
        listener.socket.send_frame(websocket.ABNF.create_frame(part, getattr(websocket.ABNF, f"OPCODE_{opcode}"), last))
    assert '"seq":7' in listener.socket.recv()
    listener.vanish()


def test_the_end_of_a_websocket_wakes_who_waits_for_its_next_message():
    """simple-websocket wakes its reader before it says that all is over: who looks in between would wait for ever."""
    ours, theirs = socket.socketpair()
    simple = SimpleNamespace(sock=ours, event=threading.Event(), input_buffer=[], connected=False)
    ThrottledSocket(simple, time.sleep).close()
    assert simple.event.is_set()
    assert theirs.recv(1) == b""
    theirs.close()


def test_a_wire_that_never_joins_its_namespace_is_hung_up(tmp_path, astronaut_jpeg):
    """In all async modes at once: each takes its time."""
    with contextlib.ExitStack() as ends:
        servers = []
        for mode in ASYNC_MODES:
            (tmp_path / mode).mkdir()
            servers.append(Server(tmp_path / mode, ASYNC_MODE=mode).start())
            ends.callback(servers[-1].kill)
        outside = [opened(server) for server in servers for _ in range(3)]
        closed: list[bool] = []
        watching = [threading.Thread(target=lambda one=one: closed.append(is_closed_by(one, ()))) for one in outside]
        for thread in watching:
            thread.start()
        listeners = [ends.enter_context(server.listener()) for server in servers]
        for thread in watching:
            thread.join(REFUSED_S + 10)
        for listener in listeners:
            assert listener.call("frame", 0, astronaut_jpeg)["faces"]  # who joined stays
        assert closed == [True] * len(outside)


@pytest.mark.parametrize(
    ("joined", "taken"),
    [
        ([True] * 4, 4),
        ([False, True, True, True], 4),  # the network is slow
        ([False] * 4, 2),
        ([True, True, False, False], 3),  # it left
    ],
)
def test_a_wire_may_be_outside_of_its_namespace_for_a_few_seconds_only(joined, taken):
    """Its messages come every ten seconds."""
    clock, states = itertools.count(0, 10), iter(joined)

    def has_joined() -> bool:
        now.append(next(clock))
        return next(states)

    now = [0]
    ours, theirs = socket.socketpair()
    engine = SimpleNamespace(closed=False, queue=queue.Queue(), server=SimpleNamespace(sleep=time.sleep))
    messages = SimpleNamespace(socket=ours, wait=lambda: "3")
    wire = LimitedWebSocket(messages, engine, has_joined=has_joined, clock=lambda: now[-1])
    assert [wire.wait() for _ in joined[:taken]] == ["3"] * taken
    if taken < len(joined):
        assert wire.wait() is None
        assert theirs.recv(1) == b""
    ours.close()
    theirs.close()


def test_a_goodbye_to_who_is_gone_already_is_no_fault():
    class Gone:
        socket = None

        def close(self) -> None:
            raise ConnectionResetError(104, "Connection reset by peer")

    LimitedWebSocket(Gone(), SimpleNamespace()).close()


def test_the_reader_of_a_websocket_that_is_cut_waits_for_nobody_to_take_its_messages():
    ours, theirs = socket.socketpair()
    simple = SimpleNamespace(sock=ours, event=threading.Event(), input_buffer=[b"x"] * 1000, connected=True)
    unhurried = ThrottledSocket(simple, time.sleep)
    theirs.sendall(b"more")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(unhurried.recv(100)), daemon=True)
    reader.start()
    reader.join(0.2)
    assert reader.is_alive()
    unhurried.shutdown(socket.SHUT_RDWR)
    reader.join(20)
    assert read == [b""]
    ours.close()
    theirs.close()


def packets(text: str, attachments: int = 0, size: int = 900_000) -> Iterator[websocket.ABNF]:
    yield websocket.ABNF.create_frame(text, websocket.ABNF.OPCODE_TEXT)
    for _ in range(attachments):
        yield websocket.ABNF.create_frame(bytes(size), websocket.ABNF.OPCODE_BINARY)


@needs_proc
@pytest.mark.parametrize("announced", [2, 999_999_999])
def test_who_announces_more_than_one_attachment_is_hung_up(running, announced, astronaut_jpeg):
    sender = RawListener(running.url)
    before_kb = resident_kb(running.process.pid)
    text = f'45{announced}-/live,7["frame",7,{{"_placeholder":true,"num":0}}]'
    assert is_closed_by(sender.socket, packets(text, min(announced, 50)))
    assert resident_kb(running.process.pid) - before_kb < 20_000
    assert_serves(running, astronaut_jpeg)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "4",
        "4" + "[" * 100_000,
        "b4AAAA",
        "49/live,",
        "4299999999999-/live,[]",
        "42/live,",
        "42/live,{}",
        "42/live,[]",
        '42/live,[{"frame":1}]',
        '42/live,["connect"]',
        '42/live,["disconnect"]',
        '42/live,["goal"',
        '450-/live,1["frame",1]',
        '451-/live,1["frame",1,{"_placeholder":true,"num":7}]',
        '451-/live,1["frame",1,{"_placeholder":true,"num":"x"}]',
        '451-/elsewhere,1["frame",1,{"_placeholder":true,"num":0}]',
        "42/live," + "[" * 100_000,
    ],
)
def test_who_sends_what_is_no_packet_is_hung_up(running, text, astronaut_jpeg):
    assert is_closed_by(RawListener(running.url).socket, packets(text, 1, 100))
    assert_serves(running, astronaut_jpeg)
    assert "Traceback" not in running.log()


def test_a_log_tells_nothing_of_a_picture(caplog, astronaut_jpeg):
    client = create_app().test_client()
    client.post("/api/v1/expressions", data={"image": (io.BytesIO(astronaut_jpeg[:2000]), "secret-name.jpg")})
    assert "secret-name" not in caplog.text
