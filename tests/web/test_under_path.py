"""Pages refer to what they need by relative addresses; a proxy may serve them under any path."""

from __future__ import annotations

import re

import pytest

from feelharmonic.app import create_app
from feelharmonic.errors import SetupFault
from feelharmonic.settings import Settings


def served(**environ: str):
    return create_app(Settings.load(environ)).test_client()


@pytest.mark.parametrize("path", ["/", "/photo", "/playlist", "/status", "/api/v1/", "/nothing/here/", "/watch"])
def test_no_page_names_an_address_from_the_root(path):
    text = served().get(path, headers={"Accept": "text/html"}).get_data(as_text=True)
    links = re.findall(r'(?:href|src)="([^"]*)"', text)
    assert links
    assert not [link for link in links if link.startswith("/")]


@pytest.mark.parametrize(("path", "sheet"), [("/", "./static/page.css"), ("/a/b", "../static/page.css")])
def test_links_lead_from_where_the_page_is(path, sheet):
    assert f'href="{sheet}"' in served().get(path, headers={"Accept": "text/html"}).get_data(as_text=True)


def test_paths_that_the_page_is_told_are_this_servers_own():
    client = served(TRUSTED_PROXIES="1")
    plain = client.get("/device/parts.json").json["files"]
    under = client.get("/device/parts.json", headers={"X-Forwarded-Prefix": "/music"}).json["files"]
    assert plain == under
    assert all(file["url"].startswith("/device/") for file in plain.values())


def test_a_path_that_the_proxy_leaves_in_the_address_is_taken_off():
    client = served(APPLICATION_ROOT="/music")
    assert client.get("/music/api/v1/emotions").status_code == 200
    assert client.get("/api/v1/emotions").status_code == 200
    assert client.get("/musical").status_code == 404
    answer = client.get("/music")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/music/")


@pytest.mark.parametrize("path", ["music", "/music/", "/mu sic", "https://example.org"])
def test_what_is_no_path_is_refused_at_the_start(path):
    with pytest.raises(SetupFault, match="APPLICATION_ROOT: expected a path such as /music"):
        Settings.load({"APPLICATION_ROOT": path})
