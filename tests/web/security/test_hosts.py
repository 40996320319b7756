"""Host check: the server answers to its addresses and names alone."""

from __future__ import annotations

import socket

import pytest

from feelharmonic.app import create_app
from feelharmonic.settings import Settings

FRIEND = "https://friend.example"


def asked_as(client, host: str, **headers: str):
    """A POST as a page that was loaded from ``host`` sends it."""
    about = {"Host": host, "Origin": f"http://{host}", **headers}
    return client.post("/api/v1/tracks/moods", json={"tracks": []}, headers=about)


MACHINE = socket.gethostname()
OWN_NAMES = ("localhost", "LOCALHOST:8000", "localhost.", MACHINE, f"{MACHINE.partition('.')[0]}.local:8000")
ADDRESSES = ("127.0.0.1:8000", "192.168.1.5", "[::1]:8000", "[fd00::2]")
#: Names of others, and what no browser sends.
FOREIGN_NAMES = (
    "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "mood.example.evil.example",
    "evil@localhost", "[::1", "[evil.example]", "local host", "127.0.0.1:8000:80", "-", "..", "[::1]evil.example",
)  # fmt: skip


@pytest.fixture(scope="module")
def named():
    redirect_uri = "https://music.example/connect/callback"
    named = Settings(allowed_hosts=("mood.example",), allowed_origins=(FRIEND,), spotify_redirect_uri=redirect_uri)
    return create_app(named).test_client()


@pytest.mark.parametrize("host", [*OWN_NAMES, *ADDRESSES, "mood.example", "friend.example:8443", "music.example"])
def test_addresses_and_own_names_are_answered(named, host):
    if host.removesuffix(":8443") == host:
        assert asked_as(named, host.lower()).status_code == 200
    assert named.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN_NAMES)
def test_a_foreign_host_is_misdirected(named, host):
    """DNS rebinding: to the browser, Host and Origin agree."""
    for answer in (asked_as(named, host), named.get("/", headers={"Host": host})):
        assert answer.status_code == 421
        assert answer.content_type == "application/problem+json"
        assert answer.get_json()["code"] == "unknown_host"
        assert "ALLOWED_HOSTS" in answer.get_json()["action"]


def test_forwarded_hosts_count_only_behind_a_trusted_proxy():
    told = {"X-Forwarded-Host": "localhost"}
    assert asked_as(create_app().test_client(), "evil.example", **told).status_code == 421
    behind = create_app(Settings(trusted_proxies=1)).test_client()
    assert behind.get("/", headers={"Host": "localhost", "X-Forwarded-Host": "evil.example"}).status_code == 421
