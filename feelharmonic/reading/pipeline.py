"""One listener: frame → face → expression → mood.

In: a picture's bytes and the time. Out: a Reading. No web, no file, no clock.
"""

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
    """One listener: follows their face, holds their mood. Not for several threads at once."""

    def __init__(self, parts: Networks, observe: Callable[[str, float], None] = lambda stage, seconds: None):
        """``observe`` is told how long each stage of each frame took (seconds)."""
        self._parts = parts
        self._observe = observe
        self._follower = FaceTracker(parts.finder)
        self._own = self._keeper = self._new_keeper()

    def see(self, data: bytes, at_s: float) -> Reading:
        """Read one picture (JPEG, PNG or WebP bytes) taken at ``at_s`` seconds on any steady clock.

        The largest face is the listener, unless a group is read. Without a face the last mood stays for a while.
        Raises BadFrame or TooLarge for bytes that are no such picture; the state is then as before.
        """
        start_s = time.perf_counter()
        frame = decode(data)
        self._observe("decode", time.perf_counter() - start_s)
        return self.see_frame(frame, at_s)

    def see_frame(self, frame: Frame, at_s: float) -> Reading:
        """As ``see``, for a picture that is decoded already, at least 32×32."""
        start_s = time.perf_counter()
        found = self._follower.see(frame.pixels_bgr, at_s)
        found_s = time.perf_counter()
        faces = self._parts.read_faces(frame, found)
        self._observe("face", found_s - start_s)
        self._observe("expression", time.perf_counter() - found_s)
        group = group_of(faces) if self.reads_group else None
        if group is not None:
            mood = self._keeper.see(group.expression, 1.0, at_s)
        elif faces and faces[0].expression is not None:
            mood = self._keeper.see(faces[0].expression, faces[0].face.score, at_s)
        else:
            mood = self._keeper.see_nobody(at_s)
        return Reading(
            width_px=frame.width_px,
            height_px=frame.height_px,
            faces=faces,
            expression=self._keeper.expression() if faces else None,
            mood=mood,
            group=group,
        )

    @property
    def reads_group(self) -> bool:
        """Whether all faces in view make the mood, not the largest alone."""
        return self._keeper is not self._own

    def read_group(self, on: bool) -> None:
        """Read everybody in view as one, or the largest face alone again. The mood starts anew: it is another's.

        A listener's resting face says nothing of a group's: it waits until they are read alone again.
        """
        if on != self.reads_group:
            self._own.forget_mood()
            self._keeper = self._new_keeper() if on else self._own

    def _new_keeper(self) -> MoodSmoother:
        return MoodSmoother(self._parts.params.smoothing, self._parts.params.baseline)

    def mood(self, at_s: float) -> Mood | None:
        """The mood that holds at ``at_s``."""
        return self._keeper.mood(at_s)

    def set_baseline(self, probabilities: tuple[float, ...] | None) -> None:
        """Correct readings by the listener's resting face: seven probabilities, or None to stop."""
        self._own.set_baseline(probabilities)

    def resume(self, mood: Mood, at_s: float) -> None:
        """Go on with the mood that the page held when its connection moved here."""
        self._keeper.resume(mood, at_s)


def moods_of(
    params: Params, readings: Sequence[tuple[float, Expression | None]], baseline: tuple[float, ...] | None
) -> list[Mood | None]:
    """The mood that holds after each of a series of readings: (seconds, what the face showed or None without one)."""
    keeper = MoodSmoother(params.smoothing, params.baseline)
    keeper.set_baseline(baseline)
    return [
        keeper.see_nobody(at_s) if expression is None else keeper.see(expression, 1.0, at_s)
        for at_s, expression in readings
    ]
