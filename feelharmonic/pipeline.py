"""The stages in order: frame → face → expression → mood.

``Parts`` holds the networks, loaded once per process and shared by all listeners; ``Pipeline`` is one listener's
state (a few kilobytes). In: a picture's bytes and the time. Out: a Reading. No web, no file, no clock.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from feelharmonic.catalogue import Catalogue, distances
from feelharmonic.chain import Chain, Observer, ProviderStatus, Served
from feelharmonic.errors import SetupFault
from feelharmonic.expression import ExpressionReader
from feelharmonic.expression_fer import FerReader
from feelharmonic.face import FaceFinder, FaceFollower, Finder, cut_crop, search_closely
from feelharmonic.frame import MAX_PHOTOGRAPH_BYTES, decode, decode_photograph
from feelharmonic.group import shared
from feelharmonic.messages import (
    FEATURES,
    Expression,
    Face,
    Frame,
    Mood,
    MusicTargets,
    PlacedTrack,
    Reading,
    SeenFace,
    Track,
    TrackMood,
    TrackRequest,
    Wishes,
)
from feelharmonic.mood import MoodKeeper
from feelharmonic.params import Params
from feelharmonic.playlist import PlaylistLine, read_playlist, song_key
from feelharmonic.providers import MusicProvider
from feelharmonic.targets import journey, targets_for
from feelharmonic.track_mood import TrackMoodReader

__all__ = [
    "MAX_PHOTOGRAPH_BYTES",
    "MOST_FACES_READ",
    "Jukebox",
    "Parts",
    "Pipeline",
    "moods_of",
    "track_moods_of",
]

#: More faces than this in one frame are found but not read: a crowd must not slow everybody else down.
MOST_FACES_READ = 6
#: Of a photograph, for which somebody waits, so many are read.
MOST_FACES_READ_OF_PHOTOGRAPH = 60

NO_WISHES = Wishes()


class Reader(Protocol):
    """What every expression network offers."""

    def read_crops(self, crops: np.ndarray, labels: str = "ferplus") -> np.ndarray:
        """(N, 48, 48) uint8 grey → (N, 7) float32 that sum to 1; BadInput for anything else."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What every listener shares: the face finder, the expression reader, the parameters. Safe between threads."""

    finder: Finder
    reader: Reader
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
            "reader": lambda: load_reader(expression_backend),
        }.items():
            try:
                loaded[name] = load()
            except SetupFault as fault:
                faults.extend(fault.faults)
        if faults:
            raise SetupFault(faults)
        return cls(**loaded)

    def read_photograph(self, data: bytes) -> Reading:
        """Every face of one photograph (JPEG, PNG or WebP bytes), largest first, numbered from 1; no mood.

        ``expression`` is the largest face's, ``group`` what all of them show together. Raises BadFrame or TooLarge for
        bytes that are no such picture.
        """
        frame = decode_photograph(data)
        found = sorted(search_closely(self.finder, frame.pixels_bgr), key=lambda face: -face.area_px)
        numbered = [replace(face, id=number) for number, face in enumerate(found, start=1)]
        faces = self.read_faces(frame, numbered, most=MOST_FACES_READ_OF_PHOTOGRAPH)
        return Reading(
            width_px=frame.width_px,
            height_px=frame.height_px,
            faces=faces,
            expression=faces[0].expression if faces else None,
            mood=None,
            group=shared(faces),
        )

    def read_faces(self, frame: Frame, faces: list[Face], *, most: int = MOST_FACES_READ) -> tuple[SeenFace, ...]:
        """What each face shows, largest first; all crops go through the network in one run, ``most`` of them."""
        by_size = sorted(faces, key=lambda face: -face.area_px)
        read = by_size[:most]
        if not read:
            return ()
        crops = np.stack([cut_crop(frame.pixels_bgr, face) for face in read])  # (N, 48, 48) uint8
        probabilities = self.reader.read_crops(crops)  # (N, 7) float32
        seen = [
            SeenFace(face=face, expression=Expression(probabilities=tuple(float(value) for value in row)))
            for face, row in zip(read, probabilities, strict=True)
        ]
        return (*seen, *(SeenFace(face=face, expression=None) for face in by_size[most:]))


def load_reader(backend: str) -> Reader:
    """The expression network called ``backend``: "onnx" (ours) or "fer". Raises SetupFault where that fails."""
    if backend == "onnx":
        return ExpressionReader.load()
    if backend == "fer":
        return FerReader.load()
    raise SetupFault([f"EXPRESSION_BACKEND: expected 'onnx' or 'fer', got {backend!r}."])


class Pipeline:
    """One listener: follows their face, holds their mood. Not for several threads at once."""

    def __init__(self, parts: Parts, observe: Callable[[str, float], None] = lambda stage, seconds: None):
        """``observe`` is told how long each stage of each frame took (seconds)."""
        self._parts = parts
        self._observe = observe
        self._follower = FaceFollower(parts.finder)
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
        group = shared(faces) if self.reads_group else None
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

    def _new_keeper(self) -> MoodKeeper:
        return MoodKeeper(self._parts.params.smoothing, self._parts.params.baseline)

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
    keeper = MoodKeeper(params.smoothing, params.baseline)
    keeper.set_baseline(baseline)
    return [
        keeper.see_nobody(at_s) if expression is None else keeper.see(expression, 1.0, at_s)
        for at_s, expression in readings
    ]


def track_moods_of(rows: Sequence[dict[str, float]]) -> list[TrackMood]:
    """The mood of each track, from its audio features by name (all of FEATURES)."""
    if not rows:
        return []
    return _track_mood_reader().read(np.array([[row[name] for name in FEATURES] for row in rows], np.float64))


@functools.cache
def _track_mood_reader() -> TrackMoodReader:
    return TrackMoodReader.load()


class TracksAtHand(Protocol):
    """What is asked of the catalogue beside its provider."""

    def known(self, ids: Sequence[str]) -> dict[str, Track]:
        """The tracks of those ids that are here."""
        ...

    def named(self, keys: Sequence[str], key: Callable[[str, str], str]) -> dict[str, Track]:
        """The tracks whose ``key(artist, title)`` is one of ``keys``."""
        ...


class Jukebox:
    """Mood and goal → tracks: makes the steps and asks the providers in their order. Safe between threads.

    ``tracks``: what is at hand, to be looked up by id and by name; ``observer`` is told of the providers' calls.
    """

    def __init__(
        self,
        params: Params,
        providers: list[MusicProvider],
        tracks: TracksAtHand | None = None,
        observer: Observer | None = None,
    ):
        self._params = params
        self._chain = Chain(providers, observer=observer)
        self._tracks = tracks or Catalogue(())

    def known(self, ids: Sequence[str]) -> list[Track]:
        """Those of the tracks with ``ids`` that are at hand, in that order."""
        found = self._tracks.known(ids)
        return [found[track_id] for track_id in dict.fromkeys(ids) if track_id in found]

    def sorted_playlist(
        self, text: str, emotion: str, goal: str
    ) -> tuple[list[PlacedTrack], list[PlaylistLine]]:
        """The songs of a playlist (`feelharmonic.playlist` says in which forms), nearest to ``emotion`` and ``goal``
        first, and the lines that no track at hand answers to. Raises BadInput for what is no playlist."""
        lines = read_playlist(text)
        tracks, unknown = self._matched(lines)
        if not tracks:
            return [], unknown
        features = np.array([[track.features[name] for name in FEATURES] for track in tracks], np.float64)  # (N, 9)
        away = distances(features, targets_for(self._params, emotion, goal))
        moods = track_moods_of([track.features for track in tracks])
        placed = [
            PlacedTrack(track=track, mood=mood, distance=float(distance))
            for track, mood, distance in zip(tracks, moods, away, strict=True)
        ]
        return sorted(placed, key=lambda one: one.distance), unknown

    def _matched(self, lines: Sequence[PlaylistLine]) -> tuple[list[Track], list[PlaylistLine]]:
        """Each line's track, once, by its id, else by its names; and the lines without one."""
        by_id = self._tracks.known([line.track_id for line in lines if line.track_id])
        keys = [song_key(line.artist, line.title) for line in lines]
        wanted = [
            key
            for line, key in zip(lines, keys, strict=True)
            if line.track_id not in by_id and line.artist and line.title
        ]
        by_name = self._tracks.named(wanted, song_key)
        tracks: dict[str, Track] = {}
        unknown = []
        for line, key in zip(lines, keys, strict=True):
            track = by_id.get(line.track_id) or by_name.get(key)
            if track is None or track.features is None:
                unknown.append(line)
            else:
                tracks[track.id] = track
        return list(tracks.values()), unknown

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
