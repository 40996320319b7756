"""/readyz and /metrics, for the host's monitoring."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST

from feelharmonic.web.monitoring.metrics import Metrics
from feelharmonic.web.problems import PROBLEM_TYPE, problem_code
from feelharmonic.web.services import Services, services

monitoring = Blueprint("monitoring", __name__)


#: From this share of time spent reading on, no newcomers should be sent here.
MAX_LOAD = 0.85


def bind(
    app: Flask,
    metrics: Metrics,
    checks: dict[str, Callable[[], bool]],
    *,
    load: Callable[[], float] = lambda: 0.0,
    is_draining: Callable[[], bool] = lambda: False,
) -> None:
    """Put /readyz and /metrics on ``app``, and count what it refuses. ``checks``: what /readyz checks, by name, beside
    ``load`` (the share of time spent reading, 0..1) and whether the process shuts down."""
    services = Services.of(app)
    services.metrics, services.load = metrics, load
    services.ready_checks = {**checks, "load": lambda: load() < MAX_LOAD, "running": lambda: not is_draining()}
    app.register_blueprint(monitoring)
    app.after_request(lambda response: count_refusal(metrics, response))


def count_refusal(metrics: Metrics, response: Response) -> Response:
    """Count ``response`` by the code of its problem document, or by its status. /readyz does not count."""
    if response.status_code >= HTTPStatus.BAD_REQUEST and request.endpoint != f"{monitoring.name}.{readyz.__name__}":
        is_problem = response.mimetype == PROBLEM_TYPE
        metrics.refused(response.get_json()["code"] if is_problem else problem_code(response.status_code))
    return response


@monitoring.get("/readyz")
def readyz() -> tuple[dict, int]:
    """Whether more listeners should be sent to this worker, which check fails, and how busy it is (0..1)."""
    checks = services().ready_checks
    passed = {name: passes(check) for name, check in checks.items()}
    is_ready = all(passed.values())
    load = round(services().load(), 3)
    return {"status": "ok" if is_ready else "not ready", "checks": passed, "load": load}, 200 if is_ready else 503


@monitoring.get("/metrics")
def metrics_text() -> Response:
    """All metrics in Prometheus' format."""
    return Response(services().metrics.text(), content_type=CONTENT_TYPE_LATEST)


def passes(check: Callable[[], bool]) -> bool:
    """Whether ``check`` passes; one that raises does not."""
    try:
        return bool(check())
    except Exception:
        return False
