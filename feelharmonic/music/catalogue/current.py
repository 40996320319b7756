"""The catalogue of the moment: an import that another process made is noticed, and loaded in the background."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from feelharmonic.errors import SetupFault
from feelharmonic.music.catalogue.catalogue import Catalogue, SongKey
from feelharmonic.music.catalogue.shipped import ShippedTracks
from feelharmonic.music.messages import Track

log = logging.getLogger(__name__)

#: The file is looked at no more often than this.
CHECK_INTERVAL_S = 1.0

#: Runs a function that takes long and gives its result; under gevent and eventlet in a thread of the system.
Runner = Callable[[Callable[[], Catalogue]], Catalogue]


class CatalogueSource(Protocol):
    """A Catalogue, or a CurrentCatalogue."""

    def current(self) -> Catalogue:
        """The catalogue of the moment."""
        ...

    def known(self, ids: Sequence[str]) -> dict[str, Track]:
        """The tracks of those ids that are here."""
        ...


class CurrentCatalogue:
    """Gives the catalogue with the newest import. Safe between threads.

    What belongs together is asked of one ``current()``: a row's number may be another in the next.
    """

    def __init__(
        self,
        shipped: ShippedTracks | tuple[()],
        database: Path,
        *,
        run: Runner = lambda load: load(),
        clock: Callable[[], float] = time.monotonic,
    ):
        """``shipped``: empty where the file alone serves. ``run``: in which the next catalogue is loaded while this one
        serves. Where the file cannot be read, the shipped table serves alone, until there is another file."""
        self._shipped, self._database, self._run, self._clock = shipped, database, run, clock
        self._checking = threading.Lock()
        self._checked_s = clock()
        self._loading: threading.Thread | None = None
        self._seen = _signature(database)
        try:
            self._catalogue = self._load()
        except SetupFault as fault:
            log.error("The imported tracks cannot be read; the shipped table serves alone. %s", fault)
            self._catalogue = Catalogue(shipped)

    def current(self) -> Catalogue:
        """The newest that is loaded; where the file changed, the next one is loaded meanwhile."""
        now_s = self._clock()
        if now_s - self._checked_s >= CHECK_INTERVAL_S and self._checking.acquire(blocking=False):
            try:
                self._checked_s = now_s
                self._look()
            finally:
                self._checking.release()
        return self._catalogue

    def wait(self, timeout_s: float) -> None:
        """Wait until what is being loaded is there."""
        if self._loading is not None:
            self._loading.join(timeout_s)

    def known(self, ids: Sequence[str]) -> dict[str, Track]:
        return self.current().known(ids)

    def named(self, keys: Sequence[str], key: SongKey) -> dict[str, Track]:
        return self.current().named(keys, key)

    @property
    def genres(self) -> tuple[str, ...]:
        return self.current().genres

    def genres_meant(self, wishes: Iterable[str]) -> dict[str, int]:
        return self.current().genres_meant(wishes)

    def decades(self) -> dict[int, int]:
        return self.current().decades()

    def instrumental(self) -> int:
        return self.current().instrumental()

    def _look(self) -> None:
        """Begin to load where the file is another than the one that was loaded."""
        signature = _signature(self._database)
        if signature != self._seen and (self._loading is None or not self._loading.is_alive()):
            self._seen = signature
            self._loading = threading.Thread(target=self._reload, daemon=True, name="catalogue")
            self._loading.start()

    def _reload(self) -> None:
        try:
            self._catalogue = self._run(self._load)
        except SetupFault as fault:
            log.error("The imported tracks changed and cannot be read; those from before serve on. %s", fault)
        except Exception:
            log.exception("loading the imported tracks failed; those from before serve on")
        else:
            log.info("The imported tracks changed: %d tracks at hand.", len(self._catalogue))

    def _load(self) -> Catalogue:
        return Catalogue(self._shipped, self._database if self._database.is_file() else None)


def _signature(path: Path) -> tuple[int, int, int] | None:
    """Other for every import: it replaces the file. None without one."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
