"""deploy/gunicorn.conf.py: the folder of the workers' metrics, and how many connections they take."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import pytest

from feelharmonic.web.serving import load_async_mode
from feelharmonic.web.serving.capacity import RESERVED_FOR_HTTP
from tests.support.samples import PROJECT
from tests.support.serving import QUIET

FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@pytest.fixture
def environ(monkeypatch, tmp_path) -> dict[str, str]:
    """An environment that ends with the test; the configuration writes to it."""
    clean = {name: value for name, value in os.environ.items() if name not in (*QUIET, FOLDER)}
    monkeypatch.setattr(os, "environ", clean)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.chdir(tmp_path)  # no .env of the developer's
    return clean


def configuration() -> dict:
    return runpy.run_path(str(PROJECT / "deploy" / "gunicorn.conf.py"))


def test_its_own_folder_is_deleted_at_the_end_also_after_a_reload(environ):
    first = configuration()
    folder = Path(environ[FOLDER])
    again = configuration()  # as SIGHUP does
    assert Path(environ[FOLDER]) == folder
    first["on_starting"](None)
    assert folder.is_dir()
    again["on_exit"](None)
    assert not folder.exists()


def test_the_hosts_folder_stays_without_an_earlier_runs_metrics(environ, tmp_path):
    folder = tmp_path / "figures"
    environ[FOLDER] = str(folder)
    read = configuration()
    read["on_starting"](None)
    assert folder.is_dir()  # made where it was not there
    for name in ("counter_12.db", "gauge_livesum_12.db", "histogram_7.db", "mine.db", "notes.txt"):
        (folder / name).touch()
    read["on_starting"](None)
    read["on_exit"](None)
    assert sorted(path.name for path in folder.iterdir()) == ["mine.db", "notes.txt"]


@pytest.mark.parametrize("mode", ["gevent", "threading"])
@pytest.mark.parametrize("places", [1, 200, 5000])
def test_http_has_connections_beside_all_websockets(environ, mode, places):
    environ.update({"ASYNC_MODE": mode, "MAX_LISTENERS": str(places)})
    read = configuration()
    websockets = load_async_mode(mode).max_connections(places) - RESERVED_FOR_HTTP
    assert websockets >= 2 * places  # as many as are served may wait for a place
    if mode == "threading":
        assert read["threads"] >= websockets + 10
        assert read["worker_connections"] > read["threads"]  # gthread keeps no connection alive otherwise
    assert read["worker_connections"] >= websockets + 10
