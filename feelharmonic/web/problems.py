"""Faults as they are answered: a ``problem`` field on /live, a problem document (RFC 9457) everywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

from werkzeug.wrappers import Response

from feelharmonic.errors import ListenerFault

PROBLEM_TYPE = "application/problem+json"

#: The headers of a server's own refusal that its problem document keeps.
KEPT_HEADERS = ("Allow", "Retry-After")


def problem_fields(fault: ListenerFault) -> dict:
    """The ``problem`` of an acknowledgement."""
    return {"code": fault.code, "text": fault.text, "action": fault.action}


def problem_document(status: int, code: str, detail: str, action: str) -> dict:
    """A fault as RFC 9457 has it: ``detail`` says what was expected and what came, ``action`` what to do."""
    title = HTTPStatus(status).phrase
    return {
        "type": "about:blank",
        "title": title,
        "status": int(status),
        "code": code,
        "detail": detail,
        "action": action,
    }


def problem_response(
    status: int, code: str, detail: str, action: str, headers: Mapping[str, str] | None = None
) -> Response:
    """A problem document as an answer, for Flask and for the layers in front of it."""
    response = Response(json.dumps(problem_document(status, code, detail, action)), status, content_type=PROBLEM_TYPE)
    for name in KEPT_HEADERS:
        if headers is not None and name in headers:
            response.headers[name] = headers[name]
    return response


def fault_response(fault: ListenerFault, headers: Mapping[str, str] | None = None) -> Response:
    """``fault`` as a problem document, with its status."""
    return problem_response(fault.status, fault.code, fault.text, fault.action, headers)


def problem_code(status: int) -> str:
    """The code of a fault of which only HTTP's status is known."""
    known = {413: "too_large", 404: "not_found", 405: "method_not_allowed", 429: "busy"}
    return known.get(status, "server_fault" if status >= 500 else "bad_request")
