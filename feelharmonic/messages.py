"""What the rooms hand to each other, in the order it flows: Frame, Face, Expression, Mood, MusicTargets, Track …

In: nothing; this room imports nothing of ours. Out: frozen messages and the fixed vocabulary.
Units and ranges are in the names or in the docstrings. No logic beyond trivial views may enter.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

#: The seven emotions, in this order in every array, file and message.
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

#: What a listener may want from the music; ``match`` plays the mood, the others lead away from it.
GOALS = ("match", "lift", "calm", "energise")

#: Audio features under Spotify's names. All 0..1 but for loudness (dB, about -60..0) and tempo (BPM).
FEATURES = (
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "liveness",
    "loudness",
    "speechiness",
    "tempo",
    "valence",
)

#: The four moods, in this order in every array.
TRACK_MOODS = ("Calm", "Energetic", "Happy", "Sad")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One decoded picture: ``pixels_bgr`` (H, W, 3) uint8, BGR as OpenCV keeps it."""

    pixels_bgr: np.ndarray

    @property
    def width_px(self) -> int:
        return self.pixels_bgr.shape[1]

    @property
    def height_px(self) -> int:
        return self.pixels_bgr.shape[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """A face in a frame.

    ``box``: (x, y, width, height) in pixels, the upright box around the face's ellipse (brow to chin,
    cheek to cheek); it may reach outside the frame. ``score``: 0..1. ``landmarks``: (5, 2) float32
    pixels (the eye, then the other eye, nose tip, mouth corner, other corner; left of the picture first), or None
    where the finder gives none. ``id``: the same number for the same face while it is followed, else None.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: np.ndarray | None = None
    id: int | None = None

    @property
    def area_px(self) -> float:
        return self.box[2] * self.box[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """What one face shows at one moment: ``probabilities``, seven numbers 0..1 that sum to 1, in EMOTIONS' order."""

    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """A mood that holds: ``confidence`` is its smoothed probability 0..1, ``since_s`` the time at which it began
    (seconds on the clock that ``at_s`` is taken from)."""

    emotion: str
    confidence: float
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFace:
    """A face and what it shows; ``expression`` is None where it was too small or too far outside to read."""

    face: Face
    expression: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShare:
    """How much of a group's expression is the face's with ``id``: ``share``, 0..1; all of a group's sum to 1."""

    id: int | None
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What the faces of one frame show together, and what each made of it, in the order of the faces."""

    expression: Expression
    shares: tuple[GroupShare, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one frame told: ``faces`` largest first, the listener's smoothed ``expression``, the ``mood`` that holds.

    ``width_px`` and ``height_px`` are the frame's size, which the faces' boxes refer to. Where a group is read,
    ``group`` says how this frame's came about, and expression and mood are the group's.
    """

    width_px: int
    height_px: int
    faces: tuple[SeenFace, ...]
    expression: Expression | None
    mood: Mood | None
    group: Group | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTarget:
    """Where a feature should be: ``centre`` and ``spread`` (> 0), both in the feature's own unit."""

    centre: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTerms:
    """What to look for where music is found by words alone: ``words`` that stand for the emotion, and the first and
    the last of the ``years`` in which its music was made."""

    words: tuple[str, ...]
    years: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicTargets:
    """What to play: one target per feature in FEATURES, the emotion and goal that they serve, its genres and words."""

    emotion: str
    goal: str
    features: dict[str, FeatureTarget]
    genres: tuple[str, ...] = ()
    search: SearchTerms = SearchTerms(words=("music",), years=(1950, 2029))


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A piece of music. ``id``: Spotify's, 22 base-62 characters. What follows ``artist`` is None where nobody knows
    it: ``features`` by FEATURES' names, ``popularity`` 0..100 as Spotify counted it when the table was made,
    ``explicit`` whether the words are. ``emotions`` are those that somebody chose the track for."""

    id: str
    title: str
    artist: str
    year: int | None = None
    genre: str | None = None
    features: dict[str, float] | None = field(default=None, hash=False)
    emotions: tuple[str, ...] = ()
    popularity: int | None = None
    explicit: bool | None = None

    @property
    def url(self) -> str:
        return f"https://open.spotify.com/track/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackMood:
    """``mood``: one of TRACK_MOODS; ``confidence``: the probability 0..1 that the labeller would call it so."""

    mood: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedTrack:
    """A track of a playlist: its ``mood`` and its ``distance`` from what is wanted, in spreads, 0 or more."""

    track: Track
    mood: TrackMood
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a listener asks of every track; by default nothing.

    ``genres_liked`` come first where they fit, ``genres_barred`` never (Spotify's names, lower case). ``decades``:
    1990 stands for 1990..1999; none given, all do. ``explicit``: False bars tracks known to be explicit, None and
    True bar nothing. ``instrumental_only`` asks for instrumentalness above 0.5 (Spotify: no vocals).
    ``familiarity``: 0 hardly known .. 1 known by everybody, None does not matter. A track whose year or features
    nobody knows is left out where the wish needs them; one that is not known to be explicit may play.
    """

    genres_liked: tuple[str, ...] = ()
    genres_barred: tuple[str, ...] = ()
    decades: tuple[int, ...] = ()
    explicit: bool | None = None
    instrumental_only: bool = False
    familiarity: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackRequest:
    """What a provider is asked for: one track for each of ``steps``, in that order (at least one).

    ``match`` repeats the mood's targets; a journey's steps lead from the mood to the goal. ``avoid``: ids of the
    tracks already given in this visit, oldest first; they may come again only when nothing else is left, the oldest
    first. ``liked`` and ``disliked``: ids by "more like this" and "not this" of this visit. ``chance`` makes the
    choice among tracks that are about as near, so that a list is not the same every time.
    """

    steps: tuple[MusicTargets, ...]
    chance: random.Random
    wishes: Wishes = Wishes()
    avoid: tuple[str, ...] = ()
    liked: tuple[str, ...] = ()
    disliked: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return len(self.steps)

    @property
    def emotion(self) -> str:
        """The mood that the music starts from."""
        return self.steps[0].emotion

    @property
    def goal(self) -> str:
        return self.steps[0].goal
