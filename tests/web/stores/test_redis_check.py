"""A Redis that saves to disk or may fill the memory is refused before the port opens."""

from __future__ import annotations

import subprocess

import pytest

from feelharmonic.app import load_store
from feelharmonic.errors import SetupFault
from feelharmonic.settings import Settings
from feelharmonic.web.stores.redis_check import check_redis, problems
from tests.support.external_servers import Redis, Service, program

GOOD = {"save": "", "appendonly": "no", "maxmemory": "134217728", "maxmemory-policy": "noeviction"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"save": "3600 1"}, ["saves to disk, and with it visitors' addresses"]),
        ({"appendonly": "yes"}, ["saves to disk, and with it visitors' addresses"]),
        ({"maxmemory": "0"}, ["has no maxmemory"]),
        ({"maxmemory-policy": "volatile-ttl"}, ["evicts rate counters (maxmemory-policy volatile-ttl)"]),
    ],
)
def test_what_is_wrong_is_named(change, found):
    assert problems(GOOD | change) == found


class DebiansRedis(Service):
    """As a distribution's package starts it: snapshots on disk, no limit."""

    def command(self) -> list[str]:
        return [program("redis-server"), "--port", str(self.port), "--dir", str(self._folder)]


def test_a_distributions_redis_is_refused_unless_allowed(tmp_path):
    server = DebiansRedis(tmp_path, "redis").start()
    url = f"redis://127.0.0.1:{server.port}/0"
    try:
        with pytest.raises(SetupFault, match=r"(?s)saves to disk.*has no maxmemory") as caught:
            load_store(Settings(redis_url=url), "x" * 40)
        assert "REDIS_UNCHECKED=1" in str(caught.value)
        assert load_store(Settings(redis_url=url, redis_unchecked=True), "x" * 40) is not None
    finally:
        server.kill()


def test_the_redis_of_deploy_passes(tmp_path):
    server = Redis(tmp_path).start()
    try:
        check_redis(server.url)
    finally:
        server.kill()


def test_a_redis_that_is_away_does_not_keep_the_server_from_starting(caplog):
    check_redis("redis://127.0.0.1:9/0")
    assert "it was not checked" in caplog.text


def test_a_redis_that_shows_no_settings_is_refused(tmp_path):
    server = Redis(tmp_path).start()
    try:
        acl = ["redis-cli", "-p", str(server.port), "ACL", "SETUSER", "default", "-config"]
        subprocess.run(acl, check=True, capture_output=True)
        with pytest.raises(SetupFault, match="does not show its settings"):
            check_redis(server.url)
    finally:
        server.kill()
