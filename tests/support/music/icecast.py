"""A real Icecast server on loopback (Debian's icecast2), fed with generated sound."""

from __future__ import annotations

import io
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import requests
import soundfile

from tests.support.external_servers import program
from tests.support.serving import free_port

MINUTE_S, RATE = 60, 44_100

CONFIG = """<icecast><limits><clients>10</clients><sources>2</sources><burst-size>65535</burst-size></limits>
<authentication><source-password>feed</source-password><admin-user>a</admin-user><admin-password>a</admin-password>
</authentication><listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
<paths><logdir>{folder}</logdir><webroot>{folder}</webroot><adminroot>{folder}</adminroot></paths>
<logging><accesslog>a.log</accesslog><errorlog>e.log</errorlog></logging>
<security><chroot>0</chroot>{owner}</security></icecast>"""


class Icecast:
    """Streams one tone without an end at ``url``."""

    def __init__(self, folder: Path):
        self._port = free_port()
        self._folder = folder
        self.url = f"http://127.0.0.1:{self._port}/tone.ogg"
        self._ends = threading.Event()

    def __enter__(self) -> Icecast:
        owner = ""
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # it refuses to run as root
            owner = "<changeowner><user>nobody</user><group>nogroup</group></changeowner>"
            self._folder.chmod(0o777)
            for parent in self._folder.parents:  # pytest's folders let nobody else through
                mode = parent.stat().st_mode
                if not mode & 0o001:
                    parent.chmod(mode | 0o011)
        config = self._folder / "icecast.xml"
        config.write_text(CONFIG.format(port=self._port, folder=self._folder, owner=owner))
        self._server = subprocess.Popen(
            [program("icecast2"), "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        threading.Thread(target=self._feed, daemon=True).start()
        for _ in range(100):
            try:
                with requests.get(self.url, stream=True, timeout=1) as answer:
                    if answer.status_code == 200:
                        return self
            except requests.RequestException:
                pass
            time.sleep(0.2)
        self.__exit__()
        raise TimeoutError("icecast2 did not start")

    def __exit__(self, *exc: object) -> None:
        self._ends.set()
        self._server.kill()
        self._server.wait()

    def _feed(self) -> None:
        while not self._ends.is_set():
            try:
                requests.put(
                    self.url, data=self._sound(), auth=("source", "feed"), headers={"Content-Type": "audio/ogg"}
                )
            except requests.RequestException:
                time.sleep(0.2)

    def _sound(self) -> Iterator[bytes]:
        """A minute of Vorbis, twice as fast as it plays."""
        file = io.BytesIO()
        # Quiet noise: browsers wait for some ten KB, which a tone would take minutes to fill.
        sound = np.random.default_rng(1).normal(0, 0.01, (MINUTE_S * RATE, 2))
        with soundfile.SoundFile(file, "w", RATE, 2, "VORBIS", format="OGG") as stream:
            for start in range(0, len(sound), 4096):  # the encoder's stack does not hold much more
                stream.write(sound[start : start + 4096])
        data = file.getvalue()
        step = max(1, len(data) // MINUTE_S)
        for start in range(0, len(data), step):
            if self._ends.is_set():
                return
            yield data[start : start + step]
            time.sleep(0.5)
