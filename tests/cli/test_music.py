"""`music scan` and `music info`, as somebody types them."""

from __future__ import annotations

import csv

import pytest

from feelharmonic.app import create_app
from feelharmonic.emotions import EMOTIONS
from feelharmonic.settings import Settings
from tests.support.music.files import tones, write_sound


@pytest.fixture
def runner(tmp_path, monkeypatch):
    monkeypatch.delenv("MUSIC_DIR", raising=False)
    return create_app(Settings(instance_dir=tmp_path / "instance")).test_cli_runner()


def test_a_scan_says_what_it_did_and_lists_what_is_broken(runner, tmp_path, monkeypatch):
    music = tmp_path / "music"
    write_sound(music / "a.wav", tones(440))
    (music / "b.mp3").write_bytes(b"no sound" * 100)
    result = runner.invoke(args=["music", "scan", str(music), "--processes", "1"])
    assert result.exit_code == 0, result.output
    assert "2 files: 2 new, 0 changed, 0 moved, 0 removed, 1 broken." in result.output
    assert f"{music / 'b.mp3'}: cannot be read as sound" in result.output
    monkeypatch.setenv("MUSIC_DIR", str(music))
    again = runner.invoke(args=["music", "scan"])
    assert "2 files: 0 new, 0 changed" in again.output
    info = runner.invoke(args=["music", "info"])
    assert "1 tracks: 0 known by name, 1 by sound (0 by vibenet)" in info.output


def test_an_export_has_a_table_and_a_playlist_for_each_mood(runner, tmp_path):
    path = write_sound(tmp_path / "music" / "a.flac", tones(440), title="=Song", artist="Who")
    assert runner.invoke(args=["music", "scan", str(tmp_path / "music"), "--processes", "1"]).exit_code == 0
    result = runner.invoke(args=["music", "export", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == sorted(
        ["library.csv", *(f"{emotion}.m3u8" for emotion in EMOTIONS)]
    )
    (row,) = csv.DictReader((tmp_path / "out" / "library.csv").open(encoding="utf-8-sig"))
    assert (row["title"], row["artist"], row["known_by"]) == ("'=Song", "Who", "sound")
    playlist = (tmp_path / "out" / f"{row['mood']}.m3u8").read_text(encoding="utf-8")
    assert playlist == f"#EXTM3U\n#EXTINF:1,Who - =Song\n{path}\n"


def test_a_scan_without_a_folder_says_what_to_do(runner):
    result = runner.invoke(args=["music", "scan"])
    assert result.exit_code == 1
    assert "No music folder is named. Name one, or set MUSIC_DIR." in result.output
