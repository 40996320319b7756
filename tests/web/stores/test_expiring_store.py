"""Connections shared by several workers: begun at one, finished and used at another; encrypted, with an expiry; Redis
away and back. And the secret key that encrypts them."""

from __future__ import annotations

import threading
import time

import pytest
import redis
from flask import Flask

from feelharmonic.errors import AccountFault, StoreUnavailable
from feelharmonic.params import Params
from feelharmonic.web import account, api, pages
from feelharmonic.web.security.rate_limits import RateLimiter
from feelharmonic.web.stores.expiring_store import InMemoryStore
from feelharmonic.web.stores.expiring_store_redis import RedisStore
from feelharmonic.web.stores.pending_logins import PendingLogins
from spotifyaccess import SpotifyAccounts, SpotifyApp
from tests.support.external_servers import Redis
from tests.support.spotify_browser import HOME, IDS, REDIRECT_URI, Browser, problem_of
from tests.support.spotify_stand_in import CLIENT_ID, StandIn

KEY = "a key for tests, nowhere else in use"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Redis(tmp_path_factory.mktemp("redis")).start()
    yield running
    running.kill()


@pytest.fixture(params=["memory", "redis"])
def store(request):
    if request.param == "memory":
        return InMemoryStore(1000)
    return RedisStore(request.getfixturevalue("server").url, KEY)


def test_data_is_returned_until_it_expires_or_is_deleted(store):
    store.set("one", {"tokens": {"access_token": "öffne dich"}}, 60)
    store.set("two", {"state": "x"}, 1)
    assert store.get("one") == {"tokens": {"access_token": "öffne dich"}}
    store.renew("two", 60)
    time.sleep(1.2)
    assert store.get("two") == {"state": "x"}
    store.set("two", {"state": "y"}, 1)
    time.sleep(1.2)
    assert store.get("two") is None
    store.renew("two", 60)
    store.delete("one")
    assert (store.get("one"), store.get("two"), store.get("three")) == (None, None, None)


def test_replace_does_not_restore_deleted_data(store):
    store.set("one", {"tokens": {"access_token": "old"}}, 60)
    store.replace("one", {"tokens": {"access_token": "new"}}, 60)
    assert store.get("one") == {"tokens": {"access_token": "new"}}
    assert [store.delete("one"), store.delete("one")] == [True, False]
    store.replace("one", {"tokens": {"access_token": "newer"}}, 60)
    assert store.get("one") is None


def test_a_key_is_locked_by_one_caller_at_a_time(store):
    store.set("one", {}, 60)
    inside, most = [0], [0]

    def visit() -> None:
        with store.lock("one"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            inside[0] -= 1

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (most[0], inside[0]) == (1, 0)


def test_waiting_too_long_for_a_lock_raises(store, monkeypatch):
    monkeypatch.setattr("feelharmonic.web.stores.expiring_store.LOCK_WAIT_S", 0.1)
    monkeypatch.setattr("feelharmonic.web.stores.expiring_store_redis.LOCK_WAIT_S", 0.1)
    store.set("one", {}, 60)
    with store.lock("one"):
        with pytest.raises(AccountFault) as caught, store.lock("one"):
            pytest.fail("two were alone")
        assert caught.value.code == "spotify_busy"
        with store.lock("two"):  # other keys are free
            pass
    with store.lock("one"):
        pass


def test_unknown_keys_leave_no_locks_in_memory():
    store = InMemoryStore(1000)
    for i in range(100):
        with store.lock(f"made up {i}"):
            pass
    assert not store._key_locks


def test_data_copied_to_another_key_in_redis_is_ignored(server):
    client, store = redis.Redis.from_url(server.url), RedisStore(server.url, KEY)
    client.flushall()
    store.set("mine", {"tokens": {}}, 60)
    (mine,) = client.keys("feelharmonic:connection:*")
    store.set("yours", {"tokens": {}}, 60)
    (yours,) = set(client.keys("feelharmonic:connection:*")) - {mine}
    client.set(yours, client.get(mine))
    assert (store.get("mine"), store.get("yours")) == ({"tokens": {}}, None)


def test_redis_sees_no_keys_and_no_tokens_and_expires_them(server):
    client = redis.Redis.from_url(server.url)
    client.flushall()
    RedisStore(server.url, KEY).set("the cookie", {"tokens": {"refresh_token": "very secret"}}, 100)
    (name,) = client.keys("feelharmonic:connection:*")
    assert b"cookie" not in name
    assert b"secret" not in client.get(name)
    assert b"refresh" not in client.get(name)
    assert 90 < client.ttl(name) <= 100
    assert RedisStore(server.url, "another key, of a stranger's server").get("the cookie") is None


@pytest.fixture
def spotify():
    with StandIn() as stand_in:
        yield stand_in


def worker(project, spotify: StandIn, server: Redis) -> Flask:
    """One of several: it shares nothing with the others but Redis, Spotify and the key."""
    own = SpotifyApp(client_id=CLIENT_ID, api_url=spotify.api_url, accounts_url=spotify.url, connect_s=5, read_s=5)
    app = Flask("feelharmonic", root_path=str(project))
    pages.bind(app, Params.load())
    store, logins = RedisStore(server.url, KEY), PendingLogins(KEY)
    account.bind(app, SpotifyAccounts(own, REDIRECT_URI), store=store, logins=logins, budget_s=20.0)
    api.register(app)
    return app


def moved(browser: Browser, app: Flask) -> Browser:
    """The same browser, whose next requests reach ``app``."""
    other = Browser(app, browser.spotify)
    for name, path in (("connection", "/"), ("login", "/connect")):
        cookie = browser.client.get_cookie(name, domain="127.0.0.1", path=path)
        if cookie is not None:
            other.client.set_cookie(name, cookie.value, domain="127.0.0.1", path=path)
    return other


def test_a_login_begun_at_one_worker_is_finished_at_another(project, spotify, server):
    workers = [worker(project, spotify, server) for _ in range(3)]
    first = Browser(workers[0], spotify)
    query = first.login()
    second = moved(first, workers[1])
    assert second.client.get("/connect/callback", base_url=HOME, query_string=query).status_code == 200
    third = moved(second, workers[2])
    csrf = third.status()["csrf"]
    assert third.post("play", {"ids": IDS}, csrf).status_code == 200
    spotify.expire_tokens()
    assert second.post("play", {"ids": IDS}, csrf).status_code == 200  # refreshed here
    asked = len(spotify.asked("/api/token"))
    assert third.post("play", {"ids": IDS}, csrf).status_code == 200  # and known there
    assert len(spotify.asked("/api/token")) == asked
    third.post("disconnect", None, csrf)
    assert second.status()["connected"] is False
    assert problem_of(second.post("play", {"ids": IDS}, csrf)) == (401, "not_connected")


def test_a_login_is_used_once_by_two_workers(project, spotify, server):
    workers = [worker(project, spotify, server) for _ in range(2)]
    one = Browser(workers[0], spotify)
    query = one.login()
    browsers, answers = [one, moved(one, workers[1])], []

    def arrive(browser: Browser) -> None:
        answers.append(browser.client.get("/connect/callback", base_url=HOME, query_string=query).status_code)

    threads = [threading.Thread(target=arrive, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [200, 502]  # Spotify takes a code once


def test_two_workers_do_not_refresh_one_account_at_once(project, spotify, server):
    workers = [worker(project, spotify, server) for _ in range(2)]
    one = Browser(workers[0], spotify)
    csrf = one.connect()
    browsers = [one, moved(one, workers[1])]
    spotify.expire_tokens()
    before, answers = len(spotify.asked("/api/token")), []
    threads = [
        threading.Thread(target=lambda b=b: answers.append(b.post("play", {"ids": IDS}, csrf).status_code))
        for b in browsers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [200, 200]
    assert len(spotify.asked("/api/token")) == before + 1


def test_without_redis_requests_fail_fast_and_recover(project, spotify, tmp_path):
    server = Redis(tmp_path).start()
    try:
        browser = Browser(worker(project, spotify, server), spotify)
        csrf = browser.connect()
        server.kill()
        start_s = time.monotonic()
        assert problem_of(browser.post("play", {"ids": IDS}, csrf)) == (503, "connections_away")
        assert browser.get("/connect/spotify").status_code == 302  # logins are stored by their browsers
        assert time.monotonic() - start_s < 5
        with pytest.raises(StoreUnavailable):
            RedisStore(server.url, KEY).set("one", {}, 60)
        server.start()
        csrf = browser.connect()
        assert browser.post("play", {"ids": IDS}, csrf).status_code == 200
    finally:
        server.kill()


def test_without_redis_each_process_counts_alone_and_together_again_after(tmp_path, caplog):
    now_s = [0.0]
    server = Redis(tmp_path).start()
    try:
        one, two = (RateLimiter("3/hour", server.url, clock=lambda: now_s[0]) for _ in range(2))
        assert [one.allows("192.0.2.1"), two.allows("192.0.2.1")] == [True, True]
        server.kill()
        assert [one.allows("192.0.2.1") for _ in range(4)] == [True, True, True, False]
        assert len([record for record in caplog.records if "alone" in record.message]) == 1
        server.start()
        now_s[0] += 60
        assert [one.allows("192.0.2.2"), two.allows("192.0.2.2"), one.allows("192.0.2.2")] == [True] * 3
        assert not two.allows("192.0.2.2")
        assert "192.0.2" not in caplog.text
    finally:
        server.kill()
