"""Which files are found: sounds inside the folders, each once, and nothing outside."""

from __future__ import annotations

import os

import pytest

from feelharmonic.music.library.files import servable, sound_files


def names(*folders) -> list[str]:
    return [os.path.basename(file.path) for file in sound_files(folders)]


def test_sounds_are_found_in_every_level_hidden_ones_and_others_not(tmp_path):
    for name in ("b.mp3", "a.FLAC", "deep/er/c.opus", ".hidden.mp3", ".trash/d.mp3", "cover.jpg", "list.m3u"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert names(tmp_path) == ["a.FLAC", "b.mp3", "c.opus"]
    assert [file.levels for file in sound_files([tmp_path])] == [0, 0, 2]


def test_a_folder_inside_another_is_read_once(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp3").write_bytes(b"x")
    assert names(tmp_path, tmp_path / "in") == ["a.mp3"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_that_lead_out_are_not_followed_and_circles_end(tmp_path):
    music, outside = tmp_path / "music", tmp_path / "outside"
    music.mkdir()
    outside.mkdir()
    (outside / "secret.mp3").write_bytes(b"x")
    (music / "real.mp3").write_bytes(b"x")
    (music / "folder").symlink_to(outside)
    (music / "file.mp3").symlink_to(outside / "secret.mp3")
    (music / "round").symlink_to(music)
    (music / "self.mp3").symlink_to(music / "self.mp3")
    assert names(music) == ["real.mp3"]


def test_only_a_sound_inside_the_folders_is_served(tmp_path):
    music = tmp_path / "music"
    music.mkdir()
    inside, text, outside = music / "a.mp3", music / "notes.txt", tmp_path / "b.mp3"
    for path in (inside, text, outside):
        path.write_bytes(b"x")
    assert servable(str(inside), [music]) == inside
    for path in (text, outside, music / ".." / "b.mp3", music / "gone.mp3", music):
        assert servable(str(path), [music]) is None


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_file_that_became_a_link_to_the_outside_is_not_served(tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "b.mp3").write_bytes(b"x")
    link = tmp_path / "music" / "a.mp3"
    link.symlink_to(tmp_path / "b.mp3")
    assert servable(str(link), [tmp_path / "music"]) is None
