"""Uploads: received in memory, limited in bytes for all of them and for those of one address.

Bytes count as they arrive, so a slow sender keeps the others out no more than by what was sent.
"""

from __future__ import annotations

import contextlib
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import IO

from flask import Request, request
from werkzeug.wrappers import Response

from feelharmonic.errors import UploadsFull
from feelharmonic.web.api.blueprint import api
from feelharmonic.web.problems import fault_response
from feelharmonic.web.security.rate_limits import network_of
from feelharmonic.web.services import services
from feelharmonic.web.serving.request_bodies import BODY

#: What all uploads being received may hold, and those of one address.
MAX_UPLOADS_BYTES = 160 * 1024 * 1024
MAX_ADDRESS_BYTES = MAX_UPLOADS_BYTES // 4

#: Simultaneous uploads of one address: a class behind one may send a photograph each, most of them within a second.
MAX_UPLOADS_EACH = 8

#: Retry-After of an upload that finds no room.
UPLOADS_RETRY_S = 5


class UploadLimiter:
    """Counts the uploads of each address (of IPv6, each /64) and their bytes. Safe between threads."""

    def __init__(
        self,
        *,
        max_bytes: int = MAX_UPLOADS_BYTES,
        max_address_bytes: int = MAX_ADDRESS_BYTES,
        max_each: int = MAX_UPLOADS_EACH,
    ):
        self._max_bytes, self._max_address_bytes, self._max_each = max_bytes, max_address_bytes, max_each
        self._uploads: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def receiving(self, address: str) -> Iterator[Callable[[int], None]]:
        """Count an upload of ``address`` while it is received. Gives a function that takes each part's number of bytes
        and raises UploadsFull above a limit; raises UploadsFull itself where the address has its maximum of uploads."""
        network, held = network_of(address), 0

        def charge(count: int) -> None:
            nonlocal held
            with self._lock:
                self._bytes[network] += count
                held += count
                if self._bytes[network] > self._max_address_bytes or self._bytes.total() > self._max_bytes:
                    raise UploadsFull()

        with self._lock:
            if self._uploads[network] >= self._max_each:
                raise UploadsFull()
            self._uploads[network] += 1
        try:
            yield charge
        finally:
            with self._lock:
                self._uploads[network] -= 1
                self._bytes[network] -= held
                self._uploads, self._bytes = +self._uploads, +self._bytes  # drops the zeros


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
    with services().uploads.receiving(request.remote_addr or "") as charge:
        if BODY in request.environ:
            request.environ[BODY].charge = charge
        len(request.files)  # the first look at them receives them


@api.errorhandler(UploadsFull)
def send_back(fault: UploadsFull) -> Response:
    return fault_response(fault, {"Retry-After": str(UPLOADS_RETRY_S)})
