"""The secret key: created once, private, and the same for all workers."""

from __future__ import annotations

import os
import stat
import sys
import threading

import pytest

from feelharmonic.errors import SetupFault
from feelharmonic.web.security.secret_key import secret_key


def test_a_key_is_made_at_the_first_start_and_store(tmp_path):
    key = secret_key(tmp_path / "instance", "")
    assert len(key) >= 43
    assert secret_key(tmp_path / "instance", "") == key
    assert secret_key(tmp_path / "other", "") != key
    assert secret_key(tmp_path / "instance", "given " * 8) == "given " * 8
    assert [path.name for path in (tmp_path / "instance").iterdir()] == ["secret_key"]


def test_workers_that_start_together_share_one_key(tmp_path):
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(secret_key(tmp_path, ""))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(keys) == 16
    assert len(set(keys)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_only_the_owner_may_read_the_key(tmp_path):
    secret_key(tmp_path, "")
    path = tmp_path / "secret_key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    os.chmod(path, 0o644)
    with pytest.raises(SetupFault, match="may be read by others"):
        secret_key(tmp_path, "")


def test_a_read_only_folder_is_named(tmp_path):
    (tmp_path / "instance").write_text("a file where the folder should be")
    with pytest.raises(SetupFault, match="set SECRET_KEY"):
        secret_key(tmp_path / "instance", "")
    (tmp_path / "secret_key").write_text("short")
    os.chmod(tmp_path / "secret_key", 0o600)
    with pytest.raises(SetupFault, match="holds no valid key"):
        secret_key(tmp_path, "")
