"""Closed doors: origins, rates, proxies, sizes, a certificate of one's own; and nothing of a picture leaves memory."""

from __future__ import annotations

import io
import json
import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from types import SimpleNamespace

import pytest
import requests
import websocket
from conftest import PROJECT
from cryptography import x509
from rawwire import RawListener
from serving import Server

from app import LARGEST_MESSAGE_BYTES, create_app
from feelharmonic.pipeline import Parts
from feelharmonic.settings import ASYNC_MODES, Settings
from feelharmonic.web.certificate import home_addresses, own_certificate
from feelharmonic.web.doors import HSTS, EventCounter, Unhurried
from feelharmonic.web.live import Live

FOREIGN, FRIEND = "https://elsewhere.example", "https://friend.example"
DEADLINE_S = 60
#: Pings come every 10 s, and who answers none is hung up: so long a refusal may take.
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


def connected(url: str, origin: str) -> bool:
    address = url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    try:
        websocket.create_connection(address, origin=origin, timeout=DEADLINE_S).close()
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


#: Every event of the wire, with what it is given when all is well.
EVENTS = {
    "frame": (0, b"no picture"),
    "snap": ({"emotion": "sad"},),
    "goal": ({"goal": "lift"},),
    "baseline": ({"probabilities": None},),
    "group": ({"on": True},),
    "resume": ({"mood": None, "at_s": 1},),
    "feedback": ({"id": "0" * 22, "like": True},),
}


@pytest.fixture(scope="module")
def parts():
    return Parts.load()


def test_every_event_of_the_wire_is_listed_here():
    handlers = {name.removeprefix("on_") for name in dir(Live) if name.startswith("on_")}
    assert handlers == {*EVENTS, "connect", "disconnect"}


@pytest.mark.parametrize("arguments", ["right", "wrong"])
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_counts_once_and_beyond_the_rate_is_answered_busy(parts, event, arguments):
    app = create_app(Settings(socket_rate="4/minute"), parts=parts)
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
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "mood.example", "X-Forwarded-For": "192.0.2.7"}
    assert asked(Settings(trusted_proxies=1), **told).headers["Strict-Transport-Security"] == HSTS
    assert "Strict-Transport-Security" not in asked(Settings(), **told).headers
    assert "Strict-Transport-Security" not in asked(Settings(trusted_proxies=1)).headers
    assert "Strict-Transport-Security" not in asked(Settings(trusted_proxies=1, https=True), **told).headers


def test_a_certificate_names_the_addresses_is_kept_and_its_key_is_the_owners(tmp_path):
    certificate, key = own_certificate(tmp_path, ["127.0.0.1", "192.0.2.5"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    known = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "192.0.2.5"]
    before = certificate.read_bytes()
    assert own_certificate(tmp_path, ["127.0.0.1"])[0].read_bytes() == before
    assert own_certificate(tmp_path, ["127.0.0.1", "192.0.2.6"])[0].read_bytes() != before
    assert "127.0.0.1" in home_addresses()


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_https_serves_phones_with_its_own_certificate(tmp_path, mode):
    server = Server(tmp_path, HTTPS="1", ASYNC_MODE=mode)
    server.url = server.url.replace("http:", "https:")
    server.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = requests.get(server.url, timeout=DEADLINE_S, verify=False)
        assert answer.status_code == 200
        assert "Strict-Transport-Security" not in answer.headers
        assert "https://" in server.log()
        address = server.url.replace("https", "wss") + "/socket.io/?EIO=4&transport=websocket"
        options = {"cert_reqs": ssl.CERT_NONE}
        websocket.create_connection(address, origin=server.url, timeout=DEADLINE_S, sslopt=options).close()
    finally:
        server.stop()


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
        return False
    except (OSError, websocket.WebSocketException):
        return True
    return False


def in_one_frame(size: int) -> Iterator[websocket.ABNF]:
    yield websocket.ABNF.create_frame(bytes(size), websocket.ABNF.OPCODE_BINARY)


def in_fragments(size: int, each: int) -> Iterator[websocket.ABNF]:
    """One message of at least ``size`` bytes, in frames of ``each``; the last one says that it is."""
    yield websocket.ABNF.create_frame(bytes(each), websocket.ABNF.OPCODE_BINARY, 0)
    for sent in range(each, size, each):
        yield websocket.ABNF.create_frame(bytes(each), websocket.ABNF.OPCODE_CONT, int(sent + each >= size))


TOO_LARGE = {
    "one frame": lambda: in_one_frame(50 * LARGEST_MESSAGE_BYTES),
    "fragments": lambda: in_fragments(50 * LARGEST_MESSAGE_BYTES, 900_000),
    "small fragments": lambda: in_fragments(LARGEST_MESSAGE_BYTES + 100, 100),
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
    Unhurried(simple, time.sleep).close()
    assert simple.event.is_set()
    assert theirs.recv(1) == b""
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


# ---------- the promise ----------

PROMISE = """
import io, json, os, sys
seen = {"written": [], "connected": []}
listening = []
def watch(event, arguments):
    if not listening:
        return
    if event == "open":
        path, mode, flags = (*arguments, None, None, None)[:3]
        writes = (isinstance(mode, str) and any(sign in mode for sign in "wax+")) or (
            isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        if writes:
            seen["written"].append(str(path))
    elif event in ("socket.connect", "socket.sendto"):
        seen["connected"].append(str(arguments[1]))
    elif event in ("os.rename", "os.mkdir", "shutil.copyfile", "subprocess.Popen"):
        seen["written"].append(event)
sys.addaudithook(watch)
from app import create_app
from feelharmonic.settings import Settings
app = create_app(Settings(providers=("catalogue",)))
picture = sys.stdin.buffer.read()
wire = app.extensions["socketio"].test_client(app, namespace="/live")
client = app.test_client()
def upload(data):
    # By hand: the test client's own way of packing a large file goes through a temporary one.
    head = b"--edge\\r\\nContent-Disposition: form-data; name=image; filename=a.jpg\\r\\n\\r\\n"
    body = head + data + b"\\r\\n--edge--\\r\\n"
    return client.post("/api/v1/expressions", data=body, content_type="multipart/form-data; boundary=edge")
wire.emit("frame", 0, picture, namespace="/live", callback=True)
assert upload(picture).get_json()["faces"]
listening.append(True)
for number in range(100):
    answer = wire.emit("frame", number, picture, namespace="/live", callback=True)
    assert answer["problem"] is None, answer
    if number % 4 == 0:
        assert upload(picture + b"\\0" * 1_000_000).status_code == 200
assert wire.emit("snap", {}, namespace="/live", callback=True)["tracks"]
listening.clear()
print(json.dumps(seen))
"""


def test_no_picture_is_written_or_sent_on(tmp_path, astronaut_jpeg):
    """An audit hook sees every file that Python opens and every address that it connects to."""
    ended = subprocess.run(
        [sys.executable, "-c", PROMISE],
        input=astronaut_jpeg,
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        timeout=DEADLINE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()[-2000:]
    assert json.loads(ended.stdout.splitlines()[-1]) == {"written": [], "connected": []}
    assert astronaut_jpeg[:64] not in ended.stderr


def test_a_log_tells_nothing_of_a_picture(caplog, astronaut_jpeg):
    client = create_app().test_client()
    client.post("/api/v1/expressions", data={"image": (io.BytesIO(astronaut_jpeg[:2000]), "secret-name.jpg")})
    assert "secret-name" not in caplog.text
