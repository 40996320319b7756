"""`music scan` and `music info`, as somebody types them."""

from __future__ import annotations

import pytest

from feelharmonic.app import create_app
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


def test_a_scan_without_a_folder_says_what_to_do(runner):
    result = runner.invoke(args=["music", "scan"])
    assert result.exit_code == 1
    assert "No music folder is named. Name one, or set MUSIC_DIR." in result.output
