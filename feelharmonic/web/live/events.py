"""The Socket.IO namespace /live: a frame comes, its reading is the acknowledgement.

In: events of one browser. Out: acknowledgements (docs/development.md names the files that make them), also after a
fault. Each connection has one Listener; nothing of it outlives the connection, and no picture outlives its reading.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import request
from flask_socketio import ConnectionRefusedError, Namespace

from feelharmonic.errors import (
    BadFrame,
    BadRequest,
    Busy,
    Full,
    ListenerFault,
    NoMood,
    Overloaded,
    RateLimited,
    ServerFault,
)
from feelharmonic.music import MusicService, TrackList, Wishes
from feelharmonic.reading import Mood, Networks, Reading, is_quick_frame
from feelharmonic.web.i18n import chosen_language, note_in, words_in
from feelharmonic.web.live.listener import Listener
from feelharmonic.web.monitoring.metrics import Metrics
from feelharmonic.web.own_music.audience import barred_providers
from feelharmonic.web.problems import answering, counting, problem_fields
from feelharmonic.web.schemas import (
    BASELINE,
    DEFAULT_TRACKS,
    DEVICE,
    FEEDBACK,
    GOAL,
    GROUP,
    RESUME,
    SNAP,
    feeling_of,
    read_event,
    sequence_number,
)
from feelharmonic.web.security.rate_limits import EVENT_COST, TRACK_COST, ConnectionRates, RateLimiter, client_network
from feelharmonic.web.serializers import nothing_read, path_fields, reading_fields, track_fields, wished_fields
from feelharmonic.web.serving.capacity import cores
from feelharmonic.web.serving.in_flight import InFlight
from feelharmonic.web.serving.inference_queue import InferenceQueue
from feelharmonic.web.serving.places import Places
from feelharmonic.web.serving.timeouts import Timeouts

log = logging.getLogger(__name__)


NAMESPACE = "/live"

#: A frame that comes this much sooner than allowed is read all the same: clocks and timers differ a little.
EARLY_S = 0.02

#: The wait that listeners are given while the server is shutting down: the page then connects anew.
SHUTDOWN_WAIT_MS = 1000

#: How often is looked whether the server keeps up.
TICK_S = 0.1

#: Handlers of what no page sends by name.
NOT_SENT = ("on_connect", "on_disconnect", "on_unknown")


class Live(Namespace):
    """The handlers of /live. ``share``, ``idle_s``: see `Places`. ``disconnect`` ends a connection by Engine.IO's id of
    it. ``clock`` gives seconds that never run backwards."""

    def __init__(
        self,
        networks: Networks,
        music: MusicService,
        *,
        max_listeners: int,
        limiter: RateLimiter,
        metrics: Metrics | None = None,
        queue: InferenceQueue | None = None,
        in_flight: InFlight | None = None,
        is_draining: Callable[[], bool] = lambda: False,
        share: float = 1.0,
        idle_s: float = Timeouts().idle_s,
        disconnect: Callable[[str], None] = lambda connection: None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ):
        super().__init__(NAMESPACE)
        self._networks = networks
        self._music = music
        self._max_listeners = max_listeners
        self._disconnect = disconnect
        self._rates = ConnectionRates(limiter)
        self.metrics = metrics or Metrics()
        self._queue = queue or InferenceQueue(cores())
        self._in_flight = in_flight or InFlight()
        self._is_draining = is_draining
        self._clock = clock
        self._wall_clock = wall_clock
        self._listeners: dict[str, Listener] = {}  # by connection, also of those that wait for a place
        self._places = Places(
            max_listeners,
            share=share,
            idle_s=idle_s,
            changed=self.metrics.listeners.set,
            clock=lambda: self._clock(),
        )
        self._lock = threading.Lock()  # connects and drops run in several threads
        self._keeps_time = False

    def on_connect(self, auth: object = None) -> None:
        if not self._in_turn():
            fault = RateLimited()
            self.metrics.refused(fault.code)
            raise ConnectionRefusedError(fault.text)
        self._rates.join(connection_id(), request.remote_addr or "")
        with self._lock:
            network = client_network()
            self._listeners[connection_id()] = Listener(self._networks, self.metrics.note_stage, network=network)
            self._places.join(connection_id(), network)
            starts_clock, self._keeps_time = not self._keeps_time, True
        if starts_clock:
            self.socketio.start_background_task(self._keep_time)
        self._admitted()

    def _keep_time(self) -> None:
        """While anybody is here: tells how late the loop is, and settles what was counted in memory."""
        while True:
            due_s = self._clock() + TICK_S
            self.socketio.sleep(TICK_S)
            late_s = self._clock() - due_s
            self.metrics.add_up()
            with self._lock:
                if not self._listeners:
                    self._keeps_time = False
                    return
            self._queue.tick(late_s)
            self._rates.settle()

    def on_disconnect(self, reason: object = None) -> None:
        with self._lock:
            self._listeners.pop(connection_id(), None)
            self._places.leave(connection_id())
        self._rates.leave(connection_id())

    def disconnect_longest_idle(self) -> bool:
        """Disconnect the connection that was idle longest. Returns whether any was idle."""
        idle = self._places.longest_idle()
        if idle is None:
            return False
        self._places.leave(idle)  # at once: the next caller gets another one
        self._disconnect(self.socketio.server.manager.eio_sid_from_sid(idle, NAMESPACE))
        return True

    @counting
    def on_frame(self, connection: str, *args: object) -> dict:
        """frame(seq, picture) → what it shows, or what is wrong with it. Without Flask's context, which takes time."""
        seq = sequence_number(args[0]) if args else None
        listener = self._listeners.get(connection) if self._places.admits(connection) else None
        fault: ListenerFault
        try:
            if not self._rates.allows(connection, ""):
                raise RateLimited
            allowed = self._allowed(listener, seq)
            reading = self._read(allowed, args[1] if len(args) > 1 else None)
        except ListenerFault as exc:
            fault = exc
        except Exception:
            # The traceback names code and lines, never the picture.
            log.exception("frame failed")
            fault = ServerFault()
        else:
            self.metrics.note_frame()
            wait_ms = self._held_back(allowed, self._queue.retry_after_ms(allowed.network))
            return {"seq": seq, **reading_fields(reading), "problem": None, "wait_ms": wait_ms}
        if listener and isinstance(fault, Overloaded):
            self._held_back(listener, fault.wait_ms)
        return nothing_read(seq, self._mood(listener), problem_fields(fault), fault.wait_ms)

    def _allowed(self, listener: Listener | None, seq: int | None) -> Listener:
        """``listener``, where one more frame of theirs may be read now; raises a ListenerFault where it may not."""
        if seq is None:
            raise BadRequest("Expected frame(seq, picture) with a whole number as seq.", "Number the frames from 0.")
        if listener is None:
            raise self._full()
        if self._is_draining():
            raise Overloaded(SHUTDOWN_WAIT_MS)
        # Frames that come before their time would be read in the others' time.
        early_s = listener.next_frame_s - self._clock()
        if early_s > EARLY_S:
            raise Overloaded(round(early_s * 1000))
        return listener

    def _held_back(self, listener: Listener, wait_ms: int) -> int:
        """``wait_ms``, as the answer holds it: the listener's next frame is not read sooner."""
        listener.next_frame_s = self._clock() + wait_ms / 1000
        return wait_ms

    @counting
    def on_snap(self, *args: object) -> dict:
        """snap({emotion?, goal?, n?, wishes?, probabilities?, valence?, arousal?, after?}) → tracks for that emotion,
        or for the mood of the moment; ``probabilities``: of the reading that the emotion was the strongest of;
        ``after``: {valence, energy} of the track that plays before them."""
        emotion = goal = None
        try:
            self.count_event()
            listener = self._listener()
            wish = read_event(SNAP, args)
            emotion = wish["emotion"] or self._emotion_now(listener)
            goal = wish["goal"] or listener.goal
            n = wish["n"] or DEFAULT_TRACKS
            wishes = wish["wishes"] or Wishes()
            self.count_event(TRACK_COST * n)
            playlist = self._list(
                listener,
                emotion=emotion,
                goal=goal,
                n=n,
                given=listener.given,
                liked=listener.liked,
                disliked=listener.disliked,
                chance=listener.chance,
                wishes=wishes,
                probabilities=wish["probabilities"] or (None if wish["emotion"] else self._probabilities(listener)),
                feeling=feeling_of(wish),
                after=wish["after"],
                wished=wish["sources"],
            )
            for track in playlist.tracks:
                listener.given.add(track.id)
            return {
                "emotion": emotion,
                "goal": goal,
                "provider": playlist.provider,
                "note": note_in(words_in(chosen_language()), playlist),
                "tracks": [track_fields(track) for track in playlist.tracks],
                "path": path_fields(playlist.steps, playlist.tracks),
                "wished": wished_fields(playlist.tracks, wishes),
                "also": playlist.also,
                "stays": playlist.stays,
                "problem": None,
            }
        except ListenerFault as fault:
            problem = problem_fields(fault)
        except Exception:
            log.exception("snap failed")
            problem = problem_fields(ServerFault())
        nothing: dict = {"provider": None, "note": "", "also": None, "stays": False}
        nothing |= {name: [] for name in ("tracks", "path", "wished")}
        return {"emotion": emotion, "goal": goal, **nothing, "problem": problem}

    @answering
    def on_goal(self, *args: object) -> dict:
        """goal({goal}): what later snaps lead to."""
        goal = read_event(GOAL, args)["goal"]
        self._listener().goal = goal
        return {"ok": True, "problem": None}

    @answering
    def on_baseline(self, *args: object) -> dict:
        """baseline({probabilities | null}): the listener's resting face, held for this connection only."""
        baseline = read_event(BASELINE, args)["probabilities"]
        listener = self._listener()
        with listener.reading:
            listener.pipeline.set_baseline(baseline)
        return {"ok": True, "problem": None}

    @answering
    def on_group(self, *args: object) -> dict:
        """group({on}): read everybody in view as one, or the largest face alone."""
        on = read_event(GROUP, args)["on"]
        listener = self._listener()
        with listener.reading:
            listener.pipeline.read_group(on)
        return {"ok": True, "problem": None}

    @answering
    def on_device(self, *args: object) -> dict:
        """device({on}): the browser reads faces by itself; its place stays its own while it is quiet."""
        on = read_event(DEVICE, args)["on"]
        self._listener()
        self._places.set_on_device(connection_id(), on)
        return {"ok": True, "problem": None}

    @answering
    def on_resume(self, *args: object) -> dict:
        """resume({mood, at_s}): go on with the mood that the page held at ``at_s`` (Unix seconds)."""
        wish = read_event(RESUME, args)
        age_s = max(0.0, self._wall_clock() - wish["at_s"])
        listener = self._listener()
        if wish["mood"] is not None and age_s < self._networks.params.smoothing.lost_after_s:
            with listener.reading:
                listener.pipeline.resume(wish["mood"], self._clock())
        return {"ok": True, "problem": None}

    @answering
    def on_feedback(self, *args: object) -> dict:
        """feedback({id, like}): more like this, or not this; held for this connection only."""
        wish = read_event(FEEDBACK, args)
        track_id, like = wish["id"], wish["like"]
        listener = self._listener()
        (listener.liked if like else listener.disliked).add(track_id)
        (listener.disliked if like else listener.liked).discard(track_id)
        return {"ok": True, "problem": None}

    def trigger_event(self, event: str, *args: object) -> object:
        """As Flask-SocketIO does; events that nobody knows are counted and answered, too."""
        with self._in_flight.counted():
            if event == "frame":
                return self.on_frame(*args)
            return super().trigger_event(event if hasattr(self, f"on_{event}") else "unknown", *args)

    @answering
    def on_unknown(self, *args: object) -> dict:
        """What came under no name that is known here."""
        names = ", ".join(name[3:] for name in dir(self) if name.startswith("on_") and name not in NOT_SENT)
        raise BadRequest("Expected a known event, got another name.", f"Send one of {names}.")

    def count_event(self, cost: int = EVENT_COST) -> None:
        """Count an event of this address. Raises RateLimited where it has sent too many."""
        if not self._in_turn(cost):
            raise RateLimited

    def count_list(self, n: int) -> None:
        """Count a list of ``n`` tracks asked for by HTTP, which costs as much as by an event. Raises RateLimited."""
        if not self._rates.allows("", request.remote_addr or "unknown", TRACK_COST * n):
            raise RateLimited

    def _in_turn(self, cost: int = EVENT_COST) -> bool:
        """Count this event; whether its address may send it."""
        return self._rates.allows(connection_id(), request.remote_addr or "", cost)

    def _admitted(self) -> Listener | None:
        """This connection's Listener, if it holds a place or gets one now, else None."""
        is_admitted = self._places.admits(connection_id())
        return self._listeners.get(connection_id()) if is_admitted else None

    def _listener(self) -> Listener:
        listener = self._admitted()
        if listener is None:
            raise self._full()
        return listener

    def _list(self, listener: Listener, **wanted: Any) -> TrackList:
        """A list for ``listener``, one at a time."""
        if not listener.choosing.acquire(blocking=False):
            raise Busy("Your last list is still being chosen.", "Ask for the next one after its answer.")
        try:
            return self._music.playlist(**wanted, without=barred_providers())
        finally:
            listener.choosing.release()

    def _read(self, listener: Listener, picture: Any) -> Reading:
        if picture is None:
            raise BadFrame("Expected the bytes of a picture, got none.", "Send a JPEG, PNG or WebP picture as binary.")
        if not listener.reading.acquire(blocking=False):
            raise Busy("Your last frame is still being read.", "Send the next frame after its answer.")
        try:
            return self._queue.run(
                lambda: listener.pipeline.see(picture, self._clock()),
                listener.network,
                is_quick=is_quick_frame(picture),
            )
        finally:
            listener.reading.release()

    def _mood(self, listener: Listener | None) -> Mood | None:
        return listener.pipeline.mood(self._clock()) if listener else None

    def _probabilities(self, listener: Listener) -> tuple[float, ...] | None:
        """The listener's of the moment, averaged over a while; None where nothing was read yet."""
        with listener.reading:
            expression = listener.pipeline.expression
        return None if expression is None else expression.probabilities

    def _emotion_now(self, listener: Listener) -> str:
        mood = self._mood(listener)
        if mood is None:
            raise NoMood("No mood holds yet.", "Look into the camera for a moment, or pick a mood by hand.")
        return mood.emotion

    def _full(self) -> Full:
        return Full(
            f"All {self._max_listeners} places, or your IP address's share of them, are taken.",
            "The page tries again by itself, and goes on as soon as somebody leaves.",
        )


def connection_id() -> str:
    """Socket.IO's id of the connection whose event is being handled."""
    return request.sid  # type: ignore[attr-defined]  # Flask-SocketIO sets it
