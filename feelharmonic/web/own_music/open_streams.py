"""What the page needs for sound from elsewhere: the document of /streams, and the click that Radio Browser asks for."""

from __future__ import annotations

import contextlib

from flask import Blueprint, Flask, Response, abort

from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music import STATION_ID, RadioProvider
from feelharmonic.params import Params
from feelharmonic.web.security.headers import STREAMS_SECURITY_POLICY
from feelharmonic.web.services import Services

#: Nothing but a place for an audio element.
STREAMS_DOCUMENT = "<!doctype html><html lang=en><meta charset=utf-8><title>Streams</title></html>"


def bind(app: Flask, params: Params) -> None:
    open_streams = Blueprint("open_streams", __name__)
    radio = RadioProvider(Services.of(app).settings.radio_url, params.open_music)

    @open_streams.get("/streams")
    def streams() -> Response:
        """The document that holds the audio element for sound from other hosts."""
        response = Response(STREAMS_DOCUMENT)
        response.headers["Content-Security-Policy"] = STREAMS_SECURITY_POLICY
        return response

    @open_streams.post("/streams/radio/<key>/started")
    def started(key: str) -> Response:
        """A station plays: its directory counts who listens. It learns this server's address, not the listener's."""
        if not STATION_ID.fullmatch(key):
            abort(404)
        with contextlib.suppress(ProviderUnavailable):  # a click that was not counted harms nobody
            radio.count_click(key)
        return Response(status=204)

    app.register_blueprint(open_streams)
