"""What a person gets instead of a problem document: for any error, and for an unknown host name."""

from __future__ import annotations

import base64
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from feelharmonic.web.api.blueprint import PREFIX, http_fault
from feelharmonic.web.i18n import LANGUAGES
from feelharmonic.web.pages import in_language
from feelharmonic.web.problems import problem_response
from feelharmonic.web.services import Services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: What can be answered; the first is for programs that take anything.
ANSWERS = ("application/problem+json", "application/json", "text/html")


#: Which texts tell a status; any other of the server's own faults is `broken`, any other of the request `refused`.
KINDS = {
    HTTPStatus.NOT_FOUND: "missing",
    HTTPStatus.TOO_MANY_REQUESTS: "crowded",
    HTTPStatus.SERVICE_UNAVAILABLE: "crowded",
}


def bind(app: Flask) -> None:
    app.register_error_handler(HTTPStatus.NOT_FOUND, not_found)
    app.register_error_handler(HTTPStatus.INTERNAL_SERVER_ERROR, broken)
    app.after_request(as_page)


def broken(_fault: HTTPException) -> Response:
    """A fault that nobody expected; Flask has logged it."""
    detail = "Expected an answer, got a fault of the server."
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, "server_fault", detail, "Try again in a moment.")


def as_page(response: FlaskResponse) -> FlaskResponse:
    """A problem document that a browser would show to a person, as a page; any other answer as it is."""
    if response.mimetype != ANSWERS[0] or request.path.startswith(PREFIX) or not wants_page(request):
        return response
    page = error_page(response.status_code)
    for name in ("Retry-After", "Allow"):
        if name in response.headers:
            page.headers[name] = response.headers[name]
    return page


def error_page(status: int) -> FlaskResponse:
    default = "broken" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "refused"
    page = in_language("error.html", kind=KINDS.get(HTTPStatus(status), default))
    page.status_code = status
    return page


def not_found(fault: HTTPException) -> Response | HTTPException:
    """No page here: a page for a person, a problem document for a program."""
    if request.path.startswith(PREFIX):
        return http_fault(fault)
    if not wants_page(request):
        detail = "Expected the address of a page or file, got another."
        action = f"{PREFIX}/openapi.json lists what programs may ask."
        return problem_response(HTTPStatus.NOT_FOUND, "not_found", detail, action)
    return error_page(HTTPStatus.NOT_FOUND)


def unknown_host(app: Flask, host: str, environ: WSGIEnvironment) -> Response | None:
    """The page for a person who came under the unknown name ``host``; None for a program.

    The page brings its style along, since no other file is answered under that name.
    """
    asked = Request(environ)
    if not wants_page(asked):
        return None
    language = asked.accept_languages.best_match(LANGUAGES, LANGUAGES[0])
    style = (Path(app.root_path) / "static" / "unknown_host.css").read_text(encoding="utf-8")
    page = app.jinja_env.get_template("unknown_host.html").render(
        language=language,
        words=Services.of(app).translations[language],
        host=host,
        address=f"{environ['wsgi.url_scheme']}://localhost:{environ['SERVER_PORT']}/",
        style=style,
    )
    response = Response(page, HTTPStatus.MISDIRECTED_REQUEST, mimetype="text/html")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    response.headers["Content-Security-Policy"] = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'"
    response.vary.update(("Accept", "Accept-Language"))
    return response


def wants_page(asked: Request) -> bool:
    """Whether a browser shows the answer to a person."""
    return asked.method in ("GET", "HEAD") and asked.accept_mimetypes.best_match(ANSWERS) == "text/html"
