"""Metrics of several workers on a full disk: the worker lives and counts."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys

import pytest
from prometheus_client import values

from feelharmonic.web.monitoring import metric_files
from tests.support.samples import PROJECT

#: Counts more kinds of refusals than one page of memory holds, then prints the last line.
COUNTS = """
from feelharmonic.web.monitoring.metrics import Metrics
metrics = Metrics()
for number in range(200):
    metrics.refused(f"code {number:040d}")
print(metrics.text().decode().count("feelharmonic_refused_total{"))
"""


def counted(folder, *under: str) -> subprocess.CompletedProcess:
    environ = {**os.environ, metric_files.FOLDER: str(folder)}
    command = [*under, sys.executable, "-c", COUNTS]
    return subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("kilobytes", [4, 16, 700])
def test_a_worker_on_a_full_disk_lives_and_counts(tmp_path, kilobytes):
    mount = f'mount -t tmpfs -o size={kilobytes}k tmpfs "{tmp_path}" && exec "$@"'
    under = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    if shutil.which("unshare") is None or subprocess.run([*under, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    ended = counted(tmp_path, *under)
    assert (ended.returncode, ended.stdout.strip()) == (0, "200"), ended.stderr
    assert "this worker counts alone" in ended.stderr


def test_with_space_the_files_hold_their_blocks_before_they_are_used(tmp_path):
    assert counted(tmp_path).stdout.strip() == "200"
    files = list(tmp_path.glob("*.db"))
    assert len(files) == 4
    assert all(path.stat().st_blocks * 512 >= metric_files.FILE_BYTES for path in files)


def test_without_space_nothing_is_left_behind(tmp_path, monkeypatch, caplog):
    def full(*allocated: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv(metric_files.FOLDER, str(tmp_path))
    monkeypatch.setattr(os, "posix_fallocate", full)
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    assert not metric_files.reserve(("counter", "histogram"))
    assert list(tmp_path.iterdir()) == []
    assert values.ValueClass is values.MutexValue
    assert "this worker counts alone" in caplog.text
