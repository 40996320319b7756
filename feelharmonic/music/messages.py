"""What the stages of music hand to each other: MusicTargets, Wishes, TrackRequest, TrackId, Track.

Frozen messages; units and ranges are in the names or in the docstrings.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from feelharmonic.audio_features import FeatureTarget
from feelharmonic.errors import BadInput
from feelharmonic.params import SearchTerms

#: The four moods, in this order in every array.
TRACK_MOODS = ("Calm", "Energetic", "Happy", "Sad")

#: The source of Spotify's tracks, whose ids travel without it.
SPOTIFY = "spotify"

#: Spotify's key of a track, a playlist and the like: 22 base-62 characters.
SPOTIFY_KEY = re.compile(r"[0-9A-Za-z]{22}")

#: Another source's id as it travels: the source's name, a colon, its key without spaces.
OTHER_ID = re.compile(r"([a-z][a-z0-9-]{0,31}):([!-~]{1,200})")

#: Where people find a track of a source; sources without such a page are not here.
PAGES = {SPOTIFY: "https://open.spotify.com/track/{key}"}

#: What to search for where an emotion names nothing.
ANY_MUSIC = SearchTerms(words=("music",), years=(1950, 2029))


@dataclass(frozen=True, slots=True, kw_only=True)
class MusicTargets:
    """What to play: one target per feature in FEATURES, the emotion and goal that they serve, its genres and words.

    ``fits``: how much each of EMOTIONS counts (0..1, sum 1), for tracks of which it is known how well they fit it;
    empty where features alone count. ``felt``: where on the plane of felt valence and arousal, 0..1 each as in
    ``felt_mood.FELT``; None where it does not matter.
    """

    emotion: str
    goal: str
    features: dict[str, FeatureTarget]
    genres: tuple[str, ...] = ()
    search: SearchTerms = ANY_MUSIC
    fits: tuple[float, ...] = ()
    felt: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class TrackId:
    """Which track: ``source`` is the catalogue or service that has it, ``key`` its id there.

    As text, in requests, events and answers, Spotify's are their key alone and all others ``source:key``.
    """

    source: str
    key: str

    def __str__(self) -> str:
        return self.key if self.source == SPOTIFY else f"{self.source}:{self.key}"

    @classmethod
    def parse(cls, text: str) -> TrackId:
        """The id that ``text`` stands for. Raises BadInput."""
        if is_spotify_key(text):
            return cls(SPOTIFY, text)
        other = OTHER_ID.fullmatch(text)
        if other is None or other[1] == SPOTIFY:
            raise BadInput(f"Expected 22 letters and digits or source:key, got {text[:40]!r}.")
        return cls(other[1], other[2])


def is_spotify_key(value: object) -> bool:
    """Whether ``value`` is a key as Spotify's are: 22 letters and digits."""
    return isinstance(value, str) and SPOTIFY_KEY.fullmatch(value) is not None


def is_track_id(value: object) -> bool:
    """Whether ``value`` is the text of a TrackId."""
    if not isinstance(value, str):
        return False
    try:
        TrackId.parse(value)
    except BadInput:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A piece of music, which ``source`` knows as ``key`` (see TrackId). What follows ``artist`` is None where nobody
    knows it: ``features`` by FEATURES' names, ``popularity`` 0..100 as Spotify counted it when the table was made,
    ``explicit`` whether the words are. ``emotions`` are those that somebody chose the track for. ``audio``: the address
    of its sound for the page's audio element; empty where Spotify plays it. ``page``: where people find it, for sources
    that are not in PAGES."""

    key: str
    source: str = SPOTIFY
    title: str
    artist: str
    year: int | None = None
    genre: str | None = None
    features: dict[str, float] | None = field(default=None, hash=False)
    emotions: tuple[str, ...] = ()
    popularity: int | None = None
    explicit: bool | None = None
    audio: str = ""
    page: str = ""

    @property
    def id(self) -> str:
        """The text of its TrackId."""
        return str(TrackId(self.source, self.key))

    @property
    def url(self) -> str:
        """Where people find it; empty where its source has no page for it."""
        return self.page or PAGES.get(self.source, "").format(key=self.key)


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


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrackRequest:
    """What a provider is asked for: one track for each of ``steps``, in that order (at least one).

    ``match`` repeats the mood's targets; a journey's steps lead from the mood to the goal. ``avoid``: ids of the
    tracks already given in this visit, oldest first; they may come again only when nothing else is left, the oldest
    first. ``liked`` and ``disliked``: ids by "more like this" and "not this" of this visit. Ids are texts of TrackIds.
    ``chance`` makes the choice among tracks that are about as near, so that a list is not the same every time.
    """

    steps: tuple[MusicTargets, ...]
    chance: random.Random
    wishes: Wishes = NO_WISHES
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
