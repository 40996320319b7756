"""What the tests of Spotify share: an app at the stand-in, requests, a catalogue that serves where Spotify cannot."""

from __future__ import annotations

import random
from dataclasses import replace

from feelharmonic.audio_features import FEATURES, FeatureTarget
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest
from feelharmonic.music.providers import MusicProvider
from feelharmonic.music.providers.spotify import SpotifySearch
from feelharmonic.music.selection import Candidates, Found, rank_found, select
from feelharmonic.params import SearchTerms
from spotifyaccess import AppClient, SpotifyApp
from tests.support.spotify_stand_in import CLIENT_ID, CLIENT_SECRET, StandIn

REDIRECT_URI = "http://127.0.0.1:8000/connect/callback"
SEARCH, RECOMMENDATIONS, TOKEN = "/v1/search", "/v1/recommendations", "/api/token"


def targets(
    emotion: str = "happy", centre: float = 0.5, genres: tuple[str, ...] = ("pop", "hard-rock")
) -> MusicTargets:
    features = {name: FeatureTarget(centre=centre, spread=0.1) for name in FEATURES}
    search = SearchTerms(words=("sunshine", "feel good"), years=(1970, 2029))
    return MusicTargets(emotion=emotion, goal="match", features=features, genres=genres, search=search)


def asking(n: int = 8, step: MusicTargets | None = None, **fields: object) -> TrackRequest:
    return TrackRequest(steps=(step or targets(),) * n, chance=random.Random(7), **fields)


def app_at(stand_in: StandIn, **changed: object) -> SpotifyApp:
    app = SpotifyApp(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        api_url=stand_in.api_url,
        accounts_url=stand_in.url,
        connect_s=5.0,
        read_s=5.0,
    )
    return replace(app, **changed)


def nobody_knows(ids: object) -> dict[str, Track]:
    return {}


def search_at(stand_in: StandIn, known=nobody_knows, **changed: object) -> SpotifySearch:
    return SpotifySearch(AppClient(app_at(stand_in, **changed)), known)


def ask(provider: MusicProvider, request: TrackRequest) -> list[Track]:
    return select(request, provider.candidates(request))


def numbers(tracks: list[Track]) -> list[int]:
    return [int(track.id) for track in tracks]


class AtHand:
    """The catalogue's place in the chain."""

    name = "catalogue"

    def candidates(self, request: TrackRequest) -> Candidates:
        track = Track(key="9" * 22, title="At hand", artist="Somebody")
        found = [Found(track=track, artist=track.artist, steps=range(request.n))]
        return rank_found(request, found, nobody_knows)
