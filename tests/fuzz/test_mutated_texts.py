"""Playlists, tables to import and settings, changed at random: each is read, or refused with a reason."""

from __future__ import annotations

import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import BadInput, SetupFault
from feelharmonic.music.catalogue.tables.csv_table import NEEDED_TO_IMPORT, Table, read_scored
from feelharmonic.music.playlist import read_playlist
from feelharmonic.music.song_names import first_artist_key, song_key
from feelharmonic.settings import NAMES, Settings
from tests.fuzz.costs import in_thread_time
from tests.fuzz.mutation import Mutations
from tests.music.test_playlist_forms import FORMS
from tests.support.fuzzing import MUTATED_CASES, TEST_TIMEOUT_S

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)

TEXT_PARTS = (
    *("\n", "\r\n", ",", ";", "\t", "|", '"', '""', "'", "{", "}", "[", "]", "(", ")", ":", "\\", "/", "–", " - "),
    *("#EXTM3U\n", "#EXTINF:1,", "[playlist]\n", "File1=", "Title1=", "<playlist>", "<track>", "<!ENTITY x 'y'>", "</"),
    *("<?xml version='1.0'?>", "&#x41;", "&amp;", '{"title":"a","artist":"b"},', '"track":[', "sep=;", "\ufeff", "\0"),
    *("(feat. ", "[with ", "(Remastered 2011)", "spotify:track:", "https://open.spotify.com/track/", "1" * 22, " by "),
    *("ﷺ", "e\u0301" * 20, "\u202e", "𝕏", "title", "artist", "Track URI", "1. ", " ", "1e999", "NaN", "9" * 99),
)  # fmt: skip


def test_playlists_are_read_or_refused_at_little_cost():
    playlists = Mutations(list(FORMS.values()), TEXT_PARTS)
    outcomes = {"read": 0, "refused": 0}

    def read(text: str) -> None:
        for line in read_playlist(text):
            song_key(line.artist, line.title)
            first_artist_key(line.artist, line.title)

    for _ in range(MUTATED_CASES):
        text = playlists.next()
        try:
            in_thread_time(lambda text=text: read(text))
            outcomes["read"] += 1
        except BadInput:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > MUTATED_CASES / 50


ROW = {"track_id": "3w3y8KPTfNeOKPiqUTakBh", "track_name": "Song", "artists": "['A', 'B']", "year": "1982-10-27"}
ROW |= {"genres": "['pop', 'rock']", "popularity": "55", "explicit": "False", **dict.fromkeys(FEATURES, "0.5")}
TABLES = [
    separator.join(ROW) + "\n" + (separator.join(f'"{cell}"' for cell in ROW.values()) + "\n") * 3
    for separator in (",", ";", "\t")
]
BYTE_PARTS = tuple(part.encode("utf-8", "surrogatepass") for part in TEXT_PARTS)
BYTE_PARTS += (b"\xff\xfe", b"\xef\xbb\xbf", b"\xe4", b"\x80" * 30, b"['", b"', '", b"[" * 300, b"{" * 300, b"-" * 300)


def test_tables_are_read_or_refused_at_little_cost(tmp_path):
    tables = Mutations([text.encode() for text in TABLES], BYTE_PARTS)
    path, outcomes = tmp_path / "tracks.csv", {"read": 0, "refused": 0}

    def read() -> None:
        with Table(path, NEEDED_TO_IMPORT) as table:
            for _ in table.tracks():
                pass
        read_scored(path)

    for _ in range(MUTATED_CASES):
        path.write_bytes(tables.next())
        try:
            in_thread_time(read)
            outcomes["read"] += 1
        except BadInput:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > MUTATED_CASES / 50


SETTINGS = [
    *("127.0.0.1", "::", "8000", "gevent", "catalogue,spotify-search", "own", "https://a.example/connect/callback"),
    *("https://a.example,http://b.example:8000", "mood.example,[::1],192.0.2.1", "3000/minute", "redis://:p@a:6380/0"),
    *("x" * 40, "1", "~/instance", "offer", "DE", "unix:///run/redis.sock"),
]
SETTING_PARTS = (*TEXT_PARTS, *NAMES, "=", "://", "@", "%", "..", "~", "$HOME", "${PORT}", "#", "export ", "/minute")


def test_settings_are_read_or_refused_at_little_cost(tmp_path):
    values = Mutations(SETTINGS, SETTING_PARTS)
    files = Mutations(
        ["\n".join(f"{name}={value}" for name, value in zip(NAMES, SETTINGS, strict=False))], SETTING_PARTS
    )
    path, outcomes = tmp_path / ".env", {"read": 0, "refused": 0}
    for number in range(MUTATED_CASES):
        environ, dotenv_path = {NAMES[number % len(NAMES)]: values.next()}, None
        if number % 3 == 0:
            environ, dotenv_path = {}, path
            path.write_text(files.next(), encoding="utf-8", errors="surrogatepass")
        try:
            in_thread_time(lambda given=environ, file=dotenv_path: Settings.load(given, file))
            outcomes["read"] += 1
        except SetupFault:
            outcomes["refused"] += 1
    assert min(outcomes.values()) > MUTATED_CASES / 50


def test_work_that_grows_faster_than_its_input_would_be_found():
    """As many repetitions as the mutations make, to a function that compares each character with every other."""
    texts = Mutations(["abc"], ("(",))
    longest = max((texts.next() for _ in range(2000)), key=len)[:5_000]
    with pytest.raises(AssertionError, match="of the processor's time"):
        in_thread_time(lambda: sum(one == other for one in longest for other in longest))
