"""`python app.py` as a household starts it: it says where it is, and nothing else."""

from __future__ import annotations

import pytest

from tests.support.serving import MODES, Server


@pytest.mark.parametrize("mode", MODES)
def test_the_server_starts_with_its_address_and_without_a_warning(tmp_path, mode):
    server = Server(tmp_path, ASYNC_MODE=mode).start()  # its first request was answered
    try:
        assert server.log() == f"Feelharmonic is at {server.url} (Ctrl+C stops it)\n"
    finally:
        server.kill()


@pytest.mark.parametrize("mode", MODES)
def test_on_the_home_network_it_says_its_addresses_and_what_the_browser_will_say(tmp_path, mode):
    server = Server(tmp_path, ASYNC_MODE=mode, HTTPS="1")
    server.url = f"https://127.0.0.1:{server.port}"
    server.start()
    try:
        *addresses, advice = server.log().splitlines()
        assert f"Feelharmonic is at {server.url}" in addresses
        assert all(line.startswith("Feelharmonic is at https://") for line in addresses)
        assert advice.startswith("The browser will warn of a self-signed certificate")
    finally:
        server.kill()
