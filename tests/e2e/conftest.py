"""One server for all tests that need no settings of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.serving import MODES, SHORT_TIMEOUTS, Server


@pytest.fixture(scope="session", params=MODES)
def server(request, tmp_path_factory, astronaut_jpeg) -> Iterator[Server]:
    """In each async mode, with timeouts of a few seconds. It has read a frame: what is loaded once is in its memory."""
    folder = tmp_path_factory.mktemp(request.param)
    running = Server(folder, timeouts=SHORT_TIMEOUTS, ASYNC_MODE=request.param, MAX_LISTENERS="3000").start()
    running.assert_serves(astronaut_jpeg)
    yield running
    running.kill()
