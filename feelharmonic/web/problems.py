"""Faults as the wire and REST tell them: a `problem` field, or a document by RFC 9457."""

from __future__ import annotations

import json
from http import HTTPStatus

from flask import Response, jsonify
from werkzeug.wrappers import Response as PlainResponse

from feelharmonic.errors import ListenerFault

PROBLEM_TYPE = "application/problem+json"


def problem_fields(fault: ListenerFault) -> dict:
    return {"code": fault.code, "text": fault.text, "action": fault.action}


def problem_document(status: int, code: str, detail: str, action: str) -> dict:
    """A fault as REST tells it, by RFC 9457."""
    told = {"title": HTTPStatus(status).phrase, "status": int(status), "code": code, "detail": detail, "action": action}
    return {"type": "about:blank", **told}


def problem_code(status: int) -> str:
    """The code of a fault of which only HTTP's status is known."""
    return {413: "too_large", 404: "not_found", 405: "method_not_allowed", 429: "busy"}.get(
        status, "server_fault" if status >= 500 else "bad_request"
    )


def told_plainly(status: HTTPStatus, code: str, detail: str, action: str) -> PlainResponse:
    """A fault of a request that Flask does not see."""
    problem = problem_document(status, code, detail, action)
    return PlainResponse(json.dumps(problem), status, content_type=PROBLEM_TYPE)


def told(status: HTTPStatus, code: str, detail: str, action: str = "Load the page from this server.") -> Response:
    response = jsonify(problem_document(status, code, detail, action))
    response.status_code = int(status)
    response.content_type = PROBLEM_TYPE
    return response
