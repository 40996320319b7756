"""The web app manifest: what a browser needs to put the page on a home screen."""

from __future__ import annotations

import pytest

from feelharmonic.app import create_app


@pytest.fixture(scope="module")
def client():
    return create_app().test_client()


@pytest.mark.parametrize(("language", "calm"), [("en", "Calm me"), ("de", "Beruhige mich")])
def test_the_manifest_has_shortcuts_to_fixed_links(client, language, calm):
    answer = client.get("/manifest.webmanifest", headers={"Accept-Language": language})
    assert answer.mimetype == "application/manifest+json"
    manifest = answer.get_json(force=True)
    assert manifest["shortcuts"][0] == {"name": calm, "url": "./?mood=calm&goal=match"}
    assert manifest["shortcuts"][1]["url"] == "./?resume"
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        assert client.get(icon["src"]).status_code == 200
