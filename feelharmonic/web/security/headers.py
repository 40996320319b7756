"""The headers of every answer: Content-Security-Policy, HSTS and others, set by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Response, request

#: Nothing but our own files and Spotify's player frame; no inline script or style anywhere.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "worker-src 'self'",
        "connect-src 'self'",
        "frame-src https://open.spotify.com",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": (
        'camera=(self), microphone=(), geolocation=(), autoplay=(self "https://open.spotify.com"), '
        'encrypted-media=(self "https://open.spotify.com")'
    ),
    # Spotify's player checks where it is embedded: it learns the origin, nobody learns more.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

#: Two years, as browsers' preload lists ask for.
HSTS = "max-age=63072000; includeSubDomains"


def with_policies(wsgi_app: Callable, under_tls: dict[str, str]) -> Callable:
    """``wsgi_app`` whose answers all have the headers of Flask's, those too that Flask does not see."""

    def answering(environ: dict, start_response: Callable) -> Iterable[bytes]:
        def started(status: str, headers: list[tuple[str, str]], *fault: object) -> object:
            given = {name.lower() for name, _ in headers}
            wanted = HEADERS | (under_tls if environ["wsgi.url_scheme"] == "https" else {})
            headers = [*headers, *(one for one in wanted.items() if one[0].lower() not in given)]
            return start_response(status, headers, *fault)

        return wsgi_app(environ, started)

    return answering


def with_hsts(response: Response) -> Response:
    """Behind TLS the browser shall not come back without. (A certificate of our own, `HTTPS=1`, promises nothing.)"""
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    return response
