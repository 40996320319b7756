"""What a person gets instead of a problem document: for an address without a page, and for an unknown host name."""

from __future__ import annotations

import base64
import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, request
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


def bind(app: Flask) -> None:
    app.register_error_handler(HTTPStatus.NOT_FOUND, not_found)


def not_found(fault: HTTPException) -> Response | HTTPException:
    """No page here: a page for a person, a problem document for a program."""
    if request.path.startswith(PREFIX):
        return http_fault(fault)
    if not wants_page(request):
        detail = "Expected the address of a page or file, got another."
        action = f"{PREFIX}/openapi.json lists what programs may ask."
        return problem_response(HTTPStatus.NOT_FOUND, "not_found", detail, action)
    page = in_language("not_found.html")
    page.status_code = HTTPStatus.NOT_FOUND
    return page


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
