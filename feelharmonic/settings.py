"""The environment and .env → Settings: where it runs.

In: a mapping of names to texts (os.environ by default, completed from .env). Out: frozen Settings, or one
SetupFault that names every fault. How it feels (colours, smoothing, targets) is params.py's business.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from feelharmonic.errors import SetupFault
from feelharmonic.resources import DEFAULT_INSTANCE_DIR

ASYNC_MODES = ("gevent", "eventlet", "threading")
EXPRESSION_BACKENDS = ("onnx", "fer")
ON_DEVICE_CHOICES = ("offer", "default", "never")
MUSIC_FOR_CHOICES = ("local", "listeners")
#: The path that answers when Spotify sends a listener back.
CALLBACK_PATH = "/connect/callback"
DEFAULT_PROVIDERS = ("spotify-recommendations", "spotify-search", "catalogue")
HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
LOCATION = re.compile(r"(/[A-Za-z0-9_-]+)+/?")
PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
RATE = re.compile(r"[1-9]\d{0,8}/(second|minute|hour)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the program runs. Each field is the environment variable of the same name in capitals."""

    #: Address to listen on; the default serves this machine only.
    host: str = "127.0.0.1"
    port: int = 8000
    #: How Socket.IO runs: gevent, eventlet or threading.
    async_mode: str = "gevent"
    #: Which network reads expressions: onnx is ours.
    expression_backend: str = "onnx"
    #: Which network finds faces: own, or the path of a YuNet ONNX file.
    face_finder: str = "own"
    #: Whether a browser may read faces by itself: offer, default or never.
    on_device: str = "offer"
    #: Music providers, asked in this order; those that lack credentials are skipped. `create_app` checks the names.
    providers: tuple[str, ...] = DEFAULT_PROVIDERS
    #: Folders of one's own music, separated as in PATH; they are only read.
    music_dir: tuple[Path, ...] = ()
    #: Who may hear it: local (this machine) or listeners (everybody whom the server answers).
    music_for: str = "local"
    #: A server of one's own that speaks the Subsonic API; its songs are listed by `music scan`.
    subsonic_url: str = ""
    subsonic_user: str = ""
    subsonic_password: str = field(default="", repr=False)
    #: Behind nginx: the start of the locations from which it sends the music itself, such as /music-files; empty: the
    #: server sends it.
    music_accel: str = ""
    #: Where radio stations are looked up, and open catalogues' hosts, tried in turn; asked only for who chooses them.
    radio_url: str = "https://all.api.radio-browser.info"
    audius_urls: tuple[str, ...] = ("https://discoveryprovider.audius.co", "https://api.audius.co")
    audius_api_key: str = field(default="", repr=False)
    #: From developer.spotify.com; without both, Spotify's API is not used. The id alone lets listeners connect.
    spotify_client_id: str = ""
    spotify_client_secret: str = field(default="", repr=False)
    #: A country's two letters: searches find what may be played there.
    spotify_market: str = "US"
    #: Where Spotify sends a listener back to, as registered; empty stands for http://127.0.0.1:PORT/connect/callback.
    spotify_redirect_uri: str = ""
    #: Where Spotify is; changed only to test against a stand-in.
    spotify_api_url: str = "https://api.spotify.com/v1/"
    spotify_accounts_url: str = "https://accounts.spotify.com"
    #: More listeners than this get the answer "full".
    max_listeners: int = 200
    #: How many frames are read at the same time; 0: one for each processor.
    frames_at_once: int = 0
    #: Other pages that may use this server, as https://host; the server's own always may.
    allowed_origins: tuple[str, ...] = ()
    #: Names and public addresses by which browsers reach this server; this machine's own ones always serve.
    allowed_hosts: tuple[str, ...] = ()
    #: How many proxies in front are trusted for the client's address and for whether it used TLS.
    trusted_proxies: int = 0
    #: The path under which a proxy serves the page and that it leaves in the addresses, such as /music; empty: none.
    application_root: str = ""
    #: Requests by HTTP, and events by Socket.IO, that one address may send; a school may be behind one.
    http_rate: str = "3000/minute"
    socket_rate: str = "150000/minute"
    #: How many requests one address (of IPv6, one /64) may have in work at a time; a school may be behind one.
    requests_per_address: int = 200
    #: How much one address may have, in percent, of the connections and places that others left free.
    share_per_address: int = 25
    #: Where several processes count and meet: redis://…; empty: this process alone.
    redis_url: str = field(default="", repr=False)
    #: Use it also where it saves to disk, has no memory limit or evicts counters.
    redis_unchecked: bool = False
    #: Encrypts what several workers share; empty: made at the first start and kept in instance/secret_key.
    secret_key: str = field(default="", repr=False)
    #: A certificate of this server's own, for phones on the home network; it then listens on every address.
    https: bool = False
    #: Where imported tracks and the secret key are kept; empty: `instance/` of a checkout, else the user's data folder.
    instance_dir: Path = DEFAULT_INSTANCE_DIR
    #: Data sets for training and tests.
    data_dir: Path = Path("data")

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, dotenv_path: Path | None = Path(".env")) -> Settings:
        """Settings from ``environ`` (default: the process's), completed from the file ``dotenv_path`` if it is there.

        Raises SetupFault with every fault found, and for a name in .env that nothing reads.
        """
        environ = os.environ if environ is None else environ
        faults: list[str] = []
        from_file: dict[str, str | None] = {}
        if dotenv_path and dotenv_path.is_file():
            try:
                from_file = dict(dotenv_values(dotenv_path))
            except UnicodeDecodeError:
                faults.append(".env: expected UTF-8, got another encoding. Save it as UTF-8.")
        for name in from_file:
            if name not in NAMES:
                faults.append(f".env: {name} is not known.{_did_you_mean(name, NAMES)}")
        values: dict[str, Any] = {}
        for item in fields(cls):
            name = item.name.upper()
            text = (environ.get(name) or from_file.get(name) or "").strip()
            if not text:
                continue
            try:
                values[item.name] = READERS.get(item.name, str)(text)
            except ValueError as exc:
                faults.append(f"{name}: {exc}")
        if faults:
            raise SetupFault(faults)
        return cls(**values)


def _did_you_mean(word: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f" Did you mean {near[0]!r}?" if near else f" Expected one of: {', '.join(known)}."


def _whole_number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}, got {text!r}.")
        return int(text)

    return read


def _one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            raise ValueError(f"{text!r} is not known.{_did_you_mean(text, known)}")
        return text

    return read


def _providers(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ValueError(f"expected names separated by commas, got {text!r}.")
    return tuple(dict.fromkeys(names))


def _market(text: str) -> str:
    if len(text) != 2 or not text.isascii() or not text.isalpha():
        raise ValueError(f"expected a country's two letters, such as US or DE, got {text!r}.")
    return text.upper()


def _redirect_uri(text: str) -> str:
    """Spotify's rule: https, or http on a loopback address written as numbers."""
    loopback = text.startswith(("http://127.0.0.1", "http://[::1]"))
    if not (loopback or text.startswith("https://")) or not text.endswith(CALLBACK_PATH):
        raise ValueError(
            f"expected https://…{CALLBACK_PATH} or http://127.0.0.1:PORT{CALLBACK_PATH} "
            f"(Spotify takes no other http address, not even localhost), got {text!r}."
        )
    return text


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(origin.strip().rstrip("/") for origin in text.split(",") if origin.strip())
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            raise ValueError(f"expected origins such as https://example.org, separated by commas, got {origin!r}.")
    return origins


def _hosts(text: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower().rstrip(".") for name in text.split(",") if name.strip())
    names = tuple(_shortest(name) for name in names)
    for name in names:
        if not HOST_NAME.fullmatch(name) and not _is_address(name):
            raise ValueError(f"expected names such as mood.example, separated by commas, got {name!r}.")
    return names


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _shortest(name: str) -> str:
    """An IP address in its shortest form, and everything else as it is."""
    return str(ipaddress.ip_address(name.strip("[]"))) if _is_address(name.strip("[]")) else name


def _path(text: str) -> str:
    if not PATH.fullmatch(text):
        raise ValueError(f"expected a path such as /music, without a slash at its end, got {text!r}.")
    return text


def _rate(text: str) -> str:
    if not RATE.fullmatch(text):
        raise ValueError(f"expected a number a second, minute or hour, such as 600/minute, got {text!r}.")
    return text


def _redis_url(text: str) -> str:
    if urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("expected redis://…, rediss://… or unix://….")  # what came may hold a password
    return text


def _secret_key(text: str) -> str:
    if len(text) < 32:
        raise ValueError(f"expected at least 32 characters that nobody can guess, got {len(text)}.")
    return text


def _switch(text: str) -> bool:
    known = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in known:
        raise ValueError(f"expected 1 or 0, got {text!r}.")
    return known[text.lower()]


def _folder(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:  # ~name of nobody
        raise ValueError(f"expected a folder, got {text!r}: there is no such user.") from None


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
        raise ValueError(f"expected an address such as https://example.org, got {text!r}.")
    return text.rstrip("/")


def _web_addresses(text: str) -> tuple[str, ...]:
    return tuple(_web_address(part.strip()) for part in text.split(",") if part.strip())


def _location(text: str) -> str:
    if not LOCATION.fullmatch(text):
        raise ValueError(f"expected a path such as /music-files, got {text!r}.")
    return text.rstrip("/")


def _folders(text: str) -> tuple[Path, ...]:
    return tuple(_folder(part) for part in text.split(os.pathsep) if part.strip())


READERS: dict[str, Callable[[str], object]] = {
    "port": _whole_number(1, 65535),
    "async_mode": _one_of(ASYNC_MODES),
    "expression_backend": _one_of(EXPRESSION_BACKENDS),
    "on_device": _one_of(ON_DEVICE_CHOICES),
    "providers": _providers,
    "radio_url": _web_address,
    "subsonic_url": _web_address,
    "audius_urls": _web_addresses,
    "music_dir": _folders,
    "music_accel": _location,
    "music_for": _one_of(MUSIC_FOR_CHOICES),
    "spotify_market": _market,
    "spotify_redirect_uri": _redirect_uri,
    "max_listeners": _whole_number(1, 1_000_000),
    "frames_at_once": _whole_number(0, 256),
    "allowed_origins": _origins,
    "allowed_hosts": _hosts,
    "trusted_proxies": _whole_number(0, 10),
    "application_root": _path,
    "http_rate": _rate,
    "socket_rate": _rate,
    "requests_per_address": _whole_number(1, 1_000_000),
    "share_per_address": _whole_number(1, 100),
    "redis_url": _redis_url,
    "redis_unchecked": _switch,
    "secret_key": _secret_key,
    "https": _switch,
    "instance_dir": _folder,
    "data_dir": Path,
}

#: Every environment variable that is read.
NAMES = tuple(item.name.upper() for item in fields(Settings))
