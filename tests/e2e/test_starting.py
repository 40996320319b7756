"""Starting `python app.py`: what it prints, and with `HTTPS=1` that phones reach it at every printed address."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
import websocket

from feelharmonic.app import create_app
from feelharmonic.web.security.certificate import FOR_PHONES
from tests.support.samples import PROJECT
from tests.support.serving import MODES, Server

DEADLINE_S = 60


@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
def test_a_start_prints_the_address_and_no_warning(tmp_path, mode):
    server = Server(tmp_path, ASYNC_MODE=mode).start()  # its first request was answered
    try:
        assert server.log() == f"Feelharmonic is at {server.url} (Ctrl+C stops it)\n"
    finally:
        server.kill()


@pytest.mark.parametrize("mode", MODES)
def test_with_https_it_prints_its_addresses_and_what_the_browser_will_say(tmp_path, mode):
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


def has_ipv6() -> bool:
    """Whether this machine has an address of it: a system may know it and have it switched off."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.full
@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("host", ["127.0.0.1", *(pytest.param(h, marks=pytest.mark.full) for h in ("127.0.0.2", "::"))])
def test_https_works_at_every_printed_address(tmp_path, mode, host):
    """By a certificate that holds for who trusts the one for phones. 127.0.0.1, the default, becomes every address."""
    if host == "::" and not has_ipv6():
        pytest.skip("no IPv6 here")
    if host == "127.0.0.2" and sys.platform != "linux":
        pytest.skip("only Linux has all of 127.0.0.0/8")
    server = Server(tmp_path, HTTPS="1", ASYNC_MODE=mode, HOST=host)
    server.url = f"https://{'[::1]' if host == '::' else host}:{server.port}"
    server.start()
    try:
        printed = re.findall(r"Feelharmonic is at (https://\S+)", server.log())
        assert server.url in printed
        if host == "127.0.0.2":
            assert printed == [server.url]
        trusted = str(Path(create_app().instance_path) / FOR_PHONES)
        for url in printed:
            answer = requests.get(url, timeout=DEADLINE_S, verify=trusted)
            assert answer.status_code == 200
            assert "Strict-Transport-Security" not in answer.headers
            address = url.replace("https", "wss") + "/socket.io/?EIO=4&transport=websocket"
            options = {"ca_certs": trusted}
            websocket.create_connection(address, origin=url, timeout=DEADLINE_S, sslopt=options).close()
    finally:
        server.stop()


def test_the_port_is_checked_on_the_address_that_will_be_opened(tmp_path):
    """Taken on another address of this machine, the port cannot be opened on all of them."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.2" if sys.platform == "linux" else "127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        environ = {**os.environ, "HTTPS": "1", "PORT": port, "HOST": "127.0.0.1", "PROVIDERS": "catalogue"}
        ended = subprocess.run(
            [sys.executable, str(PROJECT / "app.py")],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert ended.returncode == 2, ended.stderr
    assert f"PORT: 0.0.0.0:{port} cannot be opened" in ended.stderr
