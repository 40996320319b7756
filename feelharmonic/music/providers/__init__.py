"""The music providers' protocol."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from feelharmonic.music.messages import Track, TrackRequest


class MusicProvider(Protocol):
    """Answers requests for tracks. Safe between threads."""

    #: As in the setting PROVIDERS.
    name: str

    def tracks(self, request: TrackRequest) -> list[Track]:
        """At most ``request.n`` tracks in the order of the request's steps, no artist twice; empty where none fits.

        Raises ProviderUnavailable where the provider cannot answer now; the next one then serves.
        """
        ...


@runtime_checkable
class RemoteProvider(MusicProvider, Protocol):
    """A provider behind a network: it is waited for only so long, and rests after a fault."""

    def probe(self) -> None:
        """One small call in the background at start. Raises ProviderUnavailable as ``tracks`` would."""
        ...
