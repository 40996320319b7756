"""The live wire: Socket.IO's namespace /live. A frame comes, its reading is the acknowledgement.

In: events of one browser. Out: acknowledgements as design.md names them, also after a fault. Per connection it holds
one Listener; nothing of it outlives the connection, and no picture outlives its reading.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable

from flask import request
from flask_socketio import ConnectionRefusedError, Namespace, SocketIO

from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.errors import BadFrame, BadRequest, Busy, Full, ListenerFault, NoMood, Overloaded, ServerFault
from feelharmonic.music import MusicService, is_track_id
from feelharmonic.reading import Mood, Networks
from feelharmonic.web.i18n import chosen_language, note_in, words_in
from feelharmonic.web.listener import Listener
from feelharmonic.web.monitoring.metrics import Metrics
from feelharmonic.web.problems import problem_fields
from feelharmonic.web.schemas import _count, _fields, _is_whole, _mood, _number, _one_of, _probabilities, _wishes
from feelharmonic.web.serializers import nothing_read, path_fields, reading_fields, track_fields
from feelharmonic.web.serving.capacity import cores
from feelharmonic.web.serving.in_flight import InFlight
from feelharmonic.web.serving.inference_queue import InferenceQueue

log = logging.getLogger(__name__)


NAMESPACE = "/live"

EXTENSION = "feelharmonic_live"

#: A listener who sends a frame while one is being read waits so long before the next.
BUSY_WAIT_MS = 100

#: Who comes so much sooner than they were told is read all the same: clocks and timers differ a little.
EARLY_S = 0.02

#: A listener whose server is being stopped waits so long: by then it is gone, and the page connects anew.
LEAVING_WAIT_MS = 1000

#: An address that sent too much this minute waits so long before its next frame.
OFTEN_WAIT_MS = 5000

#: A listener for whom there is no room asks again so much later.
FULL_WAIT_MS = 5000

#: How often is looked whether the server keeps up.
TICK_S = 0.1

#: Handlers of what no page sends by name.
NOT_SENT = ("on_connect", "on_disconnect", "on_unknown")


def bind(
    socketio: SocketIO,
    parts: Networks,
    jukebox: MusicService,
    *,
    max_listeners: int,
    admits: Callable[[str], bool] = lambda who: True,
    figures: Metrics | None = None,
    inference_queue: InferenceQueue | None = None,
    in_flight: InFlight | None = None,
    is_draining: Callable[[], bool] = lambda: False,
) -> Live:
    """Put the namespace on ``socketio``; the Live returned tells who listens. ``admits``: whether one more event of
    an address is welcome; ``inference_queue``: reads the frames; ``in_flight``: counts events; ``is_draining``:
    whether the server shuts down and reads no more frames."""
    live = Live(
        parts,
        jukebox,
        max_listeners=max_listeners,
        admits=admits,
        figures=figures,
        inference_queue=inference_queue,
        in_flight=in_flight,
        is_draining=is_draining,
    )
    socketio.on_namespace(live)
    return live


def counting(handler: Callable) -> Callable:
    """Count what ``handler`` refuses, by the code in its answer."""

    @functools.wraps(handler)
    def counted(self: Live, *args: object) -> dict:
        answer = handler(self, *args)
        if answer["problem"]:
            self._figures.refused(answer["problem"]["code"])
        return answer

    return counted


def answering(handler: Callable) -> Callable:
    """Count the event, then turn what ``handler`` raises into an answer with a ``problem``: the connection survives."""

    @counting
    @functools.wraps(handler)
    def answer(self: Live, *args: object) -> dict:
        try:
            self.count_event()
            return handler(self, *args)
        except ListenerFault as fault:
            return {"ok": False, "problem": problem_fields(fault)}
        except Exception:
            log.exception("%s failed", handler.__name__)
            return {"ok": False, "problem": problem_fields(_server_fault())}

    return answer


class Live(Namespace):
    """The handlers of /live. ``clock`` gives seconds that never run backwards."""

    def __init__(
        self,
        parts: Networks,
        jukebox: MusicService,
        *,
        max_listeners: int,
        admits: Callable[[str], bool] = lambda who: True,
        figures: Metrics | None = None,
        inference_queue: InferenceQueue | None = None,
        in_flight: InFlight | None = None,
        is_draining: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ):
        super().__init__(NAMESPACE)
        self._parts = parts
        self._jukebox = jukebox
        self._max_listeners = max_listeners
        self._admits = admits
        self._figures = figures or Metrics()
        self._inference_queue = inference_queue or InferenceQueue(cores())
        self._in_flight = in_flight or InFlight()
        self._is_draining = is_draining
        self._clock = clock
        self._wall_clock = wall_clock
        self._listeners: dict[str, Listener] = {}
        self._waiting: set[str] = set()
        # Connects, drops and admissions run in several threads: a dropped connection must never be admitted again.
        self._door = threading.Lock()
        self._keeps_time = False

    def on_connect(self, auth: object = None) -> None:
        if not self._in_turn():
            fault = _too_often()
            self._figures.refused(fault.code)
            raise ConnectionRefusedError(fault.text)
        with self._door:
            self._waiting.add(request.sid)
            starts_clock, self._keeps_time = not self._keeps_time, True
        if starts_clock:
            self.socketio.start_background_task(self._keep_time)
        self._admitted()

    def _keep_time(self) -> None:
        """While anybody is here: tells how late the loop is."""
        while True:
            due_s = self._clock() + TICK_S
            self.socketio.sleep(TICK_S)
            late_s = self._clock() - due_s
            with self._door:
                if not self._listeners and not self._waiting:
                    self._keeps_time = False
                    return
            self._inference_queue.tick(late_s)

    def on_disconnect(self, reason: object = None) -> None:
        with self._door:
            self._waiting.discard(request.sid)
            self._listeners.pop(request.sid, None)
            self._figures.listeners.set(len(self._listeners))

    @counting
    def on_frame(self, *args: object) -> dict:
        """frame(seq, picture) → what it shows, or what is wrong with it."""
        seq = args[0] if args and _is_whole(args[0]) else None
        listener = self._admitted()
        try:
            if not self._in_turn():
                return nothing_read(seq, self._mood(listener), problem_fields(_too_often()), OFTEN_WAIT_MS)
            if seq is None:
                raise BadRequest(
                    "Expected frame(seq, picture) with a whole number as seq.", "Number the frames from 0."
                )
            if listener is None:
                return nothing_read(seq, None, problem_fields(self._full()), FULL_WAIT_MS)
            if self._is_draining():
                raise Overloaded(LEAVING_WAIT_MS)
            # Who does not wait as told would be read in the others' time.
            early_s = listener.welcome_s - self._clock()
            if early_s > EARLY_S:
                raise Overloaded(round(early_s * 1000))
            reading = self._read(listener, args[1] if len(args) > 1 else None)
        except Overloaded as fault:
            wait_ms = self._told(listener, fault.wait_ms)
            return nothing_read(seq, self._mood(listener), problem_fields(fault), wait_ms)
        except Busy as fault:
            return nothing_read(seq, self._mood(listener), problem_fields(fault), BUSY_WAIT_MS)
        except ListenerFault as fault:
            return nothing_read(seq, self._mood(listener), problem_fields(fault), 0)
        except Exception:
            # The traceback names code and lines, never the picture.
            log.exception("frame failed")
            return nothing_read(seq, self._mood(listener), problem_fields(_server_fault()), BUSY_WAIT_MS)
        self._figures.frames.inc()
        wait_ms = self._told(listener, self._inference_queue.retry_after_ms())
        return {"seq": seq, **reading_fields(reading), "problem": None, "wait_ms": wait_ms}

    def _told(self, listener: Listener, wait_ms: int) -> int:
        """``wait_ms``, which the listener is told: sooner than that none of their frames is read."""
        listener.welcome_s = self._clock() + wait_ms / 1000
        return wait_ms

    @counting
    def on_snap(self, *args: object) -> dict:
        """snap({emotion?, goal?, n?, wishes?}) → tracks for that emotion, or for the mood of the moment."""
        emotion = goal = None
        try:
            self.count_event()
            listener = self._listener()
            wish = _fields(args, {"emotion", "goal", "n", "wishes"})
            emotion = _one_of("emotion", wish.get("emotion"), EMOTIONS) or self._emotion_now(listener)
            goal = _one_of("goal", wish.get("goal"), GOALS) or listener.goal
            playlist = self._jukebox.playlist(
                emotion=emotion,
                goal=goal,
                n=_count(wish.get("n")),
                given=listener.given,
                liked=listener.liked,
                disliked=listener.disliked,
                chance=listener.chance,
                wishes=_wishes(wish.get("wishes")),
            )
            for track in playlist.tracks:
                listener.given.add(track.id)
            return {
                "emotion": emotion,
                "goal": goal,
                "provider": playlist.provider,
                "note": note_in(words_in(chosen_language()), playlist),
                "tracks": [track_fields(track) for track in playlist.tracks],
                "path": path_fields(self._jukebox.steps(emotion, goal, len(playlist.tracks)), playlist.tracks),
                "problem": None,
            }
        except ListenerFault as fault:
            problem = problem_fields(fault)
        except Exception:
            log.exception("snap failed")
            problem = problem_fields(_server_fault())
        nothing = {"provider": None, "note": "", "tracks": [], "path": []}
        return {"emotion": emotion, "goal": goal, **nothing, "problem": problem}

    @answering
    def on_goal(self, *args: object) -> dict:
        """goal({goal}): what later snaps lead to."""
        wish = _fields(args, {"goal"})
        goal = _one_of("goal", wish.get("goal"), GOALS)
        if goal is None:
            raise BadRequest(f"Expected goal to be one of {', '.join(GOALS)}, got nothing.", "Name a goal.")
        self._listener().goal = goal
        return {"ok": True, "problem": None}

    @answering
    def on_baseline(self, *args: object) -> dict:
        """baseline({probabilities | null}): the listener's resting face, held for this connection only."""
        value = _fields(args, {"probabilities"}).get("probabilities")
        baseline = None if value is None else _probabilities(value)
        listener = self._listener()
        with listener.reading:
            listener.pipeline.set_baseline(baseline)
        return {"ok": True, "problem": None}

    @answering
    def on_group(self, *args: object) -> dict:
        """group({on}): read everybody in view as one, or the largest face alone."""
        on = _fields(args, {"on"}).get("on")
        if not isinstance(on, bool):
            raise BadRequest("Expected on to be true or false.", "Send true to read everybody in view.")
        listener = self._listener()
        with listener.reading:
            listener.pipeline.read_group(on)
        return {"ok": True, "problem": None}

    @answering
    def on_resume(self, *args: object) -> dict:
        """resume({mood, at_s}): go on with the mood that the page held at ``at_s`` (Unix seconds)."""
        wish = _fields(args, {"mood", "at_s"})
        age_s = max(0.0, self._wall_clock() - _number("at_s", wish.get("at_s"), 0, 1e11))
        listener = self._listener()
        if wish.get("mood") is not None:
            mood = _mood(wish["mood"])
            if age_s < self._parts.params.smoothing.lost_after_s:
                with listener.reading:
                    listener.pipeline.resume(mood, self._clock())
        return {"ok": True, "problem": None}

    @answering
    def on_feedback(self, *args: object) -> dict:
        """feedback({id, like}): more like this, or not this; held for this connection only."""
        wish = _fields(args, {"id", "like"})
        track_id, like = wish.get("id"), wish.get("like")
        if not is_track_id(track_id):
            raise BadRequest("Expected id to be a track's id (22 letters and digits).", "Send the id of a card.")
        if not isinstance(like, bool):
            raise BadRequest("Expected like to be true or false.", "Send true for more like this, false for not this.")
        listener = self._listener()
        (listener.liked if like else listener.disliked).add(track_id)
        (listener.disliked if like else listener.liked).discard(track_id)
        return {"ok": True, "problem": None}

    def trigger_event(self, event: str, *args: object) -> object:
        """As Flask-SocketIO does; events that nobody knows are counted and answered, too."""
        with self._in_flight.counted():
            return super().trigger_event(event if hasattr(self, f"on_{event}") else "unknown", *args)

    @answering
    def on_unknown(self, *args: object) -> dict:
        """What came under no name that is known here."""
        names = ", ".join(name[3:] for name in dir(self) if name.startswith("on_") and name not in NOT_SENT)
        raise BadRequest("Expected an event of this wire, got another name.", f"Send one of {names}.")

    def count_event(self) -> None:
        """Raises Busy where this event's address has sent too much."""
        if not self._in_turn():
            raise _too_often()

    def _in_turn(self) -> bool:
        """Count this event; whether its address may send it."""
        return self._admits(request.remote_addr or "")

    def _admitted(self) -> Listener | None:
        """This connection's Listener; made now if it waited and there is room, None while there is none."""
        with self._door:
            if request.sid in self._waiting and len(self._listeners) < self._max_listeners:
                self._waiting.discard(request.sid)
                self._listeners[request.sid] = Listener(self._parts)
                self._figures.listeners.set(len(self._listeners))
            return self._listeners.get(request.sid)

    def _listener(self) -> Listener:
        listener = self._admitted()
        if listener is None:
            raise self._full()
        return listener

    def _read(self, listener: Listener, picture: object):
        if picture is None:
            raise BadFrame("Expected the bytes of a picture, got none.", "Send a JPEG, PNG or WebP picture as binary.")
        if not listener.reading.acquire(blocking=False):
            raise Busy("Your last frame is still being read.", "Send the next frame after its answer.")
        try:
            return self._inference_queue.run(lambda: listener.pipeline.see(picture, self._clock()))
        finally:
            stages, listener.stages = listener.stages, []
            listener.reading.release()
            for stage, seconds in stages:
                self._figures.stage.labels(stage).observe(seconds)

    def _mood(self, listener: Listener | None) -> Mood | None:
        return listener.pipeline.mood(self._clock()) if listener else None

    def _emotion_now(self, listener: Listener) -> str:
        mood = self._mood(listener)
        if mood is None:
            raise NoMood("No mood holds yet.", "Look into the camera for a moment, or pick a mood by hand.")
        return mood.emotion

    def _full(self) -> Full:
        return Full(
            f"All {self._max_listeners} places are taken.",
            "The page tries again by itself, and goes on as soon as somebody leaves.",
        )


def _too_often() -> Busy:
    return Busy("Too much came from your address this minute.", "Wait a little; the page goes on by itself.")


def _server_fault() -> ServerFault:
    return ServerFault("Something broke on the server.", "Try again; whoever runs it finds the reason in its log.")
