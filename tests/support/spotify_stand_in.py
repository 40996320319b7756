"""Spotify for tests: a small real HTTP server on loopback that answers as Spotify's pages say, and fails when told to.

``StandIn`` serves accounts.spotify.com (authorize, token) and api.spotify.com (search, recommendations, playlists,
player) on one port. ``legacy`` makes it an app of before 2024-11-27, which still gets /recommendations. Every request
is kept in ``requests``; ``faults`` names what goes wrong, by the beginning of a path.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.spotify import device
from tests.support.spotify_faults import Fault, refusal

CLIENT_ID = "client-0123456789abcdef"
CLIENT_SECRET = "secret-fedcba9876543210"

#: Spotify's own limits for apps of 2026.
MAX_SEARCHED_AT_ONCE = 10
MAX_ITEMS_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    json: object
    token: str


@dataclass(slots=True, kw_only=True)
class Playlist:
    """What a listener saved."""

    name: str
    public: bool
    uris: list[str] = field(default_factory=list)


class StandIn:
    """The server; use it as a context. ``songs`` are what search and recommendations choose from."""

    def __init__(self, songs: Iterable[dict] = (), *, legacy: bool = False):
        self.songs = list(songs)
        self.legacy = legacy
        self.faults: dict[str, Fault] = {}
        self.requests: deque[Received] = deque(maxlen=1000)
        self.tokens: dict[str, str] = {}  # token → "app" or the name of a user
        self.scopes: dict[str, str] = {}
        self.refresh_tokens: set[str] = set()
        self.challenges: dict[str, dict[str, str]] = {}  # code → the query of its authorize request
        self.playlists: dict[str, Playlist] = {}
        self.queue: list[str] = []
        self.playing: list[str] = []
        self.paused = True
        self.position_ms = 0
        self.volume_percent: int | None = 60
        self.device = True
        self.premium = True
        self.expires_in_s = 3600
        self.slow_s = 0.0  # delay of every answer
        self.closing = threading.Event()
        self._count = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> StandIn:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def api_url(self) -> str:
        return f"{self.url}/v1/"

    def asked(self, path: str) -> list[Received]:
        """The requests whose path begins so."""
        return [request for request in list(self.requests) if request.path.startswith(path)]

    def expire_tokens(self) -> None:
        """Every token out there is refused from now on, though it looks fresh to its holder."""
        self.tokens.clear()

    def revoke_consent(self) -> None:
        """As six months after consent: neither tokens nor refresh tokens are worth anything."""
        self.tokens.clear()
        self.refresh_tokens.clear()

    def new_name(self, kind: str) -> str:
        with self._lock:
            self._count += 1
            return f"{kind}-{self._count:04d}-{'x' * 24}"

    def agree(self, authorize_url: str) -> dict[str, str]:
        """What the browser brings back when the user agrees on Spotify's page: the callback's query."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()}
        code = self.new_name("code")
        self.challenges[code] = query
        return {"code": code, "state": query["state"]}


def song(number: int, **fields: object) -> dict:
    """A track object of 2026, without the fields that Spotify has taken away; ``fields`` change it."""
    track = {
        "id": f"{number:022d}",
        "uri": f"spotify:track:{number:022d}",
        "name": f"Song {number}",
        "type": "track",
        "explicit": False,
        "duration_ms": 200_000,
        "preview_url": None,
        "artists": [{"id": f"{number:022d}", "name": f"Artist {number}"}],
        "album": {"name": f"Album {number}", "release_date": "2001-05-04", "images": []},
        "external_urls": {"spotify": f"https://open.spotify.com/track/{number:022d}"},
        "external_ids": {"isrc": f"XX{number:010d}"},
    }
    return track | fields


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        spotify = stand_in

    return Handler


class _Handler(BaseHTTPRequestHandler):
    spotify: StandIn
    protocol_version = "HTTP/1.1"
    # Head and body in one piece and at once: else each answer waits 40 ms for an acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *arguments: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        request = self._received(method)
        self.spotify.requests.append(request)
        self.spotify.closing.wait(self.spotify.slow_s)
        for beginning, fault in list(self.spotify.faults.items()):
            if request.path.startswith(beginning):
                return self._fail(fault)
        if request.path == "/authorize":
            # The user agrees at once, as a browser's test wants it.
            back = urlencode(self.spotify.agree(self.path))
            return self._send(302, None, {"Location": f"{request.query['redirect_uri']}?{back}"})
        if request.path == "/api/token" and method == "POST":
            return self._send(*_token(self.spotify, request, self.headers.get("Authorization", "")))
        owner = self.spotify.tokens.get(request.token)
        if owner is None:
            return self._fail(refusal(401, "The access token expired"))
        handle = _ROUTES.get((method, _shape(request.path)))
        if handle is None:
            return self._fail(refusal(404, "Service not found"))
        return self._send(*handle(self.spotify, request, owner))

    def _received(self, method: str) -> Received:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        split = urlsplit(self.path)
        is_form = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        return Received(
            method=method,
            path=split.path,
            query={name: values[0] for name, values in parse_qs(split.query).items()},
            form={name: values[0] for name, values in parse_qs(body).items()} if is_form else {},
            json=json.loads(body) if body and not is_form else None,
            token=self.headers.get("Authorization", "").removeprefix("Bearer "),
        )

    def _fail(self, fault: Fault) -> None:
        if fault.hangs:
            self.spotify.closing.wait(30)
            self.close_connection = True
        elif fault.drips:
            self._drip()
        else:
            self._send(fault.status, fault.body, fault.headers)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while not self.spotify.closing.wait(0.02):
            try:
                self.wfile.write(b" ")
                self.wfile.flush()
            except OSError:
                break
        self.close_connection = True

    def _send(self, status: int, body: object = None, headers: dict[str, str] | None = None) -> None:
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


def _shape(path: str) -> str:
    """The path with ids left out."""
    parts = path.split("/")
    return "/".join("*" if index == 3 and parts[2] == "playlists" else part for index, part in enumerate(parts))


def _token(spotify: StandIn, request: Received, authorization: str) -> tuple[int, dict]:
    form = request.form
    if form.get("grant_type") == "client_credentials":
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {expected}":
            return 400, {"error": "invalid_client", "error_description": "Invalid client secret"}
        return 200, _new_token(spotify, "app")
    if form.get("client_id") != CLIENT_ID:
        return 400, {"error": "invalid_client", "error_description": "Invalid client"}
    if form.get("grant_type") == "refresh_token":
        if form.get("refresh_token") not in spotify.refresh_tokens:
            return 400, {"error": "invalid_grant", "error_description": "Refresh token revoked"}
        return 200, _new_token(spotify, "user")
    asked = spotify.challenges.pop(form.get("code", ""), None)
    if asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
        return 400, {"error": "invalid_grant", "error_description": "Invalid authorization code"}
    if asked["code_challenge"] != _challenge(form.get("code_verifier", "")):
        return 400, {"error": "invalid_grant", "error_description": "code_verifier was incorrect"}
    refresh_token = spotify.new_name("refresh")
    spotify.refresh_tokens.add(refresh_token)
    return 200, _new_token(spotify, "user") | {"refresh_token": refresh_token, "scope": asked["scope"]}


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _new_token(spotify: StandIn, owner: str) -> dict:
    token = spotify.new_name(f"{owner}-token")
    spotify.tokens[token] = owner
    return {"access_token": token, "token_type": "Bearer", "expires_in": spotify.expires_in_s}


def _search(spotify: StandIn, request: Received, owner: str) -> tuple[int, dict]:
    query = request.query
    limit, offset = int(query.get("limit", 5)), int(query.get("offset", 0))
    if limit > MAX_SEARCHED_AT_ONCE:
        return 400, {"error": {"status": 400, "message": "Invalid limit"}}
    # Without a market an app's own token finds nothing that may be played.
    found = [item for item in spotify.songs if _matches(item, query["q"])] if "market" in query else []
    page = found[offset : offset + limit]
    following = f"{spotify.api_url}search?{urlencode(query | {'offset': str(offset + limit)})}"
    more = following if offset + limit < len(found) else None
    return 200, {
        "tracks": {"items": page, "limit": limit, "offset": offset, "total": len(found), "next": more, "href": ""}
    }


def _matches(item: dict, q: str) -> bool:
    """Only songs that carry the stand-in's own ``genres`` are held to the query's genre:."""
    genres = item.get("genres")
    return genres is None or any(f'genre:"{genre}"' in q for genre in genres)


def _recommendations(spotify: StandIn, request: Received, owner: str) -> tuple[int, dict]:
    if not spotify.legacy:
        return 404, {"error": {"status": 404, "message": "Not Found"}}
    seeds = [seed for kind in ("artists", "genres", "tracks") for seed in _list(request.query, f"seed_{kind}")]
    if not 1 <= len(seeds) <= 5:
        return 400, {"error": {"status": 400, "message": "expected 1 to 5 seeds"}}
    tracks = spotify.songs[: int(request.query.get("limit", 20))]
    return 200, {"seeds": [{"id": seed, "type": "GENRE"} for seed in seeds], "tracks": tracks}


def _list(query: dict[str, str], name: str) -> list[str]:
    return [value for value in query.get(name, "").split(",") if value]


def _create_playlist(spotify: StandIn, request: Received, owner: str) -> tuple[int, dict]:
    if owner == "app" or not isinstance(request.json, dict):
        return 403, {"error": {"status": 403, "message": "Insufficient client scope"}}
    number = len(spotify.playlists) + 1
    name = f"{number:022d}"
    # As Spotify has it: what is not said to be private is public.
    spotify.playlists[name] = Playlist(name=request.json["name"], public=request.json.get("public", True))
    url = f"https://open.spotify.com/playlist/{name}"
    return 201, {"id": name, "name": request.json["name"], "external_urls": {"spotify": url}}


def _add_items(spotify: StandIn, request: Received, owner: str) -> tuple[int, dict]:
    playlist = spotify.playlists.get(request.path.split("/")[3])
    uris = request.json if isinstance(request.json, list) else (request.json or {}).get("uris", [])
    if playlist is None or not 1 <= len(uris) <= MAX_ITEMS_AT_ONCE:
        return 400, {"error": {"status": 400, "message": "expected 1 to 100 uris"}}
    playlist.uris.extend(uris)
    return 201, {"snapshot_id": "snapshot"}


def _remove_playlist(spotify: StandIn, request: Received, owner: str) -> tuple[int, dict | None]:
    spotify.playlists.pop(request.path.split("/")[3], None)
    return 200, None


def _read_items(spotify: StandIn, request: Received, owner: str) -> tuple[int, dict]:
    playlist = spotify.playlists.get(request.path.split("/")[3])
    if playlist is None or owner == "app":
        return 403, {"error": {"status": 403, "message": "Forbidden"}}
    offset, limit = int(request.query.get("offset", 0)), int(request.query.get("limit", 20))
    if limit > MAX_ITEMS_AT_ONCE:
        return 400, {"error": {"status": 400, "message": "Invalid limit"}}
    rows = [
        {"item": {"id": uri.split(":")[-1], "name": f"Song {uri[-4:]}", "artists": [{"name": "Ann"}, {"name": "Bob"}]}}
        for uri in playlist.uris[offset : offset + limit]
    ]
    return 200, {"items": rows, "total": len(playlist.uris)}


_ROUTES: dict[tuple[str, str], Callable] = {
    ("GET", "/v1/search"): _search,
    ("GET", "/v1/recommendations"): _recommendations,
    ("POST", "/v1/me/playlists"): _create_playlist,
    ("POST", "/v1/playlists/*/items"): _add_items,
    ("GET", "/v1/playlists/*/items"): _read_items,
    ("DELETE", "/v1/playlists/*/followers"): _remove_playlist,
    **device.ROUTES,
}
