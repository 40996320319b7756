"""`GET providers`: how the music providers are. `GET healthz`: the health check."""

from __future__ import annotations

from dataclasses import asdict

import marshmallow as ma
from marshmallow import fields, validate

from feelharmonic.web.api.blueprint import api
from feelharmonic.web.services import services


class ProviderState(ma.Schema):
    name = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("ready", "trying", "resting", "off")))
    reason = fields.String(required=True)
    action = fields.String(required=True)
    rests_for_s = fields.Float(required=True, allow_none=True)
    served = fields.Integer(required=True)


class Providers(ma.Schema):
    providers = fields.List(fields.Nested(ProviderState), required=True)


class Health(ma.Schema):
    status = fields.String(required=True, validate=validate.Equal("ok"))


@api.get("/providers")
@api.response(200, Providers)
def providers() -> dict:
    """How the music providers are, in the order in which they are asked."""
    rows = [asdict(status) for status in services().music.status()]
    for row in rows:
        del row["why"]  # `reason` says it in a whole sentence
    return {"providers": rows}


@api.get("/healthz")
@api.response(200, Health)
def healthz() -> dict:
    """The health check."""
    return {"status": "ok"}
