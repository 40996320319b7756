"""Security headers on every answer: Content-Security-Policy, HSTS and others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Nothing but our own files; no inline script or style anywhere. Spotify's player runs in the document of /player.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "worker-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

#: The document of /player alone: it loads Spotify's iFrame API, which our pages do not; only our pages may frame it.
PLAYER_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' https://open.spotify.com https://embed-cdn.spotifycdn.com",
        "style-src 'self'",
        "frame-src https://open.spotify.com",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)

#: The empty document of /streams alone: the audio element in it plays what comes from other hosts (radio, open
#: catalogues), by https; by http from this machine, for tests. No script runs in it, only our pages may frame it.
STREAMS_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "media-src https: http://127.0.0.1:*",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": (
        'camera=(self), microphone=(), geolocation=(), autoplay=(self "https://open.spotify.com"), '
        'encrypted-media=(self "https://open.spotify.com")'
    ),
    # Spotify's player checks the origin of the page that embeds it. Nobody learns more than the origin.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

#: Two years, the minimum that browsers' preload lists recommend.
HSTS = "max-age=63072000; includeSubDomains"


class SecurityHeaders:
    """WSGI middleware: adds HEADERS to every answer that lacks them, and ``under_tls`` to those sent by TLS. A layer of
    its own and not Flask's `after_request`: Socket.IO and other layers answer, too."""

    def __init__(self, wsgi_app: WSGIApplication, *, under_tls: Mapping[str, str]):
        self._wsgi_app = wsgi_app
        self._under_tls = under_tls

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        wanted = {**HEADERS, **(self._under_tls if environ["wsgi.url_scheme"] == "https" else {})}

        def started(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            present = {name.lower() for name, _ in headers}
            missing = [(name, value) for name, value in wanted.items() if name.lower() not in present]
            return start_response(status, [*headers, *missing], *exc_info)

        return self._wsgi_app(environ, started)
