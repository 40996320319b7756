"""A mood becomes tracks. Knows no pictures and no web; what others use of it is named here."""

from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.current import CurrentCatalogue
from feelharmonic.music.catalogue.database import DATABASE_NAME
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.catalogue.shipped import ShippedTracks
from feelharmonic.music.catalogue.summary import summarise
from feelharmonic.music.catalogue.tables.csv_table import read_scored
from feelharmonic.music.catalogue.tables.importer import import_table
from feelharmonic.music.fallback import ProviderStatus, TrackList
from feelharmonic.music.library.library import Library, understood_fields
from feelharmonic.music.library.store import LibraryFile
from feelharmonic.music.library.subsonic import SubsonicClient, SubsonicLibrary
from feelharmonic.music.library.tracks import estimated_features, features_of, moved_artists
from feelharmonic.music.messages import (
    SPOTIFY_KEY,
    TRACK_MOODS,
    MusicTargets,
    PlacedTrack,
    Track,
    TrackId,
    TrackMood,
    Wishes,
    is_spotify_key,
    is_track_id,
)
from feelharmonic.music.providers import PROVIDERS, load_providers, on_wish, unknown_providers
from feelharmonic.music.providers.catalogue import CatalogueProvider
from feelharmonic.music.providers.radio import STATION_ID, RadioProvider
from feelharmonic.music.providers.spotify_answers import PlaybackState
from feelharmonic.music.reasons import Reason
from feelharmonic.music.service import MusicService, track_moods_of
from feelharmonic.music.targets import targets_for
from feelharmonic.music.track_mood import TrackMoodReader, shift_by_words
from feelharmonic.music.wishes.genres import first_meant

__all__ = [
    "DATABASE_NAME",
    "PROVIDERS",
    "SPOTIFY_KEY",
    "STATION_ID",
    "TRACK_MOODS",
    "Catalogue",
    "CatalogueProvider",
    "CurrentCatalogue",
    "Library",
    "LibraryFile",
    "MusicService",
    "MusicTargets",
    "PlacedTrack",
    "PlaybackState",
    "ProviderStatus",
    "RadioProvider",
    "Reason",
    "ShippedTracks",
    "SubsonicClient",
    "SubsonicLibrary",
    "Track",
    "TrackId",
    "TrackList",
    "TrackMood",
    "TrackMoodReader",
    "Wishes",
    "distances",
    "estimated_features",
    "features_of",
    "first_meant",
    "import_table",
    "is_spotify_key",
    "is_track_id",
    "load_providers",
    "moved_artists",
    "on_wish",
    "read_scored",
    "shift_by_words",
    "summarise",
    "targets_for",
    "track_moods_of",
    "understood_fields",
    "unknown_providers",
]
