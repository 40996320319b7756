"""Own music over HTTP: whole files with ranges and validators, covers, opaque keys, and nobody else's ears."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from feelharmonic.app import create_app
from feelharmonic.music.library.pool import read_file
from feelharmonic.music.library.scanner import Scanner
from feelharmonic.music.library.store import LibraryStore
from feelharmonic.settings import Settings
from feelharmonic.web.own_music.background_scan import BackgroundScan
from tests.support.music.files import PNG, id3, tones, write_sound

SONGS = 12
ELSEWHERE = {"REMOTE_ADDR": "192.168.1.9"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> tuple[Path, Path]:
    """Music, and an instance folder with its library."""
    music, instance = tmp_path_factory.mktemp("music"), tmp_path_factory.mktemp("instance")
    for number in range(SONGS):
        write_sound(
            music / f"{number}.ogg", tones(200 + 20 * number), title=f"Song {number}", artist=f"Artist {number}"
        )
    write_sound(music / "covered.mp3", tones(900))
    data = (music / "covered.mp3").read_bytes()
    (music / "covered.mp3").write_bytes(id3("Covered", "Somebody", PNG) + data)
    (music.parent / "outside.ogg").write_bytes((music / "0.ogg").read_bytes())
    Scanner(LibraryStore(instance / "library.db"), [music], results=lambda jobs: map(read_file, jobs)).scan()
    return music, instance


def app_of(folders, **settings):
    # The library remembers its folders: without MUSIC_DIR no scan begins.
    return create_app(Settings(instance_dir=folders[1], **settings))


@pytest.fixture(scope="module")
def app(folders):
    return app_of(folders)


@pytest.fixture(scope="module")
def keys(app) -> dict[str, str]:
    return {file.title: file.key for file in app.extensions["feelharmonic"].library.files()}


@pytest.fixture
def client(app):
    return app.test_client()


def listed(client, **options) -> dict:
    return client.get("/api/v1/tracks?emotion=happy&n=5", **options).get_json()


def test_own_music_is_the_first_provider_and_says_where_its_sound_is(client):
    answer = listed(client)
    assert answer["provider"] == "own"
    for track in answer["tracks"]:
        assert track["id"].startswith("own:")
        assert track["audio"] == f"/music/{track['id'].removeprefix('own:')}"
        assert -70 <= track["loudness"] <= 0
        assert client.get(track["audio"]).status_code == 200


def test_a_file_comes_whole_or_in_ranges_with_validators(client, folders, keys):
    data = (folders[0] / "3.ogg").read_bytes()
    whole = client.get(f"/music/{keys['Song 3']}")
    assert (whole.status_code, whole.mimetype, whole.data) == (200, "audio/ogg", data)
    assert whole.headers["Accept-Ranges"] == "bytes"
    part = client.get(f"/music/{keys['Song 3']}", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(data)}"
    same = client.get(f"/music/{keys['Song 3']}", headers={"If-None-Match": whole.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    stale = client.get(f"/music/{keys['Song 3']}", headers={"Range": "bytes=0-1", "If-Range": '"another"'})
    assert stale.status_code == 200
    assert client.get(f"/music/{keys['Song 3']}", headers={"Range": "bytes=99999999-"}).status_code == 416


def test_a_cover_comes_with_its_type(client, keys):
    answer = client.get(f"/music/{keys['Covered']}/cover")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/png", PNG)
    assert client.get(f"/music/{keys['Song 1']}/cover").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["..", "../outside.ogg", "%2e%2e%2foutside.ogg", "..%5coutside.ogg", "%252e%252e/outside.ogg", "0.ogg", "", "%00"],
)
def test_paths_in_the_place_of_keys_are_not_found(client, path):
    for asked in (f"/music/{path}", f"/music/{path}/cover"):
        assert client.get(asked, follow_redirects=True).status_code == 404


def test_a_key_in_other_letters_is_not_found(client, keys):
    key = next(key for key in keys.values() if key != key.swapcase())
    assert client.get(f"/music/{key}").status_code == 200
    assert client.get(f"/music/{key.swapcase()}").status_code == 404
    assert client.get(f"/MUSIC/{key}").status_code == 404


@pytest.mark.parametrize("options", [{"environ_base": ELSEWHERE}, {"headers": {"X-Forwarded-For": "192.168.1.9"}}])
def test_other_machines_get_the_catalogue_unless_the_owner_says_otherwise(client, folders, keys, options):
    assert listed(client, **options)["provider"] == "catalogue"
    for path in (f"/music/{keys['Song 3']}", f"/music/{keys['Covered']}/cover"):
        assert client.get(path, **options).status_code == 404
    open_to_all = app_of(folders, music_for="listeners").test_client()
    assert listed(open_to_all, **options)["provider"] == "own"
    assert open_to_all.get(f"/music/{keys['Song 3']}", **options).status_code == 200


def test_no_path_is_in_an_answer_or_in_the_log(client, folders, keys, caplog):
    with caplog.at_level(logging.INFO):
        answers = [client.get(f"/music/{keys['Song 3']}"), client.get("/music/unknown"), client.get("/api/v1/tracks")]
    for answer in answers:
        assert str(folders[0]) not in str(answer.headers)
        assert str(folders[0]).encode() not in answer.data
    assert str(folders[0]) not in caplog.text
    assert "3.ogg" not in caplog.text + str(answers[0].headers)


def test_a_file_that_is_gone_is_not_found(folders, app, client):
    write_sound(folders[0] / "later.ogg", tones(123), title="Later", artist="Them")
    Scanner(LibraryStore(folders[1] / "library.db"), [folders[0]], results=lambda jobs: map(read_file, jobs)).scan()
    key = next(file.key for file in app.extensions["feelharmonic"].library.files() if file.title == "Later")
    assert client.get(f"/music/{key}").status_code == 200
    (folders[0] / "later.ogg").unlink()
    assert client.get(f"/music/{key}").status_code == 404


def test_nginx_is_told_the_place_inside_the_folder(folders, keys):
    client = app_of(folders, music_accel="/music-files").test_client()
    answer = client.get(f"/music/{keys['Song 3']}")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["X-Accel-Redirect"] == "/music-files/0/3.ogg"
    assert answer.mimetype == "audio/ogg"


def test_without_music_nothing_is_there(tmp_path):
    client = create_app(Settings(instance_dir=tmp_path)).test_client()
    assert client.get("/music/AAAAAAAAAAAAAAAA").status_code == 404
    assert listed(client)["provider"] == "catalogue"
    assert not (tmp_path / "library.db").exists()


def test_the_server_scans_in_a_process_that_ends_with_it(tmp_path):
    write_sound(tmp_path / "music" / "a.wav", tones(440))
    settings = Settings(instance_dir=tmp_path / "instance", music_dir=(tmp_path / "music",))
    scan = BackgroundScan(settings)
    scan.begin()
    assert scan._process is not None
    scan.begin()
    assert scan._process.wait(100) == 0
    assert [file.title for file in LibraryStore(tmp_path / "instance" / "library.db").files()] == ["a"]
    waits = BackgroundScan(settings, ("sh", "-c", "cat"))
    assert waits.start()
    assert not waits.start()
    waits._process.stdin.close()  # as the end of the server does
    assert waits._process.wait(10) == 0
