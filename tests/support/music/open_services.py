"""A stand-in for open services (Radio Browser, Audius): answers as documented, and with faults on demand."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

#: What a handler returns: a status and a body.
Answer = tuple[int, bytes]


class OpenServiceStandIn:
    """Serves ``answer(path, query, headers)`` on loopback; ``asked`` notes every path and query."""

    def __init__(self, answer: Callable[[str, dict, dict], Answer]):
        self.answer = answer
        self.asked: list[tuple[str, dict]] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                stand_in.asked.append((parts.path, query))
                status, body = stand_in.answer(parts.path, query, dict(self.headers))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> OpenServiceStandIn:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def as_json(value: object) -> Answer:
    return 200, json.dumps(value).encode()


def slow(*args: object) -> Answer:
    time.sleep(3)
    return as_json([])


def station(number: int = 0, **changes: object) -> dict:
    """A row as Radio Browser gives it."""
    row = {
        "stationuuid": f"{number:08x}-1111-2222-3333-444444444444",
        "name": f" Station {number} ",
        "url_resolved": f"https://radio.example/{number}",
        "homepage": "https://radio.example/",
        "tags": "Chillout,ambient",
        "country": "Iceland",
        "codec": "MP3",
        "bitrate": 128,
        "votes": 9,
        "hls": 0,
    }
    return row | changes


def audius_track(number: int = 0, **changes: object) -> dict:
    """A row as Audius gives it."""
    row = {
        "id": f"D7K{number}",
        "title": f"Track {number}",
        "user": {"name": f"Artist {number}"},
        "genre": "Electronic",
        "mood": "Upbeat",
        "duration": 200,
        "release_date": "2021-05-06",
        "permalink": f"/artist/track-{number}",
        "is_streamable": True,
    }
    return row | changes
