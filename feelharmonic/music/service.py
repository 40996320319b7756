"""What the web and the commands ask of music: a playlist for a mood, the mood of tracks, a sorted playlist."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.fill import felt_of
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.fallback import Observer, ProviderFallback, ProviderStatus, Runner, TrackList
from feelharmonic.music.messages import (
    NO_WISHES,
    MusicTargets,
    PlacedTrack,
    Track,
    TrackMood,
    TrackRequest,
    Wishes,
)
from feelharmonic.music.playlist import PlaylistLine, read_playlist
from feelharmonic.music.providers import MusicProvider
from feelharmonic.music.song_names import first_artist_key, song_key
from feelharmonic.music.targets import (
    in_words,
    journey,
    leads_somewhere,
    mixed_targets,
    onward,
    probabilities_at,
    targets_for,
)
from feelharmonic.music.track_mood import TrackMoodReader
from feelharmonic.music.wishes.genres import names_to_offer
from feelharmonic.params import Params, PlanePoint


def track_moods_of(rows: Sequence[dict[str, float]]) -> list[TrackMood]:
    """The mood of each track, from its audio features by name (all of FEATURES)."""
    if not rows:
        return []
    return _track_mood_reader().read(np.array([[row[name] for name in FEATURES] for row in rows], np.float64))


@functools.cache
def _track_mood_reader() -> TrackMoodReader:
    return TrackMoodReader.load()


class TracksAtHand(Protocol):
    """What the service asks of the catalogue beside its provider."""

    def known(self, ids: Sequence[str]) -> dict[str, Track]:
        """The tracks of those ids that are here."""
        ...

    def named(self, keys: Sequence[str], key: Callable[[str, str], str]) -> dict[str, Track]:
        """The tracks whose ``key(artist, title)`` is one of ``keys``."""
        ...

    @property
    def genres(self) -> tuple[str, ...]:
        """The names of genres, several of a track joined by "|"."""
        ...

    def genres_meant(self, wishes: Iterable[str]) -> dict[str, int]:
        """How many tracks each wish means."""
        ...

    def decades(self) -> dict[int, int]:
        """How many tracks each decade has, by its first year."""
        ...

    def instrumental(self) -> int:
        """How many tracks have no singing."""
        ...


class MusicService:
    """Mood and goal → tracks: makes the steps and asks the providers in their order. Safe between threads.

    ``tracks``: what is at hand, to be looked up by id and by name; ``observer`` is notified of the providers' calls;
    ``run``: see `ProviderFallback`. Raises Overloaded where ``run`` does.
    ``on_wish``: names of providers that are asked only for who chose them.
    """

    def __init__(
        self,
        params: Params,
        providers: list[MusicProvider],
        tracks: TracksAtHand | None = None,
        observer: Observer | None = None,
        run: Runner = lambda function: function(),
        on_wish: Collection[str] = (),
    ):
        self._params = params
        self._fallback = ProviderFallback(providers, observer=observer, run=run, on_wish=on_wish)
        self._tracks = tracks or Catalogue(())

    def known(self, ids: Sequence[str]) -> list[Track]:
        """Those of the tracks with ``ids`` that are at hand, in that order."""
        found = self._tracks.known(ids)
        return [found[track_id] for track_id in dict.fromkeys(ids) if track_id in found]

    def sorted_playlist(self, text: str, emotion: str, goal: str) -> tuple[list[PlacedTrack], list[PlaylistLine]]:
        """The songs of a playlist, nearest to ``emotion`` and ``goal`` first, and the lines without a track at hand.

        `feelharmonic.music.playlist` says which forms ``text`` may have. Raises BadInput where it is no playlist.
        """
        lines = read_playlist(text)
        matched, unknown = self._matched(lines)
        if not matched:
            return [], unknown
        features = [known for _, known in matched]
        values = np.array([[known[name] for name in FEATURES] for known in features], np.float64)  # (N, 9)
        away = distances(values, targets_for(self._params, emotion, goal), felt_of([track for track, _ in matched]))
        placed = [
            PlacedTrack(track=track, mood=mood, distance=float(distance))
            for (track, _), mood, distance in zip(matched, track_moods_of(features), away, strict=True)
        ]
        return sorted(placed, key=lambda one: one.distance), unknown

    def _matched(
        self, lines: Sequence[PlaylistLine]
    ) -> tuple[list[tuple[Track, dict[str, float]]], list[PlaylistLine]]:
        """Each line's track with its features, once; and the lines without one. `song_names` states the order of the
        steps by which a line is looked up."""
        by_id = self._tracks.known([line.track_id for line in lines if line.track_id])
        found = {place: by_id[line.track_id] for place, line in enumerate(lines) if line.track_id in by_id}
        for key in (song_key, first_artist_key):
            for swapped in (False, True):
                self._find_by_name(lines, key, swapped, found)
        matched: dict[str, tuple[Track, dict[str, float]]] = {}
        unknown = []
        for place, line in enumerate(lines):
            track = found.get(place)
            if track is None or track.features is None:
                unknown.append(line)
            else:
                matched[track.id] = track, track.features
        return list(matched.values()), unknown

    def _find_by_name(
        self, lines: Sequence[PlaylistLine], key: Callable[[str, str], str], swapped: bool, found: dict[int, Track]
    ) -> None:
        """Look up the lines that are not in ``found`` under ``key``; ``swapped``: title and artist of those lines that
        do not say which is which."""
        keys = {
            place: key(line.title, line.artist) if swapped else key(line.artist, line.title)
            for place, line in enumerate(lines)
            if place not in found and line.artist and line.title and not (swapped and line.ordered)
        }
        if keys:
            tracks = self._tracks.named(list(keys.values()), key)
            found.update({place: tracks[text] for place, text in keys.items() if text in tracks})

    def start(self) -> None:
        """Find out in the background which providers answer; later calls do nothing."""
        self._fallback.start()

    def status(self) -> tuple[ProviderStatus, ...]:
        """How each provider is, in their order."""
        return self._fallback.status()

    def steps(self, emotion: str, goal: str, n: int) -> tuple[MusicTargets, ...]:
        """Where ``n`` tracks aim on the way from ``emotion`` towards ``goal``."""
        return tuple(journey(self._params, emotion, goal, n))

    def playlist(
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
        probabilities: Sequence[float] | None = None,
        feeling: tuple[float, float] | None = None,
        after: PlanePoint | None = None,
        without: Collection[str] = (),
        wished: Sequence[str] = (),
    ) -> TrackList:
        """``n`` tracks from ``emotion`` towards ``goal``. ``given``: ids already played in this visit, oldest first.

        ``probabilities``: the mood's seven, which count instead of the emotion alone where it is the strongest of them.
        ``feeling``: its valence and arousal, -1..1 each; without ``probabilities`` the emotions near that point count.
        ``after``: where the track lies that plays before them; they lead on from there in equal steps. ``without``:
        names of providers that do not serve this listener; ``wished``: those that they chose.
        """
        params = self._params
        if probabilities is None and feeling is not None:
            probabilities = probabilities_at(*feeling)
            emotion = in_words(probabilities, params.sharpness)[0]
        also = None
        start = targets_for(params, emotion)
        if probabilities is not None and in_words(probabilities, params.sharpness)[0] == emotion:
            start = mixed_targets(params, probabilities, feeling)
            also = in_words(probabilities, params.sharpness)[1]
        request = TrackRequest(
            steps=tuple(
                journey(params, emotion, goal, n, start, chance)
                if after is None
                else onward(params, after, goal, n, start)
            ),
            chance=chance,
            wishes=wishes,
            avoid=tuple(given),
            liked=tuple(liked),
            disliked=tuple(disliked),
        )
        return replace(
            self._fallback.ask(request, without, wished),
            steps=request.steps,
            emotion=emotion,
            also=also,
            stays=goal != "match" and not leads_somewhere(params, start, goal),
        )

    def genres(self) -> list[str]:
        """Genres and families of them that a wish may name, sorted."""
        return names_to_offer(self._tracks.genres)

    def genres_meant(self, wishes: Sequence[str]) -> dict[str, int]:
        """How many of the tracks at hand each genre wish means."""
        return self._tracks.genres_meant(wishes)

    def decades(self) -> dict[int, int]:
        """How many of the tracks at hand each decade has, by its first year."""
        return self._tracks.decades()

    def instrumental(self) -> int:
        """How many of the tracks at hand have no singing."""
        return self._tracks.instrumental()
