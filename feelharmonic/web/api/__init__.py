"""REST under /api/v1. `register` puts it on the app."""

from feelharmonic.web.api.openapi import register

__all__ = ["register"]
