"""Which of a provider's candidates play: one track a step, no artist twice, what was given before only at last.

In: a TrackRequest and the Candidates that a provider has for it. Out: Tracks in the order of the steps. Providers
find candidates and say what each costs; nothing but this module chooses among them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from feelharmonic.audio_features import FEATURES, MIN_INSTRUMENTALNESS
from feelharmonic.music.catalogue.columns import Rows
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest
from feelharmonic.music.smooth_path import smooth_path
from feelharmonic.music.wishes.explicit_words import sounds_explicit
from feelharmonic.music.wishes.genres import means

#: A service that answers one call for one target is called for at most this many stages of a journey.
MAX_STAGES = 3

#: How far down the ranks chance reaches for ``match``: this times the list's length, at least MIN_MATCH_REACH ranks.
MATCH_REACH = 2.0
MIN_MATCH_REACH = 12.0

#: On a journey chance adds at most PATH_CHANCE to a candidate's cost; JOURNEY_REACH ranks further down cost 1.
PATH_CHANCE = 2.0
JOURNEY_REACH = 300.0

#: Where a journey's steps should be even.
PLANE = ("valence", "energy")

#: A track whose features nobody knows ranks as one this far from the targets (in spreads), later ones a little further.
UNKNOWN_DISTANCE = 1.5

#: Added to the cost of a track that was found for another stage of the journey: it comes after all others.
OTHER_STAGE_COST = 1e6

#: Looks up track ids: gives the tracks that the catalogue knows, with their features.
Lookup = Callable[[Sequence[str]], Mapping[str, Track]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranking:
    """The candidates for one step. ``places``: (K,) intp; ``costs``: (K,) float64, the lower the better."""

    places: np.ndarray
    costs: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Journey:
    """What makes a journey smooth. ``steps``: the targets that the costs were measured from; ``features``: the features
    of the tracks at K places, (K, 9) float64."""

    steps: Sequence[MusicTargets]
    features: Callable[[Rows], np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Tracks that may play, each known by its place (an index that the provider understands).

    ``rankings``: one for each step of the request, without what was given before. ``given``: places of tracks that were
    given before in this visit, oldest first. ``artists``: by place, equal for the same artist. ``tracks``: makes the
    tracks at some places. ``by_chance``: whether chance picks among the best; a service's answers vary by themselves.
    ``journey``: None where tracks follow each other by their costs alone.
    """

    rankings: Sequence[Ranking]
    given: Sequence[int]
    artists: Sequence[Hashable] | np.ndarray
    tracks: Callable[[Sequence[int]], list[Track]]
    by_chance: bool = False
    journey: Journey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A track that a service gave, the name that its artist is known by, and the places of the steps that it was
    looked for."""

    track: Track
    artist: str
    steps: Collection[int]


def select(request: TrackRequest, candidates: Candidates) -> list[Track]:
    """At most one track for each step, in their order, no artist twice; those given before only where no other is left,
    the oldest first."""
    choice = _Choice(request, candidates)
    choice.take_fresh()
    choice.take_oldest_given()
    return candidates.tracks(choice.places())


def rank_found(request: TrackRequest, found: Sequence[Found], known: Lookup) -> Candidates:
    """Candidates from what a service found, best first: completed by what the catalogue knows, without what may not
    play, ranked by features where these are known, else in the service's order."""
    rows = known([item.track.id for item in found])
    completed = [replace(item, track=_completed(item.track, rows.get(item.track.id))) for item in found]
    playable = [item for item in completed if may_play(item.track, request)]
    age = {track_id: place for place, track_id in enumerate(request.avoid)}
    fresh = np.array([place for place, item in enumerate(playable) if item.track.id not in age], np.intp)
    given = [place for place, item in enumerate(playable) if item.track.id in age]
    features = _features_of([playable[place].track for place in fresh])
    unknown = UNKNOWN_DISTANCE + np.arange(len(fresh)) / (1 + len(playable))

    def costs(index: int, step: MusicTargets) -> np.ndarray:
        away = distances(features, step)
        elsewhere = np.array([index not in playable[place].steps for place in fresh], bool)
        return np.where(np.isnan(away), unknown, away) + OTHER_STAGE_COST * elsewhere

    return Candidates(
        rankings=[Ranking(places=fresh, costs=costs(index, step)) for index, step in enumerate(request.steps)],
        given=sorted(given, key=lambda place: age[playable[place].track.id]),
        artists=[item.artist.casefold() for item in playable],
        tracks=lambda places: [playable[place].track for place in places],
    )


def may_play(track: Track, request: TrackRequest) -> bool:
    """Whether ``track`` is not disliked, not chosen for other emotions only, and all that the wishes ask for."""
    wishes, features = request.wishes, track.features
    return not (
        track.id in request.disliked
        or (track.emotions and not {step.emotion for step in request.steps} & set(track.emotions))
        or any(means(wish, track.genre or "") for wish in wishes.genres_barred)
        or (wishes.decades and (track.year is None or track.year // 10 * 10 not in wishes.decades))
        or (wishes.explicit is False and (sounds_explicit(track.title) if track.explicit is None else track.explicit))
        or (wishes.instrumental_only and (features is None or features["instrumentalness"] <= MIN_INSTRUMENTALNESS))
        or (wishes.familiarity is not None and track.popularity is None)
    )


def stages(steps: Sequence[MusicTargets]) -> list[range]:
    """The steps' places in at most MAX_STAGES stages that follow each other; equal steps are one stage."""
    count = min(MAX_STAGES, len({id(step) for step in steps}))
    edges = [round(len(steps) * index / count) for index in range(count + 1)]
    return [range(start, end) for start, end in itertools.pairwise(edges)]


class _Choice:
    """One request on its way to places, by step."""

    def __init__(self, request: TrackRequest, candidates: Candidates):
        self._request = request
        self._candidates = candidates
        self._places: dict[int, int] = {}
        self._artists: set[Hashable] = set()

    def places(self) -> list[int]:
        """The places chosen, in the steps' order."""
        return [self._places[step] for step in sorted(self._places)]

    def take_fresh(self) -> None:
        journey = self._candidates.journey
        leads = self._request.goal != "match" and len({id(step) for step in self._request.steps}) > 1
        if journey is not None and leads:
            self._take_path(journey)
            return
        for index, ranking in enumerate(self._candidates.rankings):
            place = self._pick(ranking)
            if place is not None:
                self._take(index, place)

    def _take_path(self, journey: Journey) -> None:
        """All steps together: the cheapest path that moves evenly on the plane of valence and energy."""
        rankings = self._candidates.rankings
        columns = [FEATURES.index(name) for name in PLANE]
        path = smooth_path(
            np.array([[step.features[name].centre for name in PLANE] for step in journey.steps]),
            [journey.features(ranking.places)[:, columns] for ranking in rankings],
            [self._path_costs(ranking) for ranking in rankings],
            [[self._candidates.artists[place] for place in ranking.places] for ranking in rankings],
        )
        for index, place in enumerate(path):
            if place is not None:
                self._take(index, int(rankings[index].places[place]))

    def _path_costs(self, ranking: Ranking) -> np.ndarray:
        """(K,): what each candidate costs on a path: its rank, and chance, so that a journey is not the same every
        time."""
        ranks = np.argsort(np.argsort(ranking.costs, kind="stable"), kind="stable") / JOURNEY_REACH
        return ranks + np.array([self._request.chance.random() for _ in ranks]) * PATH_CHANCE

    def take_oldest_given(self) -> None:
        """Fill what is missing with the tracks that were given longest ago."""
        missing = [index for index in range(self._request.n) if index not in self._places]
        for place in self._candidates.given:
            if missing and self._is_new_artist(place):
                self._take(missing.pop(0), int(place))

    def _pick(self, ranking: Ranking) -> int | None:
        """A place for a step: one of the best; None where no candidate is left."""
        left = np.array([self._is_new_artist(place) for place in ranking.places], bool)
        if not left.any():
            return None
        ranked = ranking.places[left][np.argsort(ranking.costs[left], kind="stable")]
        return int(ranked[self._rank(len(ranked))])

    def _rank(self, count: int) -> int:
        """Which of ``count`` ranked candidates: the first, or by chance one of the first."""
        if not self._candidates.by_chance:
            return 0
        if self._request.goal != "match":
            # A journey without steps has no order of its own, so any candidate may come.
            return self._request.chance.randrange(count)
        reach = max(MATCH_REACH * self._request.n, MIN_MATCH_REACH)
        # An exponential draw: rank 0 is the likeliest, ranks far beyond the reach hardly ever come.
        return int(self._request.chance.expovariate(1 / reach)) % count

    def _take(self, index: int, place: int) -> None:
        self._places[index] = place
        self._artists.add(self._candidates.artists[place])

    def _is_new_artist(self, place: int) -> bool:
        return self._candidates.artists[place] not in self._artists


def _features_of(tracks: Sequence[Track]) -> np.ndarray:
    """(N, 9) float64 in FEATURES' order; NaN for tracks whose features nobody knows."""
    unknown = dict.fromkeys(FEATURES, np.nan)
    rows = [[(track.features or unknown)[name] for name in FEATURES] for track in tracks]
    return np.array(rows, np.float64).reshape(len(tracks), len(FEATURES))


def _completed(track: Track, row: Track | None) -> Track:
    """What a service says of a track, completed by what the catalogue knows of it."""
    if row is None:
        return track
    return replace(
        track,
        features=row.features,
        genre=row.genre,
        emotions=row.emotions,
        year=row.year if track.year is None else track.year,
        explicit=row.explicit if track.explicit is None else track.explicit,
        popularity=track.popularity if row.popularity is None else row.popularity,
    )
