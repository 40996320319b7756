"""One listener's stages in order: bytes → frame → faces → expressions → mood. No web, no file, no clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from feelharmonic.params import Params
from feelharmonic.reading.face_tracker import FaceTracker
from feelharmonic.reading.frame import decode
from feelharmonic.reading.group_expression import group_of
from feelharmonic.reading.messages import Expression, Frame, Mood, Reading
from feelharmonic.reading.mood import MoodSmoother
from feelharmonic.reading.networks import Networks


class Pipeline:
    """One listener: tracks their face, keeps their mood. Not for several threads at once."""

    def __init__(self, networks: Networks, observe: Callable[[str, float], None] = lambda stage, seconds: None):
        """``observe`` receives the seconds that each stage of each frame took."""
        self._networks = networks
        self._observe = observe
        self._tracker = FaceTracker(networks.finder)
        self._listener = self._new_smoother()
        self._group: MoodSmoother | None = None  # while everybody in view is read as a group

    def see(self, data: bytes, at_s: float) -> Reading:
        """Read one picture (JPEG, PNG or WebP bytes) taken at ``at_s`` seconds on any steady clock.

        The largest face is the listener's, unless a group is read. Without a face the last mood holds for a while.
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
        faces = self._networks.read_faces(frame, tracked)
        self._observe("face", tracked_s - start_s)
        self._observe("expression", time.perf_counter() - tracked_s)
        smoother = self._smoother
        group = group_of(faces) if self.reads_group else None
        if group is not None:
            mood = smoother.update(group.expression, 1.0, at_s)
        elif faces and faces[0].expression is not None:
            mood = smoother.update(faces[0].expression, faces[0].face.score, at_s)
        else:
            mood = smoother.update_without_face(at_s)
        return Reading(
            width_px=frame.width_px,
            height_px=frame.height_px,
            faces=faces,
            expression=smoother.expression() if faces else None,
            mood=mood,
            group=group,
        )

    @property
    def reads_group(self) -> bool:
        """Whether all faces in view make the mood, not the largest alone."""
        return self._group is not None

    def read_group(self, on: bool) -> None:
        """Read everybody in view as a group, or the largest face alone again. The mood starts anew.

        The listener's baseline does not apply to a group; it is kept until they are read alone again.
        """
        if on != self.reads_group:
            self._listener.forget_mood()
            self._group = self._new_smoother() if on else None

    @property
    def _smoother(self) -> MoodSmoother:
        return self._group or self._listener

    def _new_smoother(self) -> MoodSmoother:
        return MoodSmoother(self._networks.params.smoothing, self._networks.params.baseline)

    def mood(self, at_s: float) -> Mood | None:
        """The mood at ``at_s``."""
        return self._smoother.mood(at_s)

    def set_baseline(self, probabilities: tuple[float, ...] | None) -> None:
        """Correct later readings by the listener's neutral face: seven probabilities, or None to stop."""
        self._listener.set_baseline(probabilities)

    def resume(self, mood: Mood, at_s: float) -> None:
        """Continue the mood that the page showed before its connection moved to this process."""
        self._smoother.resume(mood, at_s)


def moods_of(
    params: Params, readings: Sequence[tuple[float, Expression | None]], baseline: tuple[float, ...] | None
) -> list[Mood | None]:
    """The mood after each of a series of readings: (seconds, the face's expression or None without a face)."""
    smoother = MoodSmoother(params.smoothing, params.baseline)
    smoother.set_baseline(baseline)
    return [
        smoother.update_without_face(at_s) if expression is None else smoother.update(expression, 1.0, at_s)
        for at_s, expression in readings
    ]
