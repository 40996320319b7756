"""Content types of the files that we serve, where the system's registry says otherwise."""

from __future__ import annotations

import mimetypes

import pytest

from feelharmonic.app import create_app
from feelharmonic.web.content_types import CONTENT_TYPES


@pytest.fixture
def poisoned_registry():
    before = {suffix: mimetypes.guess_type(f"a{suffix}")[0] for suffix in CONTENT_TYPES}
    for suffix in CONTENT_TYPES:
        mimetypes.add_type("text/plain", suffix)
    yield
    for suffix, content_type in before.items():
        mimetypes.add_type(content_type or CONTENT_TYPES[suffix], suffix)


def test_a_registry_with_other_types_does_not_matter(poisoned_registry):
    client = create_app().test_client()
    served = {path: client.get(f"/static/{path}").mimetype for path in ("js/types.js", "page.css", "icon.svg")}
    assert served == {"js/types.js": "text/javascript", "page.css": "text/css", "icon.svg": "image/svg+xml"}
