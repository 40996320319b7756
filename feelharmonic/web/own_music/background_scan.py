"""Scans the music folders beside the server: in a process of its own, of low priority, that ends with the server.

In: settings. Out: what the library's file says once the scan wrote it. Under gevent and eventlet nothing waits.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading

from feelharmonic.resources import ROOT
from feelharmonic.settings import Settings

log = logging.getLogger(__name__)


class BackgroundScan:
    """At most one process at a time. Safe between threads."""

    def __init__(self, settings: Settings, command: tuple[str, ...] = (sys.executable, "-m", "feelharmonic")):
        self._settings, self._command = settings, command
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._began = False

    def begin(self) -> None:
        """Scan once after the start, where MUSIC_DIR names folders; later calls do nothing."""
        if not self._began and (self._settings.music_dir or self._settings.subsonic_url):
            self._began = True
            self.start()

    def start(self) -> bool:
        """Begin a scan; whether one began. Another process of this server may be scanning: then this one ends at
        once."""
        with self._lock:
            if self.is_running:
                return False
            try:
                self._process = subprocess.Popen(
                    [*self._command, "music", "scan", "--with-parent"],
                    stdin=subprocess.PIPE,  # closed when this process ends, however that happens
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=self._environment(),
                )
            except OSError as exc:
                log.error("The music folders cannot be scanned: %s.", exc.strerror)
                return False
        return True

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _environment(self) -> dict[str, str]:
        folders = os.pathsep.join(map(str, self._settings.music_dir))
        # From a checkout the package is beside app.py, wherever the server was started.
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        wanted = {"MUSIC_DIR": folders, "INSTANCE_DIR": str(self._settings.instance_dir), "PYTHONPATH": path}
        return {**os.environ, **{name: value for name, value in wanted.items() if value}}
