"""A Subsonic server's songs: listed, known by name first, understood by sound, streamed, and every fault survived."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
import time

import pytest

from feelharmonic.app import create_app
from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.library.library import understood_fields
from feelharmonic.music.library.store import unpacked
from feelharmonic.music.library.subsonic import SubsonicClient, SubsonicLibrary
from feelharmonic.music.messages import Track
from feelharmonic.settings import Settings
from tests.support.music.files import tones, write_sound
from tests.support.music.open_services import OpenServiceStandIn, slow
from tests.support.serving import free_port

FEATURES_BY_NAME = dict.fromkeys(FEATURES, 0.25) | {"loudness": -9.0, "tempo": 99.0}
CATALOGUE = Catalogue([Track(key="k", source="other", title="Known", artist="Band", features=FEATURES_BY_NAME)])
ELSEWHERE = {"REMOTE_ADDR": "192.168.1.9"}


class Server:
    """The API as it is described: two songs in one album. ``fault``: what `stream` answers instead of sound."""

    def __init__(self, sound: bytes, password: str = "sesame"):
        self.sound, self.password = sound, password
        self.fault = None
        self.songs = [
            {"id": "s1", "title": "Known", "artist": "Band", "album": "A", "suffix": "wav", "size": 1, "duration": 1},
            {
                "id": "s2",
                "title": "Other",
                "artist": "Band",
                "suffix": "wav",
                "size": 1,
                "bpm": 87,
                "moods": ["sad"],
                "year": 1999,
            },
            {"id": 5, "title": "no id"},
        ]

    def __call__(self, path: str, query: dict, headers: dict) -> tuple[int, bytes]:
        if query["t"] != hashlib.md5((self.password + query["s"]).encode()).hexdigest():
            return failed(40)
        method = path.removeprefix("/rest/").removesuffix(".view")
        if method == "stream":
            return self.fault(path, query, headers) if self.fault else (200, self.sound)
        if method == "getAlbumList2":
            return ok({"albumList2": {"album": [{"id": "a1"}] if query["offset"] == "0" else []}})
        if method == "getAlbum":
            return ok({"album": {"song": self.songs}})
        return failed(70)


def ok(content: dict) -> tuple[int, bytes]:
    return 200, json.dumps({"subsonic-response": {"status": "ok", "version": "1.16.1", **content}}).encode()


def failed(code: int) -> tuple[int, bytes]:
    return 200, json.dumps({"subsonic-response": {"status": "failed", "error": {"code": code}}}).encode()


@pytest.fixture
def server(tmp_path) -> Server:
    return Server(write_sound(tmp_path / "song.wav", tones(440, seconds=3)).read_bytes())


def library(url: str, tmp_path, password: str = "sesame") -> SubsonicLibrary:
    return SubsonicLibrary(tmp_path / "instance", SubsonicClient(url, "me", password))


def test_songs_are_known_by_name_first_and_else_by_sound(server, tmp_path):
    with OpenServiceStandIn(server) as service:
        songs = library(service.url, tmp_path)
        assert songs.sync(CATALOGUE.named, understood_fields) == (2, 2)
        assert [path for path, _ in service.asked].count("/rest/stream.view") == 1
        known, other = (next(file for file in songs.store.files() if file.path == name) for name in ("s1", "s2"))
        assert unpacked(known.named)["tempo"] == 99.0
        assert known.sound is None
        assert (other.method, other.tagged_moods, unpacked(other.sound)["tempo"]) == ("sound", "sad", 87.0)
        keys = {file.key for file in songs.store.files()}
        assert songs.sync(CATALOGUE.named, understood_fields) == (2, 2)
        assert {file.key for file in songs.store.files()} == keys
        assert [path for path, _ in service.asked].count("/rest/stream.view") == 1
        server.songs = server.songs[:1]
        assert songs.sync(CATALOGUE.named, understood_fields) == (1, 1)


def test_the_password_never_travels(server, tmp_path):
    with OpenServiceStandIn(server) as service:
        library(service.url, tmp_path).sync(CATALOGUE.named, understood_fields)
        assert "sesame" not in str(service.asked)
        assert len({query["s"] for _, query in service.asked}) == len(service.asked)


def test_a_wrong_password_is_told(server, tmp_path):
    with OpenServiceStandIn(server) as service, pytest.raises(ProviderUnavailable) as caught:
        library(service.url, tmp_path, "wrong").sync(CATALOGUE.named, understood_fields)
    assert caught.value.code == "key_refused"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda *asked: (500, b""), "http_error"),
        (lambda *asked: (200, b"<html>"), "unreadable_answer"),
        (lambda *asked: (200, b'{"subsonic-response": 5}'), "unreadable_answer"),
    ],
)
def test_faults_of_the_server_are_told_and_forget_nothing(server, tmp_path, answer, code):
    with OpenServiceStandIn(server) as service:
        songs = library(service.url, tmp_path)
        songs.sync(CATALOGUE.named, understood_fields)
        service.answer = answer
        with pytest.raises(ProviderUnavailable) as caught:
            songs.sync(CATALOGUE.named, understood_fields)
        assert caught.value.code == code
        assert len(songs.store.files()) == 2


def test_a_server_that_is_away_says_nothing_of_the_account(tmp_path):
    with pytest.raises(ProviderUnavailable) as caught:
        library("http://127.0.0.1:9", tmp_path).sync(CATALOGUE.named, understood_fields)
    assert caught.value.code == "unreachable"
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("fault", [lambda *asked: (503, b""), lambda *asked: (200, b"half a so")])
def test_a_song_that_does_not_come_waits_or_is_listed(server, tmp_path, fault):
    server.fault = fault
    with OpenServiceStandIn(server) as service:
        songs = library(service.url, tmp_path)
        assert songs.sync(CATALOGUE.named, understood_fields) == (2, 1)
        other = next(file for file in songs.store.files() if file.path == "s2")
        assert other.fault == ("" if fault()[0] == 503 else "damaged")


def test_songs_play_through_our_server_for_this_machine_alone(server, tmp_path):
    with OpenServiceStandIn(server) as service:
        songs = library(service.url, tmp_path)
        songs.sync(CATALOGUE.named, understood_fields)
        settings = Settings(
            instance_dir=tmp_path / "instance", subsonic_url=service.url, subsonic_user="me", subsonic_password="sesame"
        )
        client = create_app(settings).test_client()
        server.fault = lambda *asked: (200, b"no sound")
        key = songs.store.files()[0].key
        listed = client.get("/api/v1/tracks?emotion=sad&n=2").get_json()
        assert listed["provider"] == "subsonic"
        assert {track["audio"] for track in listed["tracks"]} == {
            f"/music/subsonic/{file.key}" for file in songs.store.files()
        }
        assert client.get(f"/music/subsonic/{key}").status_code == 502  # it is not said to be a sound
        assert client.get("/music/subsonic/unknown").status_code == 404
        assert client.get(f"/music/subsonic/{key}", environ_base=ELSEWHERE).status_code == 404
        assert client.get("/api/v1/tracks?n=2", environ_base=ELSEWHERE).get_json()["provider"] == "catalogue"


def test_a_server_without_tokens_gets_the_password_on_this_machine_alone(server, tmp_path):
    def answer(path: str, query: dict, headers: dict) -> tuple[int, bytes]:
        if query.get("p") != "enc:" + b"sesame".hex():
            return failed(10)
        return server(path, {**query, "s": "", "t": hashlib.md5(b"sesame").hexdigest()}, headers)

    with OpenServiceStandIn(answer) as service:
        assert library(service.url, tmp_path).sync(CATALOGUE.named, understood_fields) == (2, 2)
    assert not SubsonicClient("http://music.example", "me", "x")._is_private
    assert SubsonicClient("https://music.example", "me", "x")._is_private


@pytest.mark.full  # a server of its own; pip install supysonic
@pytest.mark.timeout(240)
def test_supysonic_is_listed_understood_and_streamed_in_ranges(tmp_path):
    pytest.importorskip("supysonic")
    for number in range(3):
        sound = tones(200 + 50 * number, seconds=3)
        write_sound(tmp_path / "music" / "Band" / f"{number}.flac", sound, title=f"Song {number}", artist="Band")
    (tmp_path / "supysonic.conf").write_text(
        f"[base]\ndatabase_uri = sqlite:///{tmp_path}/s.db\n[webapp]\ncache_dir = {tmp_path}/cache\n"
        f"[daemon]\nsocket = {tmp_path}/d.sock\nrun_watcher = false\n"
    )
    run = functools.partial(subprocess.run, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    for command in ("user add me -p sesame", f"folder add Music {tmp_path}/music", "folder scan -f --foreground"):
        run([sys.executable, "-m", "supysonic.cli", *command.split()])
    port = free_port()
    serve = [sys.executable, "-m", "flask", "--app", "supysonic.web:create_application", "run", "--port", str(port)]
    server = subprocess.Popen(serve, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        songs = library(f"http://127.0.0.1:{port}", tmp_path)
        for _ in range(60):
            try:
                assert songs.sync(CATALOGUE.named, understood_fields) == (3, 3)
                break
            except ProviderUnavailable:
                time.sleep(1)
        file = songs.store.files()[0]
        with songs.client.stream(file.path, {"Range": "bytes=0-3"}) as answer:
            assert (answer.status_code, answer.content) == (206, b"fLaC")
        with pytest.raises(ProviderUnavailable, match="key_refused"):
            SubsonicClient(f"http://127.0.0.1:{port}", "me", "wrong").call("ping")
    finally:
        server.kill()
        server.wait()


def test_a_slow_server_times_out(tmp_path, monkeypatch):
    monkeypatch.setattr("feelharmonic.music.library.subsonic.TIMEOUT_S", (0.5, 0.3))
    with OpenServiceStandIn(slow) as service, pytest.raises(ProviderUnavailable, match="timeout"):
        library(service.url, tmp_path).sync(CATALOGUE.named, understood_fields)
