"""The music providers in their order: who is asked, who rests, who served, and why.

In: a TrackRequest. Out: Served. A provider that cannot answer says so and rests for as long as it asks; one behind a
network is waited for only within the budget. So a listener is never held up by a service, and a service that asks
for a pause gets it. No service's own words or exceptions enter.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from feelharmonic.call_with_timeout import call_with_timeout
from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.messages import Track, TrackRequest
from feelharmonic.music.providers import MusicProvider, RemoteProvider

log = logging.getLogger(__name__)


#: All providers behind a network together may take so long; the rest of a listener's 3 s is for the others.
BUDGET_S = 2.5

#: With less than this left nobody behind a network is asked: it would only be late.
LEAST_BUDGET_S = 0.2

#: A provider that did not answer in time, or broke, is left alone for so long.
LATE_REST_S = 30.0

BROKEN_REST_S = 60.0

#: More calls than this to one provider never run at once: those that came too late go on until their sockets end.
MOST_RUNNING = 16

LABELS = {
    "spotify-recommendations": "Spotify's recommendations",
    "spotify-search": "Spotify's search",
    "catalogue": "the catalogue",
    "reccobeats": "ReccoBeats",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackList:
    """Tracks, the provider that served them ("" where none could), and one line on which one did and why.

    ``reasons``: the name of each provider that could not serve with what follows it in the note, to say the same in
    another language; ``shown``: False where nobody else could have served, so that the note is empty.
    """

    provider: str
    note: str
    tracks: tuple[Track, ...]
    reasons: tuple[tuple[str, str], ...] = ()
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderStatus:
    """How a provider is. ``state``: "ready", "trying" (the first call is under way), "resting" or "off" (until the
    program restarts). ``reason`` is a sentence, ``why`` the same without the provider's name. ``rests_for_s`` is None
    unless it rests; ``served`` counts lists since the start."""

    name: str
    state: str
    reason: str
    why: str
    action: str
    rests_for_s: float | None
    served: int


class Observer(Protocol):
    """Told of what the chain does, by names from the settings. Must be quick: the chain may hold its lock meanwhile."""

    def called(self, provider: str, outcome: str) -> None:
        """A call or a probe ended. ``outcome``: "answered", "empty" (nothing fits), "late", "unavailable" (it said so)
        or "broken"."""
        ...

    def served(self, provider: str) -> None:
        """A list was served; ``provider`` is "none" where nobody could."""
        ...

    def rests(self, provider: str, rest_s: float | None, *, anew: bool) -> None:
        """From now it rests for ``rest_s`` seconds, 0: not any more, None: it is off. ``anew``: it did not before."""
        ...


class _Nobody:
    """An observer for whom nothing is worth a note."""

    def called(self, provider: str, outcome: str) -> None: ...

    def served(self, provider: str) -> None: ...

    def rests(self, provider: str, rest_s: float | None, *, anew: bool) -> None: ...


@dataclass(slots=True)
class _Link:
    """A provider and how it is."""

    provider: MusicProvider
    state: str = "ready"
    until_s: float = 0.0
    reason: str = ""
    action: str = ""
    served: int = 0
    running: int = 0

    @property
    def label(self) -> str:
        return LABELS.get(self.provider.name, self.provider.name)


class ProviderFallback:
    """Asks ``providers`` in their order. ``clock`` gives seconds that never run backwards; ``observer`` is told of all.
    Safe between threads."""

    def __init__(
        self,
        providers: Sequence[MusicProvider],
        *,
        budget_s: float = BUDGET_S,
        clock: Callable[[], float] = time.monotonic,
        observer: Observer | None = None,
    ):
        self._links = [_Link(provider) for provider in providers]
        self._budget_s = budget_s
        self._clock = clock
        self._lock = threading.Lock()  # held for moments only, never during a call to a provider
        self._started = False
        self._observer = observer or _Nobody()
        for link in self._links:
            self._observer.rests(link.provider.name, 0.0, anew=False)

    def start(self) -> None:
        """Try every provider behind a network once, in the background; later calls do nothing."""
        with self._lock:
            if self._started:
                return
            self._started = True
            links = [link for link in self._links if isinstance(link.provider, RemoteProvider)]
            for link in links:
                link.state, link.reason = "trying", "is being tried"
        for link in links:
            threading.Thread(target=self._probe, args=(link,), daemon=True, name=link.provider.name).start()

    def tracks(self, request: TrackRequest) -> TrackList:
        """From the first provider that has at least half of what is asked for, else from the one that has most."""
        ends_s = self._clock() + self._budget_s
        best: tuple[_Link, list[Track]] | None = None
        reasons: dict[str, str] = {}
        for link in self._links:
            tracks, reason = self._ask(link, request, ends_s)
            if len(tracks) > (len(best[1]) if best else 0):
                best = link, tracks
            if 2 * len(tracks) >= request.n:
                break
            reasons[link.provider.name] = reason
        self._observer.served(best[0].provider.name if best else "none")
        if best is None:
            return TrackList(provider="", note=_said(reasons), tracks=(), reasons=tuple(reasons.items()))
        return self._served(*best, reasons)

    def status(self) -> tuple[ProviderStatus, ...]:
        """Every provider, in the order in which they are asked."""
        return tuple(self._status(link) for link in self._links)

    def _served(self, link: _Link, tracks: list[Track], reasons: dict[str, str]) -> TrackList:
        with self._lock:
            link.served += 1
        others = {name: reason for name, reason in reasons.items() if name != link.provider.name}
        # Nothing to say where nobody else could have served.
        shown = len(self._links) > 1
        return TrackList(
            provider=link.provider.name,
            note=f"From {link.label}. {_said(others)}".rstrip() if shown else "",
            tracks=tuple(tracks),
            reasons=tuple(others.items()),
            shown=shown,
        )

    def _ask(self, link: _Link, request: TrackRequest, ends_s: float) -> tuple[list[Track], str]:
        """Its tracks, or none and the reason why."""
        remote = isinstance(link.provider, RemoteProvider)
        left_s = ends_s - self._clock()
        if not self._is_ready(link):
            return [], link.reason
        if remote and link.running >= MOST_RUNNING:
            return [], "is busy"
        if remote and left_s < LEAST_BUDGET_S:
            return [], "was not asked, for lack of time"
        try:
            tracks = (
                call_with_timeout(left_s, lambda: self._call(link, request))
                if remote
                else link.provider.tracks(request)
            )
        except TimeoutError:
            self._observer.called(link.provider.name, "late")
            # Who was given a fraction of the budget is not to blame for being late.
            rest_s = LATE_REST_S if left_s > self._budget_s / 2 else 0.0
            return [], self._rest(link, ProviderUnavailable("did not answer in time", rest_s=rest_s))
        except Exception as exc:
            self._observer.called(link.provider.name, _outcome(exc))
            if not remote and not isinstance(exc, ProviderUnavailable):
                raise
            return [], self._rest(link, exc)
        self._observer.called(link.provider.name, "answered" if tracks else "empty")
        return tracks, "has too little that fits" if tracks else "has nothing that fits"

    def _call(self, link: _Link, request: TrackRequest) -> list[Track]:
        with self._lock:
            link.running += 1
        try:
            return link.provider.tracks(request)
        finally:
            with self._lock:
                link.running -= 1

    def _probe(self, link: _Link) -> None:
        try:
            link.provider.probe()
        except Exception as exc:
            self._observer.called(link.provider.name, _outcome(exc))
            self._rest(link, exc)
            return
        self._observer.called(link.provider.name, "answered")
        with self._lock:
            link.state, link.reason = "ready", ""

    def _rest(self, link: _Link, exc: Exception) -> str:
        """Leave ``link`` alone as the fault asks, and say so in the log; returns the reason."""
        fault = _as_unavailable(link, exc)
        with self._lock:
            if link.state == "off":  # another listener's call was told first
                return link.reason
            rested = link.state == "resting" and self._clock() < link.until_s
            link.reason, link.action = fault.reason, fault.action
            link.state = "off" if fault.rest_s is None else "resting" if fault.rest_s > 0 else "ready"
            link.until_s = self._clock() + (fault.rest_s or 0.0)
            # Within the lock: the observer hears of two faults in the order in which they counted.
            self._observer.rests(link.provider.name, fault.rest_s, anew=link.state in ("resting", "off") and not rested)
        pause = {"off": " Not asked again before a restart.", "resting": f" Left alone for {fault.rest_s or 0:.0f} s."}
        log.warning("%s %s.%s%s", link.label, fault.reason, f" {fault.action}".rstrip(), pause.get(link.state, ""))
        return fault.reason

    def _is_ready(self, link: _Link) -> bool:
        with self._lock:
            if link.state == "resting" and self._clock() >= link.until_s:
                link.state, link.reason, link.action = "ready", "", ""
            return link.state == "ready"

    def _status(self, link: _Link) -> ProviderStatus:
        self._is_ready(link)
        with self._lock:
            return ProviderStatus(
                name=link.provider.name,
                state=link.state,
                reason=f"{_capital(link.label)} {link.reason}." if link.reason else "",
                why=link.reason,
                action=link.action,
                rests_for_s=max(0.0, link.until_s - self._clock()) if link.state == "resting" else None,
                served=link.served,
            )


def _outcome(exc: Exception) -> str:
    return "unavailable" if isinstance(exc, ProviderUnavailable) else "broken"


def _as_unavailable(link: _Link, exc: Exception) -> ProviderUnavailable:
    if isinstance(exc, ProviderUnavailable):
        return exc
    log.error("%s broke", link.label, exc_info=exc)
    return ProviderUnavailable("broke", action="The log has the reason.", rest_s=BROKEN_REST_S)


def _said(reasons: dict[str, str]) -> str:
    """One sentence for each provider and its reason."""
    return " ".join(f"{_capital(LABELS.get(name, name))} {reason}." for name, reason in reasons.items())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
