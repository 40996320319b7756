"""REST under /api/v1: its description by OpenAPI 3.1, the page about it, and its registration on the app.

The description is made from the schemas and routes of the modules beside this one. Faults are problem documents (RFC
9457). Nothing of a request is kept; a picture never touches a disk.
"""

from __future__ import annotations

from http import HTTPStatus

import flask_smorest
import marshmallow as ma
from flask import Flask, render_template, request
from marshmallow import fields
from werkzeug.exceptions import HTTPException

# Importing these modules registers their routes.
from feelharmonic.web.api import faces, moods, playlists, providers, spotify, tracks  # noqa: F401
from feelharmonic.web.api.blueprint import LONG_ENDPOINTS, PREFIX, api, off_the_loop, problem
from feelharmonic.web.api.uploads import InMemoryRequest, UploadLimiter
from feelharmonic.web.i18n import chosen_language, words_in
from feelharmonic.web.problems import PROBLEM_TYPE, problem_code
from feelharmonic.web.schemas import describe_faults
from feelharmonic.web.services import Services, services

DESCRIPTION = "Pictures, series of readings and tracks in; faces, moods and tracks out."


class Problem(ma.Schema):
    """RFC 9457: what is wrong with a request."""

    type = fields.String(required=True, metadata={"description": "always about:blank: `status` and `code` say it all"})
    title = fields.String(required=True, metadata={"description": "the status in words"})
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "for programs, such as bad_frame or too_large"})
    detail = fields.String(required=True, metadata={"description": "what was expected and what came"})
    action = fields.String(required=True, metadata={"description": "what to do about it"})


class Api(flask_smorest.Api):
    """flask-smorest, with faults as problem documents (RFC 9457), under /api/v1 only."""

    ERROR_SCHEMA = Problem

    def handle_http_exception(self, error: HTTPException) -> object:
        if not request.path.startswith(f"{PREFIX}/"):
            return error
        data = getattr(error, "data", None) or {}
        detail = describe_faults(data["messages"]) if "messages" in data else error.description or ""
        return problem(error.code or 500, problem_code(error.code or 500), detail, dict(error.get_response().headers))

    def _register_responses(self) -> None:
        """As flask-smorest does it, but for the type of the content: it offers no setting for that."""
        content = {PROBLEM_TYPE: {"schema": self.ERROR_SCHEMA}}
        for status in HTTPStatus:
            wanted = {"description": status.phrase, **({"content": content} if status >= 400 else {})}
            self.spec.components.response(status.name, wanted, lazy=True)
        self.spec.components.response("DEFAULT_ERROR", {"description": "A fault", "content": content}, lazy=True)


def register(app: Flask) -> None:
    """Put the paths, their description and the page about them on ``app``."""
    app.request_class = InMemoryRequest
    app.config.update(
        API_TITLE="Feelharmonic",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    described = Api(app, spec_kwargs={"info": {"description": DESCRIPTION}})
    described.register_blueprint(api)
    for endpoint in LONG_ENDPOINTS:
        app.view_functions[endpoint] = off_the_loop(app.view_functions[endpoint])
    services = Services.of(app)
    services.openapi, services.uploads = described.spec, UploadLimiter()
    app.add_url_rule(f"{PREFIX}/", "api.about", about)


def about() -> str:
    """The description for people, from the same source as the one for programs."""
    spec = services().openapi.to_dict()
    language = chosen_language()
    operations = [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post")
    ]
    return render_template("api.html", language=language, words=words_in(language), operations=operations, spec=spec)
