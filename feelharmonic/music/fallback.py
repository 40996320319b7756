"""The music providers in their order: which one is asked, which one cools down, which one served, and why.

In: a TrackRequest. Out: a TrackList. A provider that cannot answer says so and is not called before its cooldown ends;
one behind a network gets no more than the budget. So no service holds up a listener, and a service that asks for a
pause gets it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from feelharmonic.call_with_timeout import call_with_timeout
from feelharmonic.errors import Overloaded, ProviderUnavailable
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest
from feelharmonic.music.providers import MusicProvider, RemoteProvider, label_of
from feelharmonic.music.reasons import Reason
from feelharmonic.music.selection import select

log = logging.getLogger(__name__)


#: Time for all providers behind a network together; the rest of a listener's 3 s is for the others.
BUDGET_S = 2.5

#: With less than this left no provider behind a network is asked: its answer would only be late.
MIN_BUDGET_S = 0.2

#: Cooldowns of a provider that did not answer in time, and of one that raised what is no fault of ours.
LATE_COOLDOWN_S = 30.0
BROKEN_COOLDOWN_S = 60.0

#: Runs a function that takes long, and returns or raises what it does; perhaps in another thread.
Runner = Callable[[Callable[[], Any]], Any]

#: Maximum calls to one provider at once: those that were too late go on until their sockets time out.
MAX_RUNNING = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackList:
    """Tracks, the provider that served them ("" where none could), and a note in English on which one did and why.

    ``steps``: where the tracks aim. ``emotion``: the strongest of the mood; ``also``: the next one, where there is
    enough of it to be said. ``stays``: whether the goal is where the listener is already.
    ``reasons``: each provider that could not serve, by name, and why, to say the note in another language; ``shown``:
    False where no other could have served, so that the note is empty.
    """

    provider: str
    note: str
    tracks: tuple[Track, ...]
    reasons: tuple[tuple[str, Reason], ...] = ()
    shown: bool = True
    steps: tuple[MusicTargets, ...] = ()
    emotion: str = ""
    also: str | None = None
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderStatus:
    """How a provider is. ``state``: "ready", "trying" (the first call is under way), "resting" (in its cooldown) or
    "off" (until a restart). ``reason`` is an English sentence, ``why`` the same to say it in another language.
    ``rests_for_s``: seconds until the cooldown ends, None without one; ``served``: lists since the start."""

    name: str
    state: str
    reason: str
    why: Reason | None
    action: str
    rests_for_s: float | None
    served: int


class Observer(Protocol):
    """Is notified of calls and cooldowns, by the providers' names. Must be quick: it may be called under a lock."""

    def called(self, provider: str, outcome: str) -> None:
        """A call or a probe ended. ``outcome``: "answered", "empty" (nothing fits), "late", "unavailable" (it said so)
        or "broken"."""
        ...

    def served(self, provider: str) -> None:
        """A list was served; ``provider`` is "none" where no provider could."""
        ...

    def cooldown(self, provider: str, cooldown_s: float | None, *, is_new: bool) -> None:
        """It is left alone for ``cooldown_s`` seconds, 0: no longer, None: it is off. ``is_new``: it was not before."""
        ...


class _NoObserver:
    def called(self, provider: str, outcome: str) -> None: ...

    def served(self, provider: str) -> None: ...

    def cooldown(self, provider: str, cooldown_s: float | None, *, is_new: bool) -> None: ...


@dataclass(slots=True)
class _Entry:
    """A provider and how it is."""

    provider: MusicProvider
    state: str = "ready"
    until_s: float = 0.0
    reason: Reason | None = None
    action: str = ""
    served: int = 0
    running: int = 0
    remote: bool = field(init=False)

    def __post_init__(self) -> None:
        self.remote = isinstance(self.provider, RemoteProvider)

    @property
    def name(self) -> str:
        return self.provider.name


class ProviderFallback:
    """Asks ``providers`` in their order until one has enough. ``clock``: seconds that never run backwards. Safe between
    threads. Providers without a network compute in ``run``: a long journey takes a tenth of a second."""

    def __init__(
        self,
        providers: Sequence[MusicProvider],
        *,
        budget_s: float = BUDGET_S,
        clock: Callable[[], float] = time.monotonic,
        observer: Observer | None = None,
        run: Runner = lambda function: function(),
        on_wish: Collection[str] = (),
    ):
        """``on_wish``: names of providers that are asked only for who chose them."""
        self._on_wish = frozenset(on_wish)
        self._run = run
        self._entries = [_Entry(provider) for provider in providers]
        self._budget_s = budget_s
        self._clock = clock
        self._lock = threading.Lock()  # held for moments only, never during a call to a provider
        self._started = False
        self._observer = observer or _NoObserver()
        for entry in self._entries:
            self._observer.cooldown(entry.name, 0.0, is_new=False)

    def start(self) -> None:
        """Call every provider behind a network once, in the background; later calls do nothing."""
        with self._lock:
            if self._started:
                return
            self._started = True
            entries = [entry for entry in self._entries if entry.remote and entry.name not in self._on_wish]
            for entry in entries:
                entry.state, entry.reason = "trying", Reason("probing")
        for entry in entries:
            threading.Thread(target=self._probe, args=(entry,), daemon=True, name=entry.name).start()

    def ask(self, request: TrackRequest, without: Collection[str] = (), wished: Sequence[str] = ()) -> TrackList:
        """From the first provider that has at least half of what is asked for, else from the one that has most.
        ``without``: names of providers that do not serve this listener; ``wished``: those that they chose, asked
        first, for whom one track is enough (a station never ends)."""
        ends_s = self._clock() + self._budget_s
        best: tuple[_Entry, list[Track]] | None = None
        reasons: dict[str, Reason] = {}
        entries = self._in_order(without, wished)
        for entry in entries:
            tracks, reason = self._ask(entry, request, ends_s)
            if len(tracks) > (len(best[1]) if best else 0):
                best = entry, tracks
            if 2 * len(tracks) >= request.n or (tracks and entry.name in wished):
                break
            reasons[entry.name] = reason
        self._observer.served(best[0].name if best else "none")
        if best is None:
            return TrackList(provider="", note=_note(reasons), tracks=(), reasons=tuple(reasons.items()))
        # Nothing to say where no other could have served.
        return self._served(*best, reasons, shown=len(entries) > 1)

    def _in_order(self, without: Collection[str], wished: Sequence[str]) -> list[_Entry]:
        """The entries that may be asked, those that the listener chose first."""
        may = [entry for entry in self._entries if entry.name not in without]
        first = [entry for entry in may if entry.name in wished]
        return first + [entry for entry in may if entry.name not in wished and entry.name not in self._on_wish]

    def status(self) -> tuple[ProviderStatus, ...]:
        """Every provider, in the order in which they are asked; those that nobody chose yet are left out."""
        asked = [entry for entry in self._entries if entry.name not in self._on_wish or entry.served or entry.reason]
        return tuple(self._status(entry) for entry in asked)

    def _served(self, entry: _Entry, tracks: list[Track], reasons: dict[str, Reason], *, shown: bool) -> TrackList:
        with self._lock:
            entry.served += 1
        others = {name: reason for name, reason in reasons.items() if name != entry.name}
        return TrackList(
            provider=entry.name,
            note=f"From {label_of(entry.name)}. {_note(others)}".rstrip() if shown else "",
            tracks=tuple(tracks),
            reasons=tuple(others.items()),
            shown=shown,
        )

    def _ask(self, entry: _Entry, request: TrackRequest, ends_s: float) -> tuple[list[Track], Reason]:
        """Its tracks, and why it does not serve where they are too few."""
        left_s = ends_s - self._clock()
        if (reason := self._why_not_now(entry, left_s)) is not None:
            return [], reason
        try:
            tracks = (
                call_with_timeout(left_s, lambda: self._call(entry, request))
                if entry.remote
                else self._run(lambda: self._call(entry, request))
            )
        except TimeoutError:
            self._observer.called(entry.name, "late")
            # A provider that got a fraction of the budget is not to blame for being late.
            cooldown_s = LATE_COOLDOWN_S if left_s > self._budget_s / 2 else 0.0
            return [], self._cool_down(entry, ProviderUnavailable("timeout", cooldown_s=cooldown_s))
        except Overloaded:
            raise
        except Exception as exc:
            self._observer.called(entry.name, _outcome(exc))
            if not entry.remote and not isinstance(exc, ProviderUnavailable):
                raise
            return [], self._cool_down(entry, exc)
        self._observer.called(entry.name, "answered" if tracks else "empty")
        return tracks, Reason("too_few" if tracks else "nothing_fits")

    def _why_not_now(self, entry: _Entry, left_s: float) -> Reason | None:
        """Why ``entry`` cannot be asked now; None where it can."""
        if not self._is_ready(entry):
            return entry.reason or Reason("probing")
        if entry.remote and entry.running >= MAX_RUNNING:
            return Reason("too_many_calls")
        if entry.remote and left_s < MIN_BUDGET_S:
            return Reason("no_time_left")
        return None

    def _call(self, entry: _Entry, request: TrackRequest) -> list[Track]:
        with self._lock:
            entry.running += 1
        try:
            return select(request, entry.provider.candidates(request))
        finally:
            with self._lock:
                entry.running -= 1

    def _probe(self, entry: _Entry) -> None:
        assert isinstance(entry.provider, RemoteProvider)
        try:
            entry.provider.probe()
        except Exception as exc:
            self._observer.called(entry.name, _outcome(exc))
            self._cool_down(entry, exc)
            return
        self._observer.called(entry.name, "answered")
        with self._lock:
            entry.state, entry.reason = "ready", None

    def _cool_down(self, entry: _Entry, exc: Exception) -> Reason:
        """Begin the cooldown that the fault asks for, and log it; returns the reason."""
        fault = _as_unavailable(entry, exc)
        reason = Reason(fault.code, fault.params)
        with self._lock:
            if entry.state == "off":  # another listener's call failed before
                return entry.reason or reason
            rested = entry.state == "resting" and self._clock() < entry.until_s
            entry.reason, entry.action = reason, fault.action
            entry.state = "off" if fault.cooldown_s is None else "resting" if fault.cooldown_s > 0 else "ready"
            entry.until_s = self._clock() + (fault.cooldown_s or 0.0)
            # Within the lock: the observer hears of two faults in the order in which they counted.
            is_new = entry.state in ("resting", "off") and not rested
            self._observer.cooldown(entry.name, fault.cooldown_s, is_new=is_new)
            state = entry.state
        pause = {
            "off": " Not asked again before a restart.",
            "resting": f" Left alone for {fault.cooldown_s or 0:.0f} s.",
        }
        action = f" {fault.action}".rstrip()
        log.warning("%s %s.%s%s", label_of(entry.name), reason.in_words(), action, pause.get(state, ""))
        return reason

    def _is_ready(self, entry: _Entry) -> bool:
        with self._lock:
            if entry.state == "resting" and self._clock() >= entry.until_s:
                entry.state, entry.reason, entry.action = "ready", None, ""
            return entry.state == "ready"

    def _status(self, entry: _Entry) -> ProviderStatus:
        self._is_ready(entry)
        with self._lock:
            return ProviderStatus(
                name=entry.name,
                state=entry.state,
                reason=_sentence(entry.name, entry.reason) if entry.reason else "",
                why=entry.reason,
                action=entry.action,
                rests_for_s=max(0.0, entry.until_s - self._clock()) if entry.state == "resting" else None,
                served=entry.served,
            )


def _outcome(exc: Exception) -> str:
    return "unavailable" if isinstance(exc, ProviderUnavailable) else "broken"


def _as_unavailable(entry: _Entry, exc: Exception) -> ProviderUnavailable:
    if isinstance(exc, ProviderUnavailable):
        return exc
    log.error("%s broke", label_of(entry.name), exc_info=exc)
    return ProviderUnavailable("broken", action="The log has the reason.", cooldown_s=BROKEN_COOLDOWN_S)


def _note(reasons: dict[str, Reason]) -> str:
    """One sentence for each provider and its reason."""
    return " ".join(_sentence(name, reason) for name, reason in reasons.items())


def _sentence(name: str, reason: Reason) -> str:
    text = f"{label_of(name)} {reason.in_words()}."
    return text[:1].upper() + text[1:]
