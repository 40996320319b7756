"""The stages in order: frame → face → expression → mood.

``Parts`` holds the networks, loaded once per process and shared by all listeners; ``Pipeline`` is one listener's
state (a few kilobytes). In: a picture's bytes and the time. Out: a Reading. No web, no file, no clock.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from feelharmonic.chain import Chain, ProviderStatus, Served
from feelharmonic.errors import SetupFault
from feelharmonic.expression import ExpressionReader
from feelharmonic.face import FaceFinder, FaceFollower, Finder, cut_crop
from feelharmonic.frame import decode
from feelharmonic.messages import (
    Expression,
    Face,
    Frame,
    Mood,
    MusicTargets,
    Reading,
    SeenFace,
    TrackRequest,
    Wishes,
)
from feelharmonic.mood import MoodKeeper
from feelharmonic.params import Params
from feelharmonic.providers import MusicProvider
from feelharmonic.targets import journey

#: More faces than this in one frame are found but not read: a crowd must not slow everybody else down.
MOST_FACES_READ = 6

NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every listener shares: the face finder, the expression reader, the parameters. Safe between threads."""

    finder: Finder
    reader: ExpressionReader
    params: Params

    @classmethod
    def load(
        cls, params: Params | None = None, *, face_finder: str = "own", expression_backend: str = "onnx"
    ) -> Parts:
        """Load both networks. Raises SetupFault naming every fault of the parameters and the networks together."""
        faults: list[str] = []
        loaded = {}
        for name, load in {
            "params": lambda: params or Params.load(),
            "finder": lambda: FaceFinder.load(face_finder),
            "reader": lambda: ExpressionReader.load(expression_backend),
        }.items():
            try:
                loaded[name] = load()
            except SetupFault as fault:
                faults.extend(fault.faults)
        if faults:
            raise SetupFault(faults)
        return cls(**loaded)

    def read_faces(self, frame: Frame, faces: list[Face]) -> tuple[SeenFace, ...]:
        """What each face shows, largest first; all crops go through the network in one run."""
        by_size = sorted(faces, key=lambda face: -face.area_px)
        read = by_size[:MOST_FACES_READ]
        if not read:
            return ()
        crops = np.stack([cut_crop(frame.pixels_bgr, face) for face in read])  # (N, 48, 48) uint8
        probabilities = self.reader.read_crops(crops)  # (N, 7) float32
        seen = [
            SeenFace(face=face, expression=Expression(probabilities=tuple(float(value) for value in row)))
            for face, row in zip(read, probabilities, strict=True)
        ]
        return (*seen, *(SeenFace(face=face, expression=None) for face in by_size[MOST_FACES_READ:]))


class Pipeline:
    """One listener: follows their face, holds their mood. Not for several threads at once."""

    def __init__(self, parts: Parts):
        self._parts = parts
        self._follower = FaceFollower(parts.finder)
        self._keeper = MoodKeeper(parts.params.smoothing, parts.params.baseline)

    def see(self, data: bytes, at_s: float) -> Reading:
        """Read one picture (JPEG, PNG or WebP bytes) taken at ``at_s`` seconds on any steady clock.

        The largest face is the listener. Without a face the last mood stays for a while. Raises BadFrame or
        TooLarge for bytes that are no such picture; the state is then as before.
        """
        frame = decode(data)
        faces = self._parts.read_faces(frame, self._follower.see(frame.pixels_bgr, at_s))
        listener = faces[0] if faces else None
        if listener is not None and listener.expression is not None:
            mood = self._keeper.see(listener.expression, listener.face.score, at_s)
        else:
            mood = self._keeper.see_nobody(at_s)
        return Reading(
            width_px=frame.width_px,
            height_px=frame.height_px,
            faces=faces,
            expression=self._keeper.expression() if listener else None,
            mood=mood,
        )

    def mood(self, at_s: float) -> Mood | None:
        """The mood that holds at ``at_s``."""
        return self._keeper.mood(at_s)

    def set_baseline(self, probabilities: tuple[float, ...] | None) -> None:
        """Correct readings by the listener's resting face: seven probabilities, or None to stop."""
        self._keeper.set_baseline(probabilities)

    def resume(self, mood: Mood, at_s: float) -> None:
        """Go on with the mood that the page held when its connection moved here."""
        self._keeper.resume(mood, at_s)


class Jukebox:
    """Mood and goal → tracks: makes the steps and asks the providers in their order. Safe between threads."""

    def __init__(self, params: Params, providers: list[MusicProvider]):
        self._params = params
        self._chain = Chain(providers)

    def start(self) -> None:
        """Find out in the background which providers answer; later calls do nothing."""
        self._chain.start()

    def status(self) -> tuple[ProviderStatus, ...]:
        """How each provider is, in their order."""
        return self._chain.status()

    def steps(self, emotion: str, goal: str, n: int) -> tuple[MusicTargets, ...]:
        """Where ``n`` tracks aim on the way from ``emotion`` towards ``goal``."""
        return tuple(journey(self._params, emotion, goal, n))

    def tracks(
        self,
        *,
        emotion: str,
        goal: str,
        n: int,
        given: Iterable[str] = (),
        chance: random.Random,
        wishes: Wishes = NO_WISHES,
        liked: Iterable[str] = (),
        disliked: Iterable[str] = (),
    ) -> Served:
        """``n`` tracks from ``emotion`` towards ``goal``. ``given``: ids already played in this visit, oldest first."""
        request = TrackRequest(
            steps=self.steps(emotion, goal, n),
            chance=chance,
            wishes=wishes,
            avoid=tuple(given),
            liked=tuple(liked),
            disliked=tuple(disliked),
        )
        return self._chain.tracks(request)
