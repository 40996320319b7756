"""The blueprint that all REST routes share: its parser, limits on bodies, faults as problem documents.

Routes that may take more than 5 ms leave the event loop.
"""

from __future__ import annotations

import contextvars
import functools
import json
import logging
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus

import marshmallow as ma
from flask import Request, current_app, request
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from feelharmonic.errors import ListenerFault, ServerFault
from feelharmonic.reading import MAX_PHOTOGRAPH_BYTES
from feelharmonic.web.problems import fault_response, problem_response
from feelharmonic.web.security.rate_limits import client_network
from feelharmonic.web.services import services

log = logging.getLogger(__name__)


PREFIX = "/api/v1"

#: What a multipart body has around the picture: headers and boundaries.
MULTIPART_MARGIN_BYTES = 64 * 1024

#: The size of a JSON body: a thousand rows of numbers are a fifth of it.
MAX_JSON_BYTES = 1024 * 1024
#: Ten thousand songs are 1 to 5 MB.
MAX_PLAYLIST_BYTES = 6 * 1024 * 1024

#: These may take more than 5 ms: they run in a thread of their own, in which their parser and their answer run, too.
LONG_ENDPOINTS = ("api.moods", "api.tracks_moods", "api.sorted_playlist")


class BodyParser(FlaskParser):
    """webargs' parser; it alone would let through what reading JSON raises beside a JSONDecodeError."""

    def _raw_load_json(self, req: Request) -> object:
        try:
            body = super()._raw_load_json(req)
            if body is not ma.missing:
                # Half of a surrogate pair is no character: no answer can hold it, no song has it.
                json.dumps(body, ensure_ascii=False).encode()
        except json.JSONDecodeError:
            raise  # webargs answers it, and knows an empty body by it
        except (RecursionError, ValueError) as exc:  # too deep; a number of too many digits; such a half
            return self._handle_invalid_json_error(exc, req)  # type: ignore[arg-type]  # it looks at no more than texts
        return body


class ApiBlueprint(Blueprint):
    """flask-smorest's blueprint with our parser."""

    ARGUMENTS_PARSER = BodyParser()


api = ApiBlueprint("api", __name__, url_prefix=PREFIX, description="Faces, moods and tracks")


def off_the_loop(view: Callable) -> Callable:
    """``view``, run in the queue for texts; its body is received before, in the connection's own thread."""

    @functools.wraps(view)
    def run(*args: object, **named: object) -> object:
        request.get_data()  # kept for the parser
        context = contextvars.copy_context()  # of Flask's request
        return services().texts.run(lambda: context.run(answered, *args, **named), client_network())

    def answered(*args: object, **named: object) -> object:
        try:
            return view(*args, **named)
        except HTTPException as fault:  # a body may have 10,000 faults: they are listed here, off the loop
            return http_fault(fault)

    return run


@api.before_request
def limit_body() -> None:
    limits = {
        f"{PREFIX}/expressions": MAX_PHOTOGRAPH_BYTES + MULTIPART_MARGIN_BYTES,
        f"{PREFIX}/playlists/sorted": MAX_PLAYLIST_BYTES,
    }
    request.max_content_length = limits.get(request.path, MAX_JSON_BYTES)


@api.errorhandler(ListenerFault)
def refuse(fault: ListenerFault) -> Response:
    is_busy = fault.status == HTTPStatus.TOO_MANY_REQUESTS
    return fault_response(fault, {"Retry-After": str(math.ceil(fault.wait_ms / 1000))} if is_busy else None)


@api.errorhandler(Exception)
def break_down(fault: Exception) -> Response | HTTPException:
    if isinstance(fault, HTTPException):
        return http_fault(fault)
    if type(fault).__module__ == "gunicorn.http.errors":  # a body that breaks off while it is read, in broken chunks
        return problem(400, "bad_request", "Expected a whole body, got a broken one.", action="Send it again.")
    # No traceback of a caller's values: the address and the kind of fault are enough to find it.
    log.exception("%s failed", request.path)
    return fault_response(ServerFault())


def http_fault(fault: HTTPException) -> Response | HTTPException:
    """A fault of HTTP's own as flask-smorest's Api answers it."""
    return current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].handle_http_exception(fault)


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, *, action: str = ""
) -> Response:
    """A problem document; without an ``action`` it points to the description."""
    return problem_response(status, code, detail, action or f"{PREFIX}/openapi.json says what is expected.", headers)
