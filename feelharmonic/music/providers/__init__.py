"""The music providers: their protocol, and the one place where each is registered.

A new provider is a module beside this one and an entry in PROVIDERS; its name in the page's languages is
``provider.<name>`` in static/messages/.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from feelharmonic.music.catalogue.current import CatalogueSource
from feelharmonic.music.messages import TrackRequest
from feelharmonic.music.selection import Candidates
from feelharmonic.params import Params
from feelharmonic.settings import Settings


class MusicProvider(Protocol):
    """Finds candidates for requests; `feelharmonic.music.selection` chooses among them. Safe between threads."""

    #: As in the setting PROVIDERS.
    name: str

    def candidates(self, request: TrackRequest) -> Candidates:
        """Tracks that may play for ``request``; none where nothing fits.

        Raises ProviderUnavailable where the provider cannot answer now; the next one then serves.
        """
        ...


@runtime_checkable
class RemoteProvider(MusicProvider, Protocol):
    """A provider behind a network: calls to it have a timeout, and a fault is followed by a cooldown."""

    def probe(self) -> None:
        """One small call in the background at start. Raises ProviderUnavailable as ``candidates`` would."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """``label``: the provider's English name, as a sentence has it. ``make``: makes the provider from the settings and
    the catalogue at hand, or gives None where the settings lack its credentials. ``on_wish``: asked only for listeners
    who chose it, unless PROVIDERS names it."""

    label: str
    make: Callable[[Settings, CatalogueSource], MusicProvider | None]
    on_wish: bool = False


def _catalogue(settings: Settings, catalogue: CatalogueSource) -> MusicProvider:
    from feelharmonic.music.providers.catalogue import CatalogueProvider

    return CatalogueProvider(catalogue)


def _reccobeats(settings: Settings, catalogue: CatalogueSource) -> MusicProvider:
    from feelharmonic.music.providers.reccobeats import ReccoBeatsProvider

    return ReccoBeatsProvider(catalogue)


def _spotify_recommendations(settings: Settings, catalogue: CatalogueSource) -> MusicProvider | None:
    from feelharmonic.music.providers.spotify import SpotifyRecommendations, app_client

    client = app_client(settings)
    return None if client is None else SpotifyRecommendations(client, catalogue.known)


def _spotify_search(settings: Settings, catalogue: CatalogueSource) -> MusicProvider | None:
    from feelharmonic.music.providers.spotify import SpotifySearch, app_client

    client = app_client(settings)
    return None if client is None else SpotifySearch(client, catalogue.known)


def _own(settings: Settings, catalogue: CatalogueSource) -> MusicProvider | None:
    from feelharmonic.music.library.library import Library
    from feelharmonic.music.providers.own import OwnProvider

    library = Library(settings.instance_dir, settings.music_dir)
    return OwnProvider(library.tracks_path) if library.is_used else None


def _subsonic(settings: Settings, catalogue: CatalogueSource) -> MusicProvider | None:
    from feelharmonic.music.library.subsonic import SUBSONIC_TRACKS_NAME
    from feelharmonic.music.providers.own import SubsonicProvider

    return SubsonicProvider(settings.instance_dir / SUBSONIC_TRACKS_NAME) if settings.subsonic_url else None


def _radio(settings: Settings, catalogue: CatalogueSource) -> MusicProvider:
    from feelharmonic.music.providers.radio import RadioProvider

    return RadioProvider(settings.radio_url, Params.load().open_music)


def _audius(settings: Settings, catalogue: CatalogueSource) -> MusicProvider:
    from feelharmonic.music.providers.audius import AudiusProvider

    return AudiusProvider(settings.audius_urls, settings.audius_api_key, Params.load().open_music)


#: By name, as in the setting PROVIDERS. Each is imported only where it is made.
PROVIDERS: Mapping[str, Registration] = {
    "own": Registration(label="your own music", make=_own),
    "subsonic": Registration(label="your music server", make=_subsonic),
    "spotify-recommendations": Registration(label="Spotify's recommendations", make=_spotify_recommendations),
    "spotify-search": Registration(label="Spotify's search", make=_spotify_search),
    "catalogue": Registration(label="the catalogue", make=_catalogue),
    "reccobeats": Registration(label="ReccoBeats", make=_reccobeats),
    "audius": Registration(label="Audius", make=_audius, on_wish=True),
    "radio": Registration(label="radio", make=_radio, on_wish=True),
}

#: Always among the providers where there is music: named nowhere, they are the first.
FIRST = ("own", "subsonic")

#: Always among the providers: named nowhere, it is the last.
LAST_RESORT = "catalogue"


def load_providers(settings: Settings, catalogue: CatalogueSource) -> list[MusicProvider]:
    """The providers in the settings' order, those without credentials left out. ``catalogue``: the tracks at hand."""
    first = tuple(name for name in FIRST if name not in settings.providers)
    names = dict.fromkeys((*first, *settings.providers, LAST_RESORT, *on_wish(settings)))
    made = (PROVIDERS[name].make(settings, catalogue) for name in names)
    return [provider for provider in made if provider is not None]


def on_wish(settings: Settings) -> tuple[str, ...]:
    """The providers that are asked only for listeners who chose them."""
    return tuple(name for name, one in PROVIDERS.items() if one.on_wish and name not in settings.providers)


def unknown_providers(names: Iterable[str]) -> list[str]:
    """A fault for each of ``names`` that is no provider: what came and the nearest name."""
    return [
        f"PROVIDERS: {name!r} is not known.{_did_you_mean(name, tuple(PROVIDERS))}"
        for name in names
        if name not in PROVIDERS
    ]


def _did_you_mean(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f" Did you mean {near[0]!r}?" if near else f" Expected one of: {', '.join(known)}."


def label_of(name: str) -> str:
    """The provider's English name; ``name`` itself where it is not registered."""
    return PROVIDERS[name].label if name in PROVIDERS else name
