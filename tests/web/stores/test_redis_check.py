"""A Redis that saves to disk or may fill the memory is refused before the port opens."""

from __future__ import annotations

import subprocess

import pytest

from feelharmonic.app import create_app, load_store
from feelharmonic.errors import SetupFault, StoreUnavailable
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


def test_another_redis_at_the_same_address_is_not_used_after_a_restart(tmp_path, caplog):
    """Ours was away; what answers now saves visitors' addresses to disk."""
    ours = Redis(tmp_path).start()
    settings = Settings(redis_url=ours.url, http_rate="2/minute")
    app = create_app(settings)
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    store = load_store(settings, "x" * 40)
    ours.kill()
    other = DebiansRedis(tmp_path, "other")
    other.port = ours.port
    other.start()
    try:
        # Fails closed: this process counts alone, nothing is stored.
        statuses = [client.get("/api/v1/emotions").status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        with pytest.raises(StoreUnavailable):
            store.set("key", {"a": 1}, 60)
        monitor = {"REMOTE_ADDR": "192.0.2.9"}
        assert not client.get("/readyz", environ_overrides=monitor).get_json()["checks"]["redis"]
        keys = subprocess.run(
            ["redis-cli", "-p", str(other.port), "DBSIZE"], capture_output=True, text=True, check=True
        )
        assert keys.stdout.strip() == "0"
        assert "This Redis is not used: it saves to disk" in caplog.text
    finally:
        other.kill()


def test_ours_is_used_again_when_it_is_back(tmp_path):
    ours = Redis(tmp_path).start()
    try:
        store = load_store(Settings(redis_url=ours.url), "x" * 40)
        store.set("key", {"a": 1}, 60)
        ours.kill()
        with pytest.raises(StoreUnavailable):
            store.get("key")
        ours.start()
        store.set("key", {"a": 2}, 60)
        assert store.get("key") == {"a": 2}
    finally:
        ours.kill()
