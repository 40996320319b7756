"""Uploads: received in memory, a bounded number at once and from one address."""

from __future__ import annotations

import contextlib
import io
import threading
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from typing import IO

from flask import Request, request
from werkzeug.wrappers import Response

from feelharmonic.errors import ListenerFault
from feelharmonic.web.api.blueprint import api
from feelharmonic.web.problems import fault_response
from feelharmonic.web.services import services

#: Uploads received at once: each holds up to 10 MB in memory for as long as its sender takes. Twice those that may be
#: queued: a slow line takes longer than a reading.
MAX_UPLOADS = 16

#: Retry-After of an upload that finds no room.
UPLOADS_RETRY_S = 5


class NoRoom(ListenerFault):
    """As many uploads as this process has memory for are being received."""

    code = "busy"
    # Not 429: who is sent back may have sent nothing else.
    status = HTTPStatus.SERVICE_UNAVAILABLE


class Uploads:
    """Room for ``most`` pictures to be received at once, and for half as many from one address: who sends slowly must
    not keep the others out."""

    def __init__(self, most: int):
        self._most = most
        self._by_address: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def place(self, address: str) -> Iterator[None]:
        """Raises NoRoom where none is left."""
        with self._lock:
            is_full = self._by_address.total() >= self._most
            if is_full or self._by_address[address] >= max(self._most // 2, 1):
                detail = "More pictures are being sent than this server has room for."
                raise NoRoom(detail, "Send it again in a moment.")
            self._by_address[address] += 1
        try:
            yield
        finally:
            with self._lock:
                self._by_address[address] -= 1
                self._by_address += Counter()  # forgets who sends nothing any more


class InMemoryRequest(Request):
    """A request whose files stay in memory: Werkzeug would lay larger ones into a temporary file."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()


@api.before_request
def receive_upload() -> None:
    """Receive the body of a picture here, where there is room for it: it is queued only after."""
    if request.endpoint != "api.expressions":
        return
    with services().uploads.place(request.remote_addr or ""):
        len(request.files)  # the first look at them receives them


@api.errorhandler(NoRoom)
def send_back(fault: NoRoom) -> Response:
    return fault_response(fault, {"Retry-After": str(UPLOADS_RETRY_S)})
