"""One listener's stages in order: bytes → frame → faces → expressions → mood. No web, no file, no clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from feelharmonic.params import Params
from feelharmonic.reading.baseline import RestingFace, RestingFaces, relative_to_rest
from feelharmonic.reading.expression import LastReadings
from feelharmonic.reading.faces.face_tracker import FaceTracker
from feelharmonic.reading.group_expression import group_of
from feelharmonic.reading.messages import Expression, Frame, Mood, Reading, SeenFace
from feelharmonic.reading.mood import MoodSmoother
from feelharmonic.reading.networks import Networks
from feelharmonic.reading.pictures.frame import decode
from feelharmonic.reading.pictures.picture_quality import PictureQuality


class Pipeline:
    """One listener: tracks their face, keeps their mood. Not for several threads at once."""

    def __init__(self, networks: Networks, observe: Callable[[str, float], None] = lambda stage, seconds: None):
        """``observe`` receives the seconds that each stage of each frame took."""
        self._networks = networks
        self._observe = observe
        self._tracker = FaceTracker(networks.finder)
        self._last = LastReadings()
        self._resting = RestingFaces(networks.params.baseline)
        self._baseline: np.ndarray | None = None  # (7,): the listener's resting face, where they have shown it
        self._smoother = MoodSmoother(networks.params.smoothing)
        self._quality = PictureQuality()
        self._reads_group = False
        self._listener_id: int | None = None

    def see(self, data: bytes, at_s: float) -> Reading:
        """Read one picture (JPEG, PNG or WebP bytes) taken at ``at_s`` seconds on any steady clock.

        The largest sure face is the listener's, unless a group is read. Without a face the last mood holds for a while.
        Raises BadFrame or TooLarge for bytes that are no such picture; the state then stays as it was.
        """
        start_s = time.perf_counter()
        frame = decode(data)
        self._observe("decode", time.perf_counter() - start_s)
        return self.see_frame(frame, at_s)

    def see_frame(self, frame: Frame, at_s: float) -> Reading:
        """As ``see``, for a decoded picture of at least 32×32."""
        start_s = time.perf_counter()
        tracked = self._tracker.track(frame.pixels_bgr, at_s)
        tracked_s = time.perf_counter()
        faces = self._networks.read_faces(frame, tracked, listener_id=self._listener_id, last=self._last)
        self._listener_id = faces[0].face.id if faces else None
        self._observe("face", tracked_s - start_s)
        self._observe("expression", time.perf_counter() - tracked_s)
        problem = self._quality.problem(frame.pixels_bgr, [seen.face for seen in faces], at_s)
        if problem is not None:
            return Reading(
                width_px=frame.width_px,
                height_px=frame.height_px,
                faces=faces,
                expression=None,
                mood=self._smoother.hold(at_s),
                picture_problem=problem,
            )
        shown = self._relative_to_rest(faces, at_s)
        group = group_of(shown) if self._reads_group else None
        if group is not None:
            mood = self._smoother.update(group.expression, 1.0, at_s)
        elif shown and shown[0].expression is not None:
            mood = self._smoother.update(shown[0].expression, shown[0].face.score, at_s)
        else:
            mood = self._smoother.update_without_face(at_s)
        return Reading(
            width_px=frame.width_px,
            height_px=frame.height_px,
            faces=faces,
            expression=self._smoother.expression() if faces else None,
            mood=mood,
            group=group,
            baseline=self._baseline_state(faces[0]) if faces else None,
        )

    def _relative_to_rest(self, faces: tuple[SeenFace, ...], at_s: float) -> tuple[SeenFace, ...]:
        """``faces`` with what each shows beyond its own resting face."""
        shown = self._resting.update(faces, at_s)
        if self._baseline is None or self._reads_group or not faces or faces[0].expression is None:
            return shown
        expression = _against(faces[0].expression, self._baseline, self._networks.params)
        return (replace(faces[0], expression=expression), *shown[1:])

    def _baseline_state(self, listener: SeenFace) -> str:
        if self._baseline is not None and not self._reads_group:
            return "given"
        return "learned" if self._resting.is_learned(listener.face.id) else "learning"

    @property
    def expression(self) -> Expression | None:
        """What the smoothed readings of the moment show; None before the first."""
        return self._smoother.expression()

    @property
    def reads_group(self) -> bool:
        """Whether all faces in view make the mood, not the largest alone."""
        return self._reads_group

    def read_group(self, on: bool) -> None:
        """Read everybody in view as a group, or the largest face alone again. The mood starts anew.

        The listener's baseline does not apply to a group; it is kept until they are read alone again.
        """
        if on != self._reads_group:
            self._smoother.forget_mood()
            self._reads_group = on

    def mood(self, at_s: float) -> Mood | None:
        """The mood at ``at_s``."""
        return self._smoother.mood(at_s)

    def set_baseline(self, probabilities: tuple[float, ...] | None) -> None:
        """Read the listener against this resting face from now on (seven probabilities); None: against the estimate."""
        self._baseline = None if probabilities is None else np.array(probabilities)

    def resume(self, mood: Mood, at_s: float) -> None:
        """Continue the mood that the page showed before its connection moved to this process."""
        self._smoother.resume(mood, at_s)


def moods_of(
    params: Params, readings: Sequence[tuple[float, Expression | None]], baseline: tuple[float, ...] | None
) -> list[Mood | None]:
    """The mood after each of a series of readings of one face: (seconds, its expression or None without a face).

    ``baseline``: its resting face, seven probabilities; None: estimated from the readings.
    """
    smoother = MoodSmoother(params.smoothing)
    resting = RestingFace(params.baseline)
    seen_at_s: float | None = None
    moods: list[Mood | None] = []
    for at_s, expression in readings:
        if expression is None:
            moods.append(smoother.update_without_face(at_s))
            continue
        if seen_at_s is not None and at_s - seen_at_s > params.baseline.lost_after_s:
            resting.restart()
        seen_at_s = at_s
        if baseline is None:
            row = resting.update(np.array(expression.probabilities), at_s)
            shown = Expression(probabilities=tuple(row.tolist()))
        else:
            shown = _against(expression, np.array(baseline), params)
        moods.append(smoother.update(shown, 1.0, at_s))
    return moods


def _against(expression: Expression, resting: np.ndarray, params: Params) -> Expression:
    (row,) = relative_to_rest(np.array([expression.probabilities]), resting, neutral=params.baseline.neutral)
    return Expression(probabilities=tuple(row.tolist()))
