"""Serving connections. This file holds what the program needs of an async mode; each mode is one module
of `async_modes/` that provides one class.

Loading a mode must import nothing that its `patch_standard_library` has to patch first.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from feelharmonic.web.serving.places import AddressConnections
from feelharmonic.web.serving.timeouts import Timeouts

#: Calls a function, possibly in another thread, and returns or raises what it does.
Runner = Callable[[Callable[[], Any]], Any]

#: Paths of a certificate and its key, PEM.
Certificate = tuple[Path, Path]


class AsyncMode(Protocol):
    """How connections are served: by greenlets or by threads."""

    #: gunicorn's worker class; None where gunicorn has none.
    gunicorn_worker: str | None

    def patch_standard_library(self) -> None:
        """Make blocking calls yield to other greenlets, where there are any. Before anything else is imported."""
        ...

    def thread_runner(self, threads: int) -> Runner:
        """A runner that computes in one of ``threads`` system threads, so that sockets are served meanwhile."""
        ...

    def max_connections(self, listeners: int) -> int:
        """How many connections a process with ``listeners`` places serves at once."""
        ...

    def server_options(
        self,
        timeouts: Timeouts,
        listeners: int,
        certificate: Certificate | None,
        connections: AddressConnections | None = None,
    ) -> dict[str, Any]:
        """Arguments for `SocketIO.run`; with a ``certificate`` the server speaks TLS. ``connections`` limits those of
        one address, where the mode can ask before a request is read (gevent)."""
        ...

    def install_signal_handlers(self, drain: Callable[[], None], stop: Callable[[], None]) -> None:
        """On SIGTERM call ``drain`` where it may wait, then end the server; ``stop`` is Socket.IO's own way to.

        Ctrl+C ends the server at once, also where a KeyboardInterrupt would end the running request instead (gevent).
        """
        ...

    def limit_websocket(self, websocket: Any, max_bytes: int) -> None:
        """Make ``websocket`` refuse messages above ``max_bytes``, where Engine.IO's own limit does not."""
        ...


def load_async_mode(name: str) -> AsyncMode:
    """The async mode of that name: one of `settings.ASYNC_MODES`."""
    return importlib.import_module(f"feelharmonic.web.serving.async_modes.async_{name}").Mode()


def run_in(pool: Callable[[Callable[[], Any]], tuple[Any, Exception | None]]) -> Runner:
    """A runner for a thread pool that would print a traceback of each exception: they travel as results instead."""

    def run(function: Callable[[], Any]) -> Any:
        def captured() -> tuple[Any, Exception | None]:
            try:
                return function(), None
            except Exception as exc:
                return None, exc

        result, fault = pool(captured)
        if fault is not None:
            raise fault
        return result

    return run
