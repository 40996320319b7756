"""Graceful shutdown on SIGTERM in each async mode."""

from __future__ import annotations

import signal


def drain(app) -> None:
    """Tell this process' listeners that it ends, and finish frames and requests under way; a few seconds at most."""
    from feelharmonic.web.live import EXTENSION

    app.extensions[EXTENSION].leave()


def drain_on_sigterm(app, async_mode: str) -> None:
    """On SIGTERM listeners are told, frames and requests finished before the server of ``async_mode`` ends."""
    if async_mode == "gevent":
        import gevent

        def leave() -> None:
            drain(app)
            app.extensions["socketio"].stop()

        gevent.signal_handler(signal.SIGTERM, leave)
    elif async_mode == "eventlet":
        import eventlet
        from greenlet import getcurrent

        main_greenlet = getcurrent()

        def leave() -> None:
            drain(app)
            eventlet.kill(main_greenlet, SystemExit)

        # A handler may interrupt the loop itself, which must not wait for anything.
        signal.signal(signal.SIGTERM, lambda number, frame: eventlet.spawn(leave))
    else:

        def leave_and_end(number: int, frame: object) -> None:
            drain(app)
            raise SystemExit(0)

        signal.signal(signal.SIGTERM, leave_and_end)
