"""Why a provider did not serve: codes with parameters, and what follows the provider's name in English.

static/messages/ holds the same in every language of the page, under ``reason.<code>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: What follows a provider's name, by code. In braces: the parameters.
REASONS = {
    "timeout": "did not answer in time",
    "unreachable": "cannot be reached",
    "pause": "rests for {wait_s} s, as it asks",
    "spotify_pause": "rests for {wait_s} s, as Spotify asks",
    "http_error": "answered with an error ({status})",
    "spotify_http_error": "was answered with an error ({status})",
    "unreadable_answer": "gave an answer that cannot be read",
    "key_refused": "refused this server's key",
    "credentials_refused": "cannot be used: Spotify refused this server's credentials",
    "quota_used_up": "has used up this app's quota",
    "closed_to_app": "are closed to this app",
    "refused": "was refused by Spotify",
    "out_of_order": "is out of order",
    "broken": "broke",
    "probing": "is being tried",
    "too_many_calls": "is busy",
    "no_time_left": "was not asked, for lack of time",
    "too_few": "has too little that fits",
    "nothing_fits": "has nothing that fits",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """``code``: one of REASONS; ``params``: what its text names in braces."""

    code: str
    params: Mapping[str, int] = field(default_factory=dict)

    def in_words(self, texts: Mapping[str, str] = REASONS) -> str:
        """The text of ``texts`` for the code, the parameters filled in; the code itself where there is none."""
        return texts.get(self.code, self.code).format(**self.params)
