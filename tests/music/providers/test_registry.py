"""A provider is registered once: its name, its label and how it is made."""

from __future__ import annotations

import pytest

from feelharmonic.music import Catalogue
from feelharmonic.music.providers import (
    PROVIDERS,
    MusicProvider,
    RemoteProvider,
    label_of,
    load_providers,
    unknown_providers,
)
from feelharmonic.settings import DEFAULT_PROVIDERS, Settings

CREDENTIALS = {"spotify_client_id": "id", "spotify_client_secret": "secret"}


@pytest.mark.parametrize("name", PROVIDERS)
def test_each_is_made_under_its_own_name(name, tmp_path):
    settings = Settings(**CREDENTIALS, music_dir=(tmp_path,), instance_dir=tmp_path, subsonic_url="http://s")
    provider: MusicProvider = PROVIDERS[name].make(settings, Catalogue(()))
    assert provider.name == name
    assert isinstance(provider, RemoteProvider) == (name not in ("catalogue", "own", "subsonic"))


def test_the_default_names_are_registered():
    assert unknown_providers(DEFAULT_PROVIDERS) == []


@pytest.mark.parametrize("name", ["spotify-search", "spotify-recommendations"])
@pytest.mark.parametrize("given", [{}, {"spotify_client_id": "id"}, {"spotify_client_secret": "secret"}])
def test_spotifys_need_id_and_secret(name, given, tmp_path):
    settings = Settings(providers=(name,), instance_dir=tmp_path, **given)
    assert [one.name for one in load_providers(settings, Catalogue(()))] == ["catalogue", "audius", "radio"]


def test_a_name_that_is_not_registered_is_its_own_label():
    assert label_of("catalogue") == "the catalogue"
    assert label_of("of another program") == "of another program"
