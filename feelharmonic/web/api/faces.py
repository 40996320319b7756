"""`POST expressions`: the faces of a picture."""

from __future__ import annotations

import marshmallow as ma
from flask import request
from flask_smorest.fields import Upload
from marshmallow import fields, validate

from feelharmonic.errors import BadRequest
from feelharmonic.web.api.blueprint import api
from feelharmonic.web.schemas import Guessed, probabilities, probability
from feelharmonic.web.security.rate_limits import client_network
from feelharmonic.web.serializers import face_fields, group_fields
from feelharmonic.web.services import services


class Picture(ma.Schema):
    image = Upload(
        required=True,
        metadata={
            "description": "JPEG, PNG or WebP; AVIF and HEIC where a decoder is installed; "
            "at most 10 MB and 24 megapixels, a JPEG 80"
        },
    )


class SeenFace(Guessed):
    id = fields.Integer(allow_none=True, required=True, metadata={"description": "1 is the largest sure face"})
    box = fields.List(
        probability(),
        required=True,
        validate=validate.Length(equal=4),
        metadata={"description": "left, top, width, height in shares of the upright picture, clipped to it"},
    )
    score = probability(required=True)
    probabilities = probabilities(required=True, allow_none=True)
    hidden = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(("upper", "lower")),
        metadata={"description": "the half of the face that is hidden, which makes it less sure"},
    )


class ShareOfGroup(ma.Schema):
    id = fields.Integer(required=True, allow_none=True)
    share = probability(required=True)


class GroupOf(ma.Schema):
    probabilities = probabilities(required=True)
    shares = fields.List(fields.Nested(ShareOfGroup), required=True, metadata={"description": "each face's part of it"})


class GroupQuery(ma.Schema):
    group = fields.Boolean(load_default=False, metadata={"description": "tell what all faces show together as well"})


class Faces(ma.Schema):
    faces = fields.List(
        fields.Nested(SeenFace), required=True, metadata={"description": "the largest sure one first, then by size"}
    )
    group = fields.Nested(GroupOf, allow_none=True, metadata={"description": "where it was asked for and a face is"})


@api.post("/expressions")
@api.arguments(Picture, location="files")
@api.arguments(GroupQuery, location="query")
@api.response(200, Faces)
def expressions(files: dict, query: dict) -> dict:
    """Read every face of a picture: where it is, and the probabilities of the seven emotions."""
    if set(request.form) or len(request.files) > 1:
        raise BadRequest("Expected one field, image, got more.", "Send a picture and nothing else.")
    data, parts = files["image"].read(), services()
    reading = parts.photographs.run(lambda: parts.networks.read_photograph(data), client_network())
    faces = [face_fields(seen, reading.width_px, reading.height_px) for seen in reading.faces]
    return {"faces": faces, "group": group_fields(reading.group)} if query["group"] else {"faces": faces}
