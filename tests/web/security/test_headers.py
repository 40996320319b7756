"""What every answer tells the browser: policies, HSTS, cookies."""

from __future__ import annotations

import pytest

from feelharmonic.app import create_app
from feelharmonic.settings import Settings
from feelharmonic.web.security.headers import HSTS
from tests.support.samples import HANDSHAKE

FOREIGN, FRIEND = "https://elsewhere.example", "https://friend.example"

#: The whole policy: each further source would be one more that may run or be loaded.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "worker-src 'self'; connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PERMISSIONS_POLICY = (
    'camera=(self), microphone=(), geolocation=(), autoplay=(self "https://open.spotify.com"), '
    'encrypted-media=(self "https://open.spotify.com")'
)


@pytest.fixture(scope="module")
def client():
    return create_app(Settings(allowed_origins=(FRIEND,))).test_client()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200), ("/photo", 200), ("/playlist", 200), ("/status", 200), ("/watch", 404), ("/connect/callback", 400),
        ("/static/js/live/main.js", 200), ("/service-worker.js", 200), ("/api/v1/", 200), ("/api/v1/emotions", 200),
        ("/api/v1/tracks?n=0", 422), ("/healthz", 200), ("/nowhere", 404),
    ],
)  # fmt: skip
def test_every_answer_has_the_policies(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers.getlist("Content-Security-Policy") == [CONTENT_SECURITY_POLICY]
    assert answer.headers.getlist("Permissions-Policy") == [PERMISSIONS_POLICY]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_players_document_alone_may_load_spotifys_script_and_only_our_pages_may_frame_it(client):
    answer = client.get("/player")
    assert answer.status_code == 200
    (policy,) = answer.headers.getlist("Content-Security-Policy")
    assert policy == (
        "default-src 'none'; script-src 'self' https://open.spotify.com https://embed-cdn.spotifycdn.com; "
        "style-src 'self'; frame-src https://open.spotify.com; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'"
    )
    assert answer.headers.getlist("Permissions-Policy") == [PERMISSIONS_POLICY]
    assert b"spotify" not in client.get("/").headers["Content-Security-Policy"].encode()


@pytest.mark.parametrize(("proto", "hsts"), [("https", HSTS), ("http", None)])
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"X-Forwarded-Host": "evil.example"}, 421),
        ("/socket.io/?EIO=4&transport=polling", {}, 400),
        ("/socket.io/?EIO=4&transport=polling", HANDSHAKE, 400),
        ("/socket.io/?EIO=4&transport=websocket", {"Origin": FOREIGN, **HANDSHAKE}, 400),
    ],
)
def test_refusals_below_flask_have_the_same_headers(path, headers, status, proto, hsts):
    client = create_app(Settings(trusted_proxies=1)).test_client()
    answer = client.get(path, headers={"X-Forwarded-Proto": proto, **headers})
    assert answer.status_code == status
    assert answer.headers.getlist("Content-Security-Policy") == [CONTENT_SECURITY_POLICY]
    assert answer.headers.getlist("Permissions-Policy") == [PERMISSIONS_POLICY]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers.get("Strict-Transport-Security") == hsts


def asked(settings: Settings, **headers: str):
    return create_app(settings).test_client().get("/", headers=headers)


def test_hsts_is_sent_behind_a_trusted_tls_proxy_only():
    names = ("mood.example",)
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "mood.example", "X-Forwarded-For": "192.0.2.7"}
    assert asked(Settings(trusted_proxies=1, allowed_hosts=names), **told).headers["Strict-Transport-Security"] == HSTS
    assert "Strict-Transport-Security" not in asked(Settings(), **told).headers
    assert "Strict-Transport-Security" not in asked(Settings(trusted_proxies=1)).headers
    own = Settings(trusted_proxies=1, allowed_hosts=names, https=True)
    assert "Strict-Transport-Security" not in asked(own, **told).headers


@pytest.mark.parametrize(("scheme", "is_secure"), [("http", False), ("https", True)])
def test_the_language_cookie_is_hidden_from_scripts_and_other_sites(client, scheme, is_secure):
    answer = client.post("/language/de", base_url=f"{scheme}://localhost")
    assert (answer.status_code, answer.data) == (204, b"")
    words = answer.headers["Set-Cookie"].split("; ")
    assert words[0] == "language=de"
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=31536000"} <= set(words)
    assert ("Secure" in words) is is_secure
    assert b'<html lang="de">' in client.get("/", base_url=f"{scheme}://localhost").data
    client.delete_cookie("language")


def test_only_our_page_chooses_a_known_language(client):
    assert client.post("/language/de", headers={"Origin": FOREIGN}).status_code == 403
    assert client.post("/language/fr").status_code == 404
    assert client.get("/language/de").status_code == 405
    assert client.get_cookie("language") is None


def test_the_streams_document_alone_may_load_sound_from_elsewhere():
    client = create_app().test_client()
    policy = client.get("/streams").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "media-src https:" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "media-src" not in client.get("/").headers["Content-Security-Policy"]
