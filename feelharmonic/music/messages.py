"""What the stages of music hand to each other: MusicTargets, Wishes, TrackRequest, Track.

Frozen messages; units and ranges are in the names or in the docstrings.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from feelharmonic.audio_features import FeatureTarget
from feelharmonic.params import SearchTerms

#: The four moods, in this order in every array.
TRACK_MOODS = ("Calm", "Energetic", "Happy", "Sad")

#: What to search for where an emotion names nothing.
ANY_MUSIC = SearchTerms(words=("music",), years=(1950, 2029))


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicTargets:
    """What to play: one target per feature in FEATURES, the emotion and goal that they serve, its genres and words."""

    emotion: str
    goal: str
    features: dict[str, FeatureTarget]
    genres: tuple[str, ...] = ()
    search: SearchTerms = ANY_MUSIC


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
