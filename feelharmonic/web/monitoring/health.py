"""/readyz and /metrics: whether the server is ready, and its metrics."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST

from feelharmonic.web.monitoring.metrics import Metrics
from feelharmonic.web.problems import PROBLEM_TYPE, problem_code
from feelharmonic.web.services import Services, services

inside = Blueprint("inside", __name__)


def bind(app: Flask, figures: Metrics, checks: dict[str, Callable[[], bool]]) -> None:
    """Put /readyz and /metrics on ``app``, and count what it refuses; ``checks``: what must hold, by name."""
    services = Services.of(app)
    services.metrics, services.ready_checks = figures, checks
    app.register_blueprint(inside)
    app.after_request(lambda response: count_refusal(figures, response))


def count_refusal(figures: Metrics, response: Response) -> Response:
    """By the code of its problem document, or of its status where it has none. Not being ready refuses nobody."""
    if response.status_code >= HTTPStatus.BAD_REQUEST and request.endpoint != f"{inside.name}.{readyz.__name__}":
        is_problem = response.mimetype == PROBLEM_TYPE
        figures.refused(response.get_json()["code"] if is_problem else problem_code(response.status_code))
    return response


@inside.get("/readyz")
def readyz() -> tuple[dict, int]:
    """Whether everything that a listener needs is there; which thing is not."""
    checks = services().ready_checks
    held = {name: holds(check) for name, check in checks.items()}
    return {"status": "ok" if all(held.values()) else "not ready", "checks": held}, 200 if all(held.values()) else 503


@inside.get("/metrics")
def metrics() -> Response:
    return Response(services().metrics.text(), content_type=CONTENT_TYPE_LATEST)


def holds(check: Callable[[], bool]) -> bool:
    """A check that breaks does not hold."""
    try:
        return bool(check())
    except Exception:
        return False
