"""`python app.py` starts the server; `app:create_app()` serves gunicorn and `flask --app app`."""

if __name__ == "__main__":
    # Before anything else is imported: gevent and eventlet replace parts of the standard library.
    from feelharmonic.web.serving.server import patch_standard_library

    patch_standard_library()

from feelharmonic.app import create_app

__all__ = ["create_app"]

if __name__ == "__main__":
    import sys

    from feelharmonic.web.serving import server

    sys.exit(server.main(create_app))
