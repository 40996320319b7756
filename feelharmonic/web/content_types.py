"""The content types of the files that we serve: ours, whatever this machine's registry says of their names."""

from __future__ import annotations

import mimetypes

#: Some Windows registries say that .js is text/plain, which browsers refuse as a module.
CONTENT_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}


def declare_content_types() -> None:
    """Make Python's `mimetypes`, by which Flask names the type of a file, agree with CONTENT_TYPES."""
    for suffix, content_type in CONTENT_TYPES.items():
        mimetypes.add_type(content_type, suffix)
