"""`python app.py` starts the server; `app:create_app()` serves gunicorn and `flask --app app`."""

if __name__ == "__main__":
    import sys

    from feelharmonic.__main__ import serve

    sys.exit(serve())

from feelharmonic.app import create_app

__all__ = ["create_app"]
