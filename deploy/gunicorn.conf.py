"""gunicorn's configuration for a public server, behind nginx (deploy/nginx.conf). From the project's folder:

    gunicorn --config deploy/gunicorn.conf.py

Settings are Feelharmonic's own (docs/hosting.md). WEB_CONCURRENCY: the number of workers, by default one for each
processor. Workers share nothing but the Redis that REDIS_URL names; without one, each counts rates and keeps Spotify
logins by itself.
"""

import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from feelharmonic.settings import Settings  # noqa: E402
from feelharmonic.web.monitoring import logs  # noqa: E402
from feelharmonic.web.serving import capacity, load_async_mode, server  # noqa: E402

settings = Settings.load()

worker_class = load_async_mode(settings.async_mode).gunicorn_worker
if worker_class is None:
    raise SystemExit("ASYNC_MODE: gunicorn 26 and later have no worker for eventlet. Use gevent or threading.")

wsgi_app = "app:create_app()"
chdir = str(PROJECT)
bind = f"{settings.host}:{settings.port}"
workers = int(os.environ.get("WEB_CONCURRENCY") or capacity.cores())
#: A WebSocket is a connection for as long as its page is open, also while it waits for a place; HTTP requests come on
#: top.
worker_connections = capacity.max_connections(settings.max_listeners)
#: Under gthread each connection holds a thread. They are made as they are needed.
threads = capacity.max_threads(settings.max_listeners)
keepalive = 15
#: Browsers send about 20 headers; nginx passes on 32 KB of them at most.
limit_request_fields, limit_request_field_size = 64, 8190
#: More than Timeouts.drain_s: by then clients have been notified and requests in flight are finished.
graceful_timeout = 10
control_socket_disable = True
logconfig_dict = logs.CONFIG

# The workers' metrics add up in this folder. prometheus_client looks for it when it is imported.
METRICS_FOLDER, OWN_FOLDER = "PROMETHEUS_MULTIPROC_DIR", "FEELHARMONIC_OWN_METRICS_FOLDER"
#: The names of prometheus_client's files: a type of metric and the process that wrote it.
METRICS_FILE = re.compile(r"(counter|histogram|summary|gauge_[a-z]+)_\d+\.db")
if not os.environ.get(METRICS_FOLDER):
    # In the environment: SIGHUP reads this file again, and on_exit must know whether the folder is ours.
    # On a full disk each worker counts by itself.
    with contextlib.suppress(OSError):
        os.environ[METRICS_FOLDER] = os.environ[OWN_FOLDER] = tempfile.mkdtemp(prefix="feelharmonic-metrics-")
# Workers share the processors. One frame at a time, a worker reads in its event loop: no thread costs anything.
if not settings.frames_at_once:
    os.environ["FRAMES_AT_ONCE"] = str(max(1, capacity.cores() // workers))


def on_starting(arbiter):
    """Delete an earlier run's metrics, which would be added to this one's. Other files stay."""
    if METRICS_FOLDER not in os.environ:
        return
    folder = Path(os.environ[METRICS_FOLDER])
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if METRICS_FILE.fullmatch(path.name):
            path.unlink()


def post_worker_init(worker):
    """A worker is ready: raise its limit on open files, and drain it before it ends."""
    app = worker.wsgi
    server.check_vendor(PROJECT)
    from feelharmonic.web.services import Services  # imports Flask: in the worker, after its patches

    capacity.raise_file_limit(settings.max_listeners)
    services = Services.of(app)
    services.music.start()
    stop = signal.getsignal(signal.SIGTERM)

    def drain_and_stop(number, frame):
        services.drain.run()
        stop(number, frame)

    # In the background: a signal may interrupt the event loop itself, which must not wait for anything.
    start = app.extensions["socketio"].start_background_task
    signal.signal(signal.SIGTERM, lambda number, frame: start(drain_and_stop, number, frame))


def child_exit(arbiter, worker):
    """A worker has ended, also if it was killed: its listeners no longer count."""
    if METRICS_FOLDER in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)


def on_exit(arbiter):
    """Delete the metrics folder, unless the host named it."""
    own = os.environ.get(OWN_FOLDER)
    if own:
        shutil.rmtree(own, ignore_errors=True)
