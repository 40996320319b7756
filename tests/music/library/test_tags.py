"""Tags are read from every format, completed by names, and never fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from feelharmonic.music.library.tags import MAX_COVER_BYTES, read_cover, read_tags
from tests.support.music.files import PNG, id3, tones, write_sound


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg", "opus", "m4a"])
def test_title_and_artist_are_read_from_every_format_with_tags(tmp_path, suffix):
    path = write_sound(tmp_path / f"x.{suffix}", tones(440), title="Blue Ünion", artist="Some One")
    tags = read_tags(path)
    assert (tags.title, tags.artist) == ("Blue Ünion", "Some One")


def test_all_of_an_mp3s_tags_are_read(tmp_path):
    path = write_sound(tmp_path / "x.mp3", tones(440), title="T", artist="A")
    tags = read_tags(path)
    assert (tags.album, tags.year, tags.genre) == ("An album", 1999, "folk")


@pytest.mark.parametrize(
    ("name", "levels", "artist", "title"),
    [
        ("Nina - Feeling Good.wav", 0, "Nina", "Feeling Good"),
        ("Band/Album/03 - A Song.wav", 2, "Band", "A Song"),
        ("Band/Album/1-07. A_Song.wav", 2, "Band", "A Song"),
        ("Band/song.wav", 1, "Band", "song"),
        ("song.wav", 0, "?", "song"),
        ("99 Luftballons.wav", 0, "?", "Luftballons"),
        ("1979.wav", 0, "?", "1979"),
    ],
)
def test_names_of_files_and_folders_serve_where_tags_are_missing(tmp_path, name, levels, artist, title):
    tags = read_tags(write_sound(tmp_path / name, tones(440)), levels)
    assert (tags.artist, tags.title) == (artist, title)


@pytest.mark.parametrize("data", [b"", b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f", b"fLaC\xff\xff", b"OggS" + b"\xff" * 300])
def test_a_damaged_file_has_its_name_at_least(tmp_path, data):
    for suffix in ("mp3", "flac", "ogg", "m4a"):
        path = tmp_path / f"Who - What.{suffix}"
        path.write_bytes(data)
        assert read_tags(path).title == "What"
        assert read_cover(path) is None


def test_lines_and_control_signs_become_spaces(tmp_path):
    path = write_sound(tmp_path / "x.mp3", tones(440), title="a\nb\x00\x1b[31mc", artist="A" * 5000)
    tags = read_tags(path)
    assert "\n" not in tags.title
    assert "\x1b" not in tags.title
    assert len(tags.artist) == 200


def with_cover(path: Path, cover: bytes) -> Path:
    write_sound(path, tones(440))
    path.write_bytes(id3("T", "A", cover) + path.read_bytes())
    return path


def test_a_cover_is_read_with_its_type(tmp_path):
    assert read_cover(with_cover(tmp_path / "x.mp3", PNG)) == (PNG, "image/png")


@pytest.mark.parametrize("cover", [b"", b"<svg onload='x'/>", PNG + b"\0" * MAX_COVER_BYTES])
def test_what_browsers_should_not_show_is_no_cover(tmp_path, cover):
    assert read_cover(with_cover(tmp_path / "x.mp3", cover)) is None
