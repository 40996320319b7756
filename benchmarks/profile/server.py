"""The servers that the profile compares: `python -m benchmarks.profile.server KIND FILE`.

``whole`` is the program, its layers counted; ``unread`` the program without hand-over and reading: each frame gets the
answer of the first; ``packets`` is Flask-SocketIO alone with a handler that does nothing but answer. At the end each
writes the layers' milliseconds and calls into FILE.
"""

from __future__ import annotations

from feelharmonic.web.serving import server

if __name__ == "__main__":
    server.patch_standard_library()

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.profile.layers import LayerTimes, count_layers

KINDS = ("packets", "unread", "whole")

#: About what a frame's answer holds.
ANSWER = {
    "seq": 1,
    "faces": [{"id": 1, "box": [0.3751, 0.1712, 0.1422, 0.2733], "score": 0.9312, "probabilities": [0.1429] * 7}],
    "probabilities": [0.1429] * 7,
    "mood": {"emotion": "happy", "confidence": 0.7123, "since_s": 3.12},
    "problem": None,
    "wait_ms": 0,
}


def serve_packets() -> int:
    """Flask-SocketIO as the program sets it up, without any layer of ours."""
    from flask import Flask
    from flask_socketio import SocketIO

    from feelharmonic.settings import Settings

    settings = Settings.load()
    app = Flask("packets")
    app.add_url_rule("/healthz", view_func=lambda: "ok")
    socketio = SocketIO(app, async_mode=settings.async_mode, transports=["websocket"], manage_session=False)
    socketio.on_event("frame", lambda seq, picture: ANSWER, namespace="/live")
    options = {"allow_unsafe_werkzeug": True} if settings.async_mode == "threading" else {}
    socketio.run(app, host=settings.host, port=settings.port, **options)
    return 0


def serve_unread() -> int:
    """The program; a picture that came first is read, and all others get its answer."""
    from feelharmonic.app import create_app
    from feelharmonic.web.live.events import Live

    read, first = Live._read, []

    def ready(self: Live, *args: Any) -> Any:
        if not first:
            first.append(read(self, *args))
        return first[0]

    Live._read = ready  # type: ignore[method-assign]
    return server.main(create_app)


def serve_whole() -> int:
    from feelharmonic.app import create_app

    return server.main(create_app)


def main() -> int:
    kind, path = sys.argv[1], Path(sys.argv[2])
    times = LayerTimes()
    if kind != "packets":
        count_layers(times)
    try:
        return {"packets": serve_packets, "unread": serve_unread, "whole": serve_whole}[kind]()
    finally:
        path.write_text(json.dumps({"ms": times.ms, "calls": times.calls}), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
