"""Processor time by layer, counted inside a server: functions of the program are wrapped, each counts its own time.

Only functions that never wait are wrapped: a thread's processor time then belongs to the frame that it works on.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

#: The layers that are counted, in the order of a frame's way.
LAYERS = ("limits", "decode", "search", "following", "crop", "expression", "mood", "metrics", "answer")

#: Within a layer's time, these count as part of it.
PART_OF = {"search": ("following",), "metrics": ("limits",)}


class LayerTimes:
    """Milliseconds of processor time by layer, less that of the layers inside. Safe between threads."""

    def __init__(self) -> None:
        self.ms: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._here = threading.local()  # gevent makes it one for each greenlet

    def wrap(self, owner: Any, name: str, layer: str) -> None:
        """Count what the function called ``name`` of ``owner`` (a class or a module) takes as ``layer``."""
        setattr(owner, name, self.counting(getattr(owner, name), layer))

    def counting(self, function: Callable, layer: str) -> Callable:
        @functools.wraps(function)
        def counted(*args: Any, **named: Any) -> Any:
            inside = self._stack()
            if inside and layer in PART_OF.get(inside[-1][0], ()):
                return function(*args, **named)
            mine = [layer, 0.0]
            inside.append(mine)
            began_s = time.thread_time()
            try:
                return function(*args, **named)
            finally:
                took_s = time.thread_time() - began_s
                inside.pop()
                if inside:
                    inside[-1][1] += took_s
                with self._lock:
                    self.ms[layer] += (took_s - mine[1]) * 1e3
                    self.calls[layer] += 1

        return counted

    def _stack(self) -> list[list]:
        """The layers that run in this thread now: each with the time of those inside of it."""
        if not hasattr(self._here, "stack"):
            self._here.stack = []
        stack: list[list] = self._here.stack
        return stack


def count_layers(times: LayerTimes) -> None:
    """Wrap the functions that a frame passes."""
    from feelharmonic.reading import expression, networks, pipeline
    from feelharmonic.reading.faces import face_finder, face_tracker
    from feelharmonic.web.live import events as live
    from feelharmonic.web.monitoring import metrics

    for owner, name, layer in (
        (live.Live, "_admitted", "limits"),
        (live.Live, "_allowed", "limits"),
        (pipeline, "decode", "decode"),
        (face_finder.FaceFinder, "find", "search"),
        (face_finder.FaceFinder, "find_near", "following"),
        (face_tracker.FaceTracker, "track", "following"),
        (networks, "cut_crop", "crop"),
        (networks.Networks, "read_faces", "expression"),
        (expression.ExpressionReader, "read_crops", "expression"),
        (pipeline.Pipeline, "see", "mood"),
        (metrics.Metrics, "note_stage", "metrics"),
        (metrics.Metrics, "note_frame", "metrics"),
        (metrics.Metrics, "add_up", "metrics"),
        (live, "reading_fields", "answer"),
    ):
        times.wrap(owner, name, layer)
