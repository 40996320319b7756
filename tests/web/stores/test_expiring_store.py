"""Connections shared by several workers: begun at one, finished and used at another; encrypted, with an expiry; Redis
away and back. And the secret key that encrypts them."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time

import pytest
import redis
from flask import Flask

from feelharmonic.errors import AccountFault, SetupFault, StoreUnavailable
from feelharmonic.params import Params
from feelharmonic.web import account, api, pages
from feelharmonic.web.security.rate_limits import RateLimiter
from feelharmonic.web.security.secret_key import secret_key
from feelharmonic.web.stores.expiring_store import InMemoryStore
from feelharmonic.web.stores.expiring_store_redis import RedisStore
from spotifyaccess import SpotifyAccounts, SpotifyApp
from tests.support.external_servers import Redis
from tests.support.spotify_stand_in import CLIENT_ID, StandIn
from tests.web.test_account import HOME, IDS, REDIRECT_URI, Browser, problem_of

KEY = "a key for tests, nowhere else in use"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Redis(tmp_path_factory.mktemp("redis")).start()
    yield running
    running.kill()


@pytest.fixture(params=["memory", "redis"])
def kept(request):
    if request.param == "memory":
        return InMemoryStore(1000)
    return RedisStore(request.getfixturevalue("server").url, KEY)


def test_what_is_put_is_got_until_it_expires_or_is_dropped(kept):
    kept.set("one", {"tokens": {"access_token": "öffne dich"}}, 60)
    kept.set("two", {"state": "x"}, 1)
    assert kept.get("one") == {"tokens": {"access_token": "öffne dich"}}
    kept.renew("two", 60)
    time.sleep(1.2)
    assert kept.get("two") == {"state": "x"}
    kept.set("two", {"state": "y"}, 1)
    time.sleep(1.2)
    assert kept.get("two") is None
    kept.renew("two", 60)
    kept.delete("one")
    assert (kept.get("one"), kept.get("two"), kept.get("three")) == (None, None, None)


def test_what_was_dropped_is_not_brought_back_by_a_change(kept):
    kept.set("one", {"tokens": {"access_token": "old"}}, 60)
    kept.replace("one", {"tokens": {"access_token": "new"}}, 60)
    assert kept.get("one") == {"tokens": {"access_token": "new"}}
    assert [kept.delete("one"), kept.delete("one")] == [True, False]
    kept.replace("one", {"tokens": {"access_token": "newer"}}, 60)
    assert kept.get("one") is None


def test_one_at_a_time_is_alone_with_a_number(kept):
    kept.set("one", {}, 60)
    inside, most = [0], [0]

    def visit() -> None:
        with kept.lock("one"):
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


def test_who_waits_too_long_for_the_others_is_told_to_try_again(kept, monkeypatch):
    monkeypatch.setattr("feelharmonic.web.stores.expiring_store.LOCK_WAIT_S", 0.1)
    monkeypatch.setattr("feelharmonic.web.stores.expiring_store_redis.LOCK_WAIT_S", 0.1)
    kept.set("one", {}, 60)
    with kept.lock("one"):
        with pytest.raises(AccountFault) as caught, kept.lock("one"):
            pytest.fail("two were alone")
        assert caught.value.code == "spotify_busy"
        with kept.lock("two"):  # the others' numbers are free
            pass
    with kept.lock("one"):
        pass


def test_memory_keeps_no_lock_for_numbers_that_it_does_not_know():
    kept = InMemoryStore(1000)
    for i in range(100):
        with kept.lock(f"made up {i}"):
            pass
    assert not kept._key_locks


def test_a_row_moved_to_another_number_is_nobodys(server):
    client, kept = redis.Redis.from_url(server.url), RedisStore(server.url, KEY)
    client.flushall()
    kept.set("mine", {"tokens": {}}, 60)
    (mine,) = client.keys("feelharmonic:connection:*")
    kept.set("yours", {"tokens": {}}, 60)
    (yours,) = set(client.keys("feelharmonic:connection:*")) - {mine}
    client.set(yours, client.get(mine))
    assert (kept.get("mine"), kept.get("yours")) == ({"tokens": {}}, None)


def test_redis_sees_neither_numbers_nor_tokens_and_forgets(server):
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
    account.bind(app, SpotifyAccounts(own, REDIRECT_URI), kept=RedisStore(server.url, KEY), budget_s=20.0)
    api.register(app)
    return app


def moved(browser: Browser, app: Flask) -> Browser:
    """The same browser, whose next requests reach ``app``."""
    other = Browser(app, browser.spotify)
    other.client.set_cookie("connection", browser.cookie(), domain="127.0.0.1")
    return other


def test_a_login_begun_at_one_worker_is_finished_and_used_at_others(project, spotify, server):
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


def test_a_login_serves_once_even_where_two_workers_hear_of_it(project, spotify, server):
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
    assert sorted(answers) == [200, 400]


def test_two_workers_do_not_refresh_one_account_at_the_same_time(project, spotify, server):
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


def test_while_redis_is_away_listeners_are_told_at_once_and_go_on_after(project, spotify, tmp_path):
    server = Redis(tmp_path).start()
    try:
        browser = Browser(worker(project, spotify, server), spotify)
        csrf = browser.connect()
        server.kill()
        start_s = time.monotonic()
        assert problem_of(browser.post("play", {"ids": IDS}, csrf)) == (503, "connections_away")
        assert problem_of(browser.get("/connect/spotify")) == (503, "connections_away")
        assert time.monotonic() - start_s < 5
        with pytest.raises(StoreUnavailable):
            RedisStore(server.url, KEY).set("one", {}, 60)
        server.start()
        csrf = browser.connect()
        assert browser.post("play", {"ids": IDS}, csrf).status_code == 200
    finally:
        server.kill()


def test_events_are_counted_alone_while_redis_is_away_and_together_again_after(tmp_path, caplog):
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


# ---------- the secret key ----------


def test_a_key_is_made_at_the_first_start_and_kept(tmp_path):
    key = secret_key(tmp_path / "instance", "")
    assert len(key) >= 43
    assert secret_key(tmp_path / "instance", "") == key
    assert secret_key(tmp_path / "other", "") != key
    assert secret_key(tmp_path / "instance", "given " * 8) == "given " * 8
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["secret_key"]


def test_workers_that_start_together_have_one_key(tmp_path):
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(secret_key(tmp_path, ""))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(keys) == 16
    assert len(set(keys)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_the_key_is_its_owners_alone(tmp_path):
    secret_key(tmp_path, "")
    path = tmp_path / "secret_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    os.chmod(path, 0o644)
    with pytest.raises(SetupFault, match="may be read by others"):
        secret_key(tmp_path, "")


def test_a_folder_that_takes_no_key_is_named(tmp_path):
    (tmp_path / "instance").write_text("a file where the folder should be")
    with pytest.raises(SetupFault, match="set SECRET_KEY"):
        secret_key(tmp_path / "instance", "")
    (tmp_path / "secret_key").write_text("short")
    os.chmod(tmp_path / "secret_key", 0o600)
    with pytest.raises(SetupFault, match="holds no valid key"):
        secret_key(tmp_path, "")
