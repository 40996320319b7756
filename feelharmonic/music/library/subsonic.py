"""A Subsonic server's songs (Navidrome, Airsonic, Gonic, Jellyfin's plugin): listed, understood, streamed.

In: the server's address and an account. Out: LibraryFile, whose ``path`` is the song's id there. A small client of our
own: the one that Music Assistant uses (py-opensonic) speaks asyncio, which gevent and eventlet do not run, and asks for
aiohttp and ten more packages.
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from feelharmonic.errors import ProviderUnavailable, UnreadableSound
from feelharmonic.music.library.names import Named, name_files
from feelharmonic.music.library.store import ANALYSIS, LibraryFile, LibraryStore, new_key, packed, unpacked
from feelharmonic.music.library.tracks import write_tracks

SUBSONIC = "subsonic"
SUBSONIC_LIBRARY_NAME, SUBSONIC_TRACKS_NAME = "subsonic.db", "subsonic-tracks.db"

API_VERSION, CLIENT_NAME = "1.16.1", "feelharmonic"
PAGE = 500
MAX_ALBUMS = 100_000
TIMEOUT_S = (3.0, 20.0)
CHUNK_BYTES = 65_536
MAX_SONG_BYTES = 300_000_000

#: The API's codes for a wrong account and for what token authentication lacks.
REFUSED_CODES = {40, 41, 44, 50}

#: What servers without tokens answer: a parameter is missing, or tokens are not supported.
NO_TOKEN_CODES = {10, 41}


class SubsonicClient:
    """Calls ``url``. Each call has a salt and an MD5 of it and the password, as the API asks. A server that knows no
    such tokens gets the password itself, but only by https or on this machine."""

    def __init__(self, url: str, user: str, password: str):
        self._url, self._user, self._password = url.rstrip("/"), user, password
        self._has_tokens = True

    def call(self, method: str, **query: str | int) -> dict[str, Any]:
        """The answer's content. Raises ProviderUnavailable."""
        with self._get(method, query) as response:
            try:
                answer = response.json()["subsonic-response"]
                status = answer["status"]
            except (ValueError, KeyError, TypeError, requests.RequestException):
                raise ProviderUnavailable("unreadable_answer", cooldown_s=60.0) from None
        if status != "ok":
            code = answer.get("error", {}).get("code") if isinstance(answer.get("error"), dict) else None
            if code in NO_TOKEN_CODES and self._has_tokens and self._is_private:
                self._has_tokens = False
                return self.call(method, **query)
            if code in REFUSED_CODES:
                raise ProviderUnavailable("key_refused", action="Check SUBSONIC_USER and SUBSONIC_PASSWORD.")
            raise ProviderUnavailable("http_error", {"status": int(code or 0)}, cooldown_s=60.0)
        return dict(answer)

    def songs(self) -> Iterator[Mapping[str, Any]]:
        """Every song, album by album."""
        for offset in range(0, MAX_ALBUMS, PAGE):
            answer = self.call("getAlbumList2", type="alphabeticalByArtist", size=PAGE, offset=offset)
            albums = _rows(answer.get("albumList2"), "album")
            for album in albums:
                if isinstance(album.get("id"), str):
                    yield from _rows(self.call("getAlbum", id=album["id"]).get("album"), "song")
            if len(albums) < PAGE:
                return

    def stream(self, song: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        """The sound of a song, not yet read; close it. Raises ProviderUnavailable."""
        return self._get("stream", {"id": song, "format": "raw"}, headers)

    def cover(self, song: str) -> requests.Response:
        return self._get("getCoverArt", {"id": song, "size": 600})

    def _get(
        self, method: str, query: Mapping[str, str | int], headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        try:
            response = requests.get(
                f"{self._url}/rest/{method}.view",
                params={**query, **self._account()},
                headers=dict(headers or {}),
                timeout=TIMEOUT_S,
                stream=True,
            )
        except requests.Timeout:
            raise ProviderUnavailable("timeout", cooldown_s=60.0) from None
        except requests.RequestException:  # its text holds the address, and with it the account
            raise ProviderUnavailable("unreachable", cooldown_s=60.0) from None
        if response.status_code not in (200, 206, 416):
            response.close()
            raise ProviderUnavailable("http_error", {"status": response.status_code}, cooldown_s=60.0)
        return response

    @property
    def _is_private(self) -> bool:
        parts = urlsplit(self._url)
        return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "::1", "localhost")

    def _account(self) -> dict[str, str]:
        about = {"u": self._user, "v": API_VERSION, "c": CLIENT_NAME, "f": "json"}
        if not self._has_tokens:
            return {**about, "p": f"enc:{self._password.encode().hex()}"}
        salt = secrets.token_hex(8)
        token = hashlib.md5((self._password + salt).encode()).hexdigest()  # as the API asks
        return {**about, "t": token, "s": salt}


def _rows(value: object, name: str) -> list[Mapping[str, Any]]:
    rows = value.get(name, []) if isinstance(value, dict) else []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


class SubsonicLibrary:
    """The server's songs as this machine knows them, in the instance folder."""

    def __init__(self, instance: Path, client: SubsonicClient):
        self.client = client
        self.store = LibraryStore(instance / SUBSONIC_LIBRARY_NAME)
        self.tracks_path = instance / SUBSONIC_TRACKS_NAME

    def sync(
        self, named: Named, understand: Callable[[Path], Mapping[str, Any]], most: int = 1_000_000
    ) -> tuple[int, int]:
        """List the songs, take features by name, and understand up to ``most`` others by their sound, which is fetched
        into a temporary file. How many songs there are, and how many have features. Raises ProviderUnavailable."""
        known = {file.path: file for file in self.store.files()}
        found = {row.path: row for song in self.client.songs() if (row := _row_of(song, known)) is not None}
        with self.store.writing() as writer:
            writer.remove(file.key for path, file in known.items() if path not in found)
            for row in found.values():
                writer.put(row)
        name_files(self.store, named)
        waiting = [file for file in self.store.files() if file.named is None and file.sound is None and not file.fault]
        for file in waiting[:most]:
            with self.store.writing() as writer:
                writer.put(self._understood(file, understand))
        files = self.store.files()
        return len(files), write_tracks(files, self.tracks_path, SUBSONIC)

    def _understood(self, file: LibraryFile, understand: Callable[[Path], Mapping[str, Any]]) -> LibraryFile:
        """The file with the features of its sound, or with the reason why not."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"song.{_suffix(file)}"
            try:
                with self.client.stream(file.path) as response, path.open("wb") as sound:
                    size = 0
                    for part in response.iter_content(CHUNK_BYTES):
                        size += sound.write(part)
                        if size > MAX_SONG_BYTES:
                            raise UnreadableSound("damaged")
                known = understand(path)
            except UnreadableSound as fault:
                return replace(file, fault=fault.code)
            except (ProviderUnavailable, requests.RequestException, OSError):
                return file  # half a song: the next scan tries again
        if file.clarity and known.get("sound"):  # the tempo that the server names
            known = {**known, "sound": packed(unpacked(known["sound"]) | {"tempo": file.clarity})}
        return replace(file, **known)


def _row_of(song: Mapping[str, Any], known: Mapping[str, LibraryFile]) -> LibraryFile | None:
    """``sound_hash`` is the suffix of its file, ``clarity`` the tempo that the server names, or None."""
    path, title = song.get("id"), song.get("title")
    if not isinstance(path, str) or not path or not isinstance(title, str):
        return None
    old = known.get(path)
    moods = song.get("moods")
    bpm = song.get("bpm")
    year, size, duration = (value if isinstance(value := song.get(name), int) else 0 for name in _NUMBERS)
    row = LibraryFile(
        key=old.key if old else new_key(),
        path=path,
        size=size,
        modified_ns=0,
        title=_line(title),
        artist=_line(song.get("artist")) or "?",
        album=_line(song.get("album")),
        year=year or None,
        genre=_line(song.get("genre")).lower(),
        duration_s=float(duration),
        analysis=ANALYSIS,
        clarity=float(bpm) if isinstance(bpm, int) and 20 <= bpm <= 300 else None,
        tagged_moods=" ".join(_line(mood) for mood in moods[:20]) if isinstance(moods, list) else "",
        sound_hash=_line(song.get("suffix")).lower(),
    )
    if old is None or old.size != row.size:
        return row
    kept = ("sound", "named", "method", "fault", "loudness_lufs", "peak", "pitch_class", "mode", "key_clarity")
    placed = ("placed_valence", "placed_energy")
    return replace(row, **{name: getattr(old, name) for name in (*kept, *placed)})


_NUMBERS = ("year", "size", "duration")


def _suffix(file: LibraryFile) -> str:
    return file.sound_hash if file.sound_hash.isalnum() else "mp3"


def _line(text: object) -> str:
    kept = "".join(sign if sign.isprintable() else " " for sign in text[:800]) if isinstance(text, str) else ""
    return " ".join(kept.split())[:200]
