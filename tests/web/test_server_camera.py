"""A camera on the server: the newest picture at the rate, a source that drops, the addresses, the command."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time

import cv2
import numpy as np
import pytest
import requests

from feelharmonic.app import create_app
from feelharmonic.reading.camera import SIDE_PX, CameraReader, annotated, colour_bgr
from feelharmonic.reading.messages import Mood, Reading
from feelharmonic.reading.networks import Networks
from feelharmonic.web.server_camera import TRACKS_AFTER_S
from feelharmonic.web.services import Services
from tests.support.samples import PROJECT

DEADLINE_S = 30

#: Two seconds are meant; the machine that tests may be busy.
MAX_STOP_S = 4.0


@pytest.fixture(scope="module")
def parts() -> Networks:
    return Networks.load()


@pytest.fixture
def video(tmp_path, astronaut_bgr):
    """Two seconds of the astronaut, moving a little."""
    path = tmp_path / "face.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 15, (320, 240))
    for i in range(30):
        writer.write(np.roll(astronaut_bgr, i % 3, axis=1))
    writer.release()
    return path


class Camera:
    """A source that shows ``pictures`` and then drops."""

    def __init__(self, pictures: list[np.ndarray], *, opens: bool = True):
        self._pictures = list(pictures)
        self._opens = opens

    def isOpened(self) -> bool:
        return self._opens

    def read(self):
        time.sleep(0.01)  # a camera gives its pictures in its own time
        return (True, self._pictures.pop(0)) if self._pictures else (False, None)

    def get(self, _what: int) -> float:
        return 0.0

    def release(self) -> None:
        pass


def until(holds, reader: CameraReader):
    """The first Seen for which ``holds``."""
    seen, deadline = reader.newest(), time.monotonic() + DEADLINE_S
    while not holds(seen):
        assert time.monotonic() < deadline, seen.state
        seen = reader.newest(seen.number, 1.0)
    return seen


@pytest.fixture
def start_reader(parts):
    started: list[CameraReader] = []

    def start(name, **options) -> CameraReader:
        reader = CameraReader(parts, str(name), **options)
        started.append(reader)
        reader.start()
        return reader

    yield start
    for reader in started:
        reader.stop()


def test_a_video_is_read_and_shown_with_its_box(start_reader, video):
    seen = until(lambda seen: seen.reading is not None and seen.reading.mood, start_reader(video, rate_hz=20))
    assert seen.state == "seeing"
    assert seen.reading.mood.emotion == "happy"
    shown = cv2.imdecode(np.frombuffer(seen.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (240, 320, 3)


@pytest.mark.full
def test_a_file_begins_anew_or_ends_as_set(start_reader, video):
    assert until(lambda seen: seen.state == "ended", start_reader(video, rate_hz=20, once=True)).reading is not None
    again = start_reader(video, rate_hz=20)
    first = until(lambda seen: seen.reading is not None, again)
    assert until(lambda seen: seen.number > first.number + 45, again).state == "seeing"  # more than its 30 pictures


def test_a_group_is_watched_as_one(start_reader, video):
    seen = until(lambda seen: seen.reading is not None and seen.reading.faces, start_reader(video, group=True))
    assert [one.id for one in seen.reading.group.shares] == [face.face.id for face in seen.reading.faces]


def test_a_camera_that_drops_is_opened_again_after_longer_waits(start_reader, astronaut_bgr):
    cameras = [Camera([]), Camera([], opens=False), Camera([astronaut_bgr] * 400)]
    opened: list[str] = []

    def open_source(name: str) -> Camera:
        opened.append(name)
        return cameras.pop(0) if cameras else Camera([], opens=False)

    reader = start_reader("0", open_source=open_source, retry_waits_s=(0.05, 0.1), rate_hz=30)
    assert until(lambda seen: seen.state == "lost", reader).reading is None
    assert until(lambda seen: seen.state == "seeing", reader).reading.faces
    assert opened[:3] == ["0"] * 3


def test_only_the_newest_picture_is_read(start_reader, parts):
    numbered = [np.full((64, 64, 3), i, np.uint8) for i in range(100)]
    reader = start_reader("0", open_source=lambda _name: Camera(numbered), retry_waits_s=(9.0,), rate_hz=4)
    until(lambda seen: seen.state == "lost", reader)
    assert reader.newest().number < 30  # about five of the hundred were read: the rest was older than the newest


def test_a_large_picture_is_made_smaller(start_reader, astronaut_bgr):
    large = cv2.resize(astronaut_bgr, (1600, 1200))
    seen = until(
        lambda seen: seen.reading is not None, start_reader("0", open_source=lambda _name: Camera([large] * 400))
    )
    assert max(seen.reading.width_px, seen.reading.height_px) == SIDE_PX


def test_the_mood_is_written_in_its_colour(parts):
    mood = Mood(emotion="sad", confidence=0.5, since_s=1.0)
    reading = Reading(width_px=320, height_px=240, faces=(), expression=None, mood=mood)
    shown = annotated(np.zeros((240, 320, 3), np.uint8), reading, parts.params)
    assert (shown == colour_bgr(parts.params.emotions["sad"].colour.glow)).all(axis=2).any()
    assert colour_bgr("#102030") == (0x30, 0x20, 0x10)


# ---------- the addresses ----------


class Still:
    """A camera's reader that saw one thing."""

    def __init__(self, reading: Reading):
        self.number, self.state, self.jpeg, self.reading = 1, "ended", b"\xff\xd8jpeg\xff\xd9", reading

    def newest(self, after: int = -1, timeout_s: float = 0.0) -> Still:
        return self


def reading_of(since_s: float, emotion: str = "sad") -> Reading:
    mood = Mood(emotion=emotion, confidence=0.8, since_s=since_s)
    return Reading(width_px=320, height_px=240, faces=(), expression=None, mood=mood)


@pytest.fixture(scope="module")
def app():
    return create_app()


@pytest.mark.parametrize("path", ["/watch", "/watch/state", "/watch/stream"])
def test_without_a_camera_the_addresses_say_how_to_get_one(app, path):
    Services.of(app).camera.reader = None
    answer = app.test_client().get(path)
    assert answer.status_code == 404
    assert "flask --app app camera --source 0" in answer.get_data(as_text=True)


def test_the_stream_is_made_of_pictures(app):
    Services.of(app).camera.reader = Still(reading_of(1.0))
    answer = app.test_client().get("/watch/stream")
    assert answer.content_type == "multipart/x-mixed-replace; boundary=frame"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data == b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 8\r\n\r\n\xff\xd8jpeg\xff\xd9\r\n"


def test_tracks_come_once_a_new_mood_has_held(app):
    view = Services.of(app).camera
    client = app.test_client()
    view.reader = Still(reading_of(TRACKS_AFTER_S - 1))
    assert client.get("/watch/state").get_json()["tracks"] == []
    view.reader = Still(reading_of(TRACKS_AFTER_S + 1))
    told = client.get("/watch/state").get_json()
    assert (told["emotion"], len(told["tracks"])) == ("sad", 8)
    assert client.get("/watch/state").get_json()["tracks"] == told["tracks"]
    view.reader = Still(reading_of(TRACKS_AFTER_S + 1, "happy"))
    assert client.get("/watch/state").get_json()["emotion"] == "happy"


# ---------- the command ----------


def test_the_command_serves_the_page_and_the_stream(video):
    command = [sys.executable, "-u", "-m", "flask", "--app", str(PROJECT / "app.py"), "camera"]
    process = subprocess.Popen(
        [*command, "--source", str(video), "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    killer = threading.Timer(DEADLINE_S, process.kill)
    killer.start()
    try:
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line
        address = line.split(" at ")[1].split(" ")[0]
        assert "/watch/stream" in requests.get(address, timeout=DEADLINE_S).text
        told = None
        while not (told and told["reading"] and told["reading"]["mood"]):
            told = requests.get(f"{address}/state", timeout=DEADLINE_S).json()
            time.sleep(0.05)
        assert told["reading"]["mood"]["emotion"] == "happy"
        with requests.get(f"{address}/stream", stream=True, timeout=DEADLINE_S) as answer:
            assert b"\xff\xd8" in next(answer.iter_content(4096))
    finally:
        killer.cancel()
        process.kill()
        process.wait()


def test_the_phone_at_night_is_watched(data_dir, start_reader):
    video = data_dir / "video" / "phone_at_night.mp4"
    seen = until(lambda seen: seen.reading is not None and seen.reading.faces, start_reader(video, rate_hz=20))
    assert seen.reading.faces[0].expression is not None


def test_a_reader_of_a_silent_source_stops_within_two_seconds(parts):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        opening = threading.Event()

        def open_source(_name):
            opening.set()
            with socket.create_connection(silent.getsockname(), timeout=20) as connection:
                connection.recv(1)
            return Camera([], opens=False)

        reader = CameraReader(parts, "http://silent", open_source=open_source)
        reader.start()
        assert opening.wait(10)
        began_s = time.monotonic()
        reader.stop()
        assert time.monotonic() - began_s < 2
        connection, _ = silent.accept()
        connection.close()


class Stalling:
    """A stream that gives three pictures and then says nothing more."""

    def __init__(self, picture, ended):
        self._picture, self._ended, self._count = picture, ended, 0

    def isOpened(self):
        return True

    def read(self):
        self._count += 1
        if self._count > 3:
            self._ended.wait(20)
            return False, None
        return True, self._picture

    def get(self, what):
        return 0.0

    def release(self):
        pass


def test_the_mood_ends_where_a_stream_stalls(parts, astronaut_bgr, caplog):
    ended = threading.Event()
    source = Stalling(astronaut_bgr, ended)
    reader = CameraReader(parts, "http://stalls", rate_hz=30, open_source=lambda name: source, silent_after_s=0.3)
    reader.start()
    try:
        deadline_s = time.monotonic() + 20
        seen, state = False, reader.newest()
        while time.monotonic() < deadline_s and not (seen and state.state == "lost"):
            state = reader.newest(state.number, 1.0)
            seen = seen or state.reading is not None
        assert (state.state, state.reading) == ("lost", None)
        assert "No picture from the camera for 0 s. Still trying." in caplog.text
    finally:
        ended.set()
        reader.stop()


def test_ctrl_c_ends_the_command_while_a_source_is_silent():
    """A network camera that accepts and says nothing: OpenCV waits for it inside its own code."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        held = []
        threading.Thread(target=lambda: held.append(silent.accept()), daemon=True).start()
        source = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/cam"
        command = [sys.executable, "-m", "flask", "--app", str(PROJECT / "app.py"), "camera", "--port", "0"]
        running = subprocess.Popen([*command, "--source", source], stderr=subprocess.PIPE, text=True, cwd=PROJECT)
        try:
            said = next(line for line in running.stderr if "No picture" in line)
            assert held, "nobody asked the camera"
            asked_s = time.monotonic()
            running.send_signal(signal.SIGINT)
            running.wait(timeout=20)
            taken_s = time.monotonic() - asked_s
        finally:
            running.kill()
            running.stderr.close()
    assert "for 5 s" in said
    assert taken_s < MAX_STOP_S


def test_without_a_camera_only_the_host_is_told_the_command():
    client = create_app().test_client()
    host = client.get("/watch", environ_base={"REMOTE_ADDR": "127.0.0.1"})
    guest = client.get("/watch", environ_base={"REMOTE_ADDR": "192.168.1.20"})
    assert "flask --app app camera" in host.text
    assert "flask --app app camera" not in guest.text
    assert "turns it on" in guest.text
    for answer in (host, guest):
        assert answer.status_code == 404
        assert 'href="./"' in answer.text  # a way back
