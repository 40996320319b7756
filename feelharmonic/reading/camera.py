"""A camera on the server, or a video file → annotated pictures and the mood in front of it.

Two threads: one takes pictures as fast as the source gives them and keeps only the newest, the other reads the newest
at a fixed rate. A source that fails is opened again after increasing waits. Nothing is written to disk.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from feelharmonic.emotions import guess_of
from feelharmonic.params import Params
from feelharmonic.reading.messages import Frame, Reading
from feelharmonic.reading.networks import Networks
from feelharmonic.reading.pipeline import Pipeline

log = logging.getLogger(__name__)

#: Seconds to wait before a failed source is opened again; the last one repeats.
RETRY_WAITS_S = (0.5, 1.0, 2.0, 5.0, 10.0)

#: Without a picture for this time a camera counts as lost: the mood that it showed is over.
SILENT_AFTER_S = 5.0

#: A stream that is silent for this time while it is opened or read is opened again. OpenCV's own is half a minute.
STREAM_TIMEOUT_MS = 8000

#: How long `stop` waits for both threads together.
STOP_WAIT_S = 1.0

#: Pictures are read and shown with a longer side of at most this.
SIDE_PX = 640

JPEG_QUALITY = 80

#: Frame rate of a file that does not state its own.
DEFAULT_RATE_HZ = 25.0


class Source(Protocol):
    """The part of OpenCV's VideoCapture that is used here."""

    def isOpened(self) -> bool: ...
    def read(self) -> tuple[bool, np.ndarray | None]: ...
    def get(self, what: int) -> float: ...
    def release(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraState:
    """The newest picture's result. ``state``: "waiting" (no picture yet), "seeing", "lost" or "ended"; ``number`` grows
    with every change; ``jpeg`` is the annotated picture, None before the first."""

    number: int
    state: str
    jpeg: bytes | None
    reading: Reading | None


def open_source(name: str) -> Source:
    """The camera with that number, or the file or address of that name."""
    if "://" in name:
        limits = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC)
        source = cv2.VideoCapture(
            name, cv2.CAP_FFMPEG, [value for limit in limits for value in (limit, STREAM_TIMEOUT_MS)]
        )
    else:
        source = cv2.VideoCapture(int(name) if name.isdigit() else name)
    source.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return source


class CameraReader:
    """Reads the source ``name`` (a camera's number, a file or a stream's address) until it is stopped.

    ``rate_hz``: pictures read a second at most; ``once``: a file is played once instead of in a loop; ``group``:
    everybody in view makes the mood, not the largest face alone.
    """

    def __init__(
        self,
        networks: Networks,
        name: str,
        *,
        rate_hz: float = 5.0,
        group: bool = False,
        once: bool = False,
        open_source: Callable[[str], Source] = open_source,
        retry_waits_s: tuple[float, ...] = RETRY_WAITS_S,
        silent_after_s: float = SILENT_AFTER_S,
    ):
        self._params: Params = networks.params
        self._pipeline = Pipeline(networks)
        self._pipeline.read_group(group)
        self._name = name
        self._is_file = not name.isdigit() and Path(name).is_file()
        self._period_s = 1 / rate_hz
        self._once = once
        self._open = open_source
        self._retry_waits_s = retry_waits_s
        self._silent_after_s = silent_after_s
        self._changed = threading.Condition()
        self._newest: np.ndarray | None = None
        self._state = CameraState(number=0, state="waiting", jpeg=None, reading=None)
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._take, self._read)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End both threads and release the source.

        A source that stays silent blocks its thread inside OpenCV for up to half a minute: after STOP_WAIT_S that
        daemon thread is left to end with the program.
        """
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        until_s = time.monotonic() + STOP_WAIT_S
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))

    def newest(self, after: int = -1, timeout_s: float = 0.0) -> CameraState:
        """The newest state; waits up to ``timeout_s`` seconds for one with a number above ``after``."""
        with self._changed:
            self._changed.wait_for(lambda: self._state.number > after or self._stopping.is_set(), timeout_s)
            return self._state

    def _take(self) -> None:
        """The first thread: takes pictures from the source and keeps the newest."""
        failures = 0
        while not self._stopping.is_set():
            source = self._open(self._name)
            got = self._taken_from(source) if source.isOpened() else 0
            source.release()
            if self._stopping.is_set():
                return
            if self._is_file and got:
                if self._once:
                    self._set(state="ended")
                    return
                continue
            failures = 0 if got else failures
            wait_s = self._retry_waits_s[min(failures, len(self._retry_waits_s) - 1)]
            log.warning("The camera gives no picture. Next attempt in %.1f s.", wait_s)
            self._set(state="lost")
            failures += 1
            self._stopping.wait(wait_s)

    def _taken_from(self, source: Source) -> int:
        """Take pictures until the source ends; returns their number. A file is played at its own rate."""
        stated_hz = source.get(cv2.CAP_PROP_FPS) if self._is_file else 0.0
        period_s = 1 / (stated_hz if 1 <= stated_hz <= 240 else DEFAULT_RATE_HZ) if self._is_file else 0.0
        count, due_s = 0, time.monotonic()
        while not self._stopping.is_set():
            ok, picture = source.read()
            if not ok or picture is None:
                break
            count += 1
            with self._changed:
                self._newest = picture
                self._changed.notify_all()
            due_s += period_s
            self._stopping.wait(max(0.0, due_s - time.monotonic()))
        return count

    def _read(self) -> None:
        """The second thread: reads the newest picture at the rate, and says when none has come for a while."""
        while not self._stopping.is_set():
            began_s = time.monotonic()
            with self._changed:
                ready = lambda: self._newest is not None or self._stopping.is_set()  # noqa: E731
                self._changed.wait_for(ready, self._silent_after_s)
                picture, self._newest = self._newest, None
            if picture is not None:
                self._read_picture(shrunk(picture))
            elif not self._stopping.is_set():
                self._say_silent()
            self._stopping.wait(max(0.0, self._period_s - (time.monotonic() - began_s)))

    def _say_silent(self) -> None:
        """Nothing holds of what was seen before a silence; a file that has ended is no lost camera."""
        if self._state.state == "ended" or (self._state.state == "lost" and self._state.reading is None):
            return
        log.warning("No picture from the camera for %.0f s. Still trying.", self._silent_after_s)
        self._set(state="lost", reading=None)

    def _read_picture(self, picture_bgr: np.ndarray) -> None:
        reading = self._pipeline.see_frame(Frame(pixels_bgr=picture_bgr), time.monotonic())
        shown = annotated(picture_bgr, reading, self._params)
        jpeg = cv2.imencode(".jpg", shown, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
        self._set(state="seeing", jpeg=jpeg, reading=reading)

    def _set(self, **changes: Any) -> None:
        """Replace these fields of the state, and wake the threads that wait for it."""
        with self._changed:
            self._state = replace(self._state, number=self._state.number + 1, **changes)
            self._changed.notify_all()


def shrunk(picture_bgr: np.ndarray) -> np.ndarray:
    """``picture_bgr`` with a longer side of at most SIDE_PX."""
    scale = SIDE_PX / max(picture_bgr.shape[:2])
    if scale >= 1:
        return picture_bgr
    return cv2.resize(picture_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def annotated(picture_bgr: np.ndarray, reading: Reading, params: Params) -> np.ndarray:
    """A copy with a box around each face and the mood in its colour."""
    shown: np.ndarray = picture_bgr.copy()
    mood = reading.mood
    colour = colour_bgr(params.emotions[mood.emotion].colour.glow) if mood else (255, 255, 255)
    for number, seen in enumerate(reading.faces):
        x, y, width, height = (round(value) for value in seen.face.box)
        leads = number == 0 or reading.group is not None
        cv2.rectangle(shown, (x, y), (x + width, y + height), colour if leads else (200, 200, 200), 3 if leads else 1)
    if mood:
        sure = mood.probabilities is None or guess_of(mood.probabilities, mood.emotion).is_sure
        text = f"{mood.emotion} {mood.confidence:.0%}" if sure else f"{mood.emotion}? not sure"
        for thickness, text_colour in ((5, (0, 0, 0)), (2, colour)):  # an outline keeps it legible
            position = (12, shown.shape[0] - 16)
            cv2.putText(shown, text, position, cv2.FONT_HERSHEY_SIMPLEX, 0.9, text_colour, thickness, cv2.LINE_AA)
    return shown


def colour_bgr(text: str) -> tuple[int, int, int]:
    """#rrggbb → blue, green, red, 0..255."""
    red, green, blue = (int(text[i : i + 2], 16) for i in (1, 3, 5))
    return blue, green, red
