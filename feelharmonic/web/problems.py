"""Faults as they are answered: a ``problem`` field on /live, a problem document (RFC 9457) everywhere else."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

from werkzeug.wrappers import Response

from feelharmonic.errors import ListenerFault, ServerFault
from feelharmonic.web.monitoring.metrics import Metrics

PROBLEM_TYPE = "application/problem+json"

#: The headers of a server's own refusal that its problem document keeps.
KEPT_HEADERS = ("Allow", "Retry-After")


log = logging.getLogger(__name__)


class CountsEvents(Protocol):
    """A Socket.IO namespace that counts its events and refusals."""

    metrics: Metrics

    def count_event(self) -> None: ...


def counting(handler: Callable) -> Callable:
    """Count what ``handler`` refuses, by the code in its answer."""

    @functools.wraps(handler)
    def counted(self: CountsEvents, *args: object) -> dict:
        answer = handler(self, *args)
        if answer["problem"]:
            self.metrics.refused(answer["problem"]["code"])
        return answer

    return counted


def answering(handler: Callable) -> Callable:
    """Count the event, then turn what ``handler`` raises into an answer with a ``problem``: the connection survives."""

    @counting
    @functools.wraps(handler)
    def answer(self: CountsEvents, *args: object) -> dict:
        try:
            self.count_event()
            return handler(self, *args)
        except ListenerFault as fault:
            return {"ok": False, "problem": problem_fields(fault)}
        except Exception:
            log.exception("%s failed", handler.__name__)
            return {"ok": False, "problem": problem_fields(ServerFault())}

    return answer


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
