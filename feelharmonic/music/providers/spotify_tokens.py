"""Where the tokens of one connected account are: plain data, as Spotify gives them. Secret; never logged."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import Any, Protocol


class Tokens(Protocol):
    """A store of one account's tokens; several processes may share it."""

    def read(self) -> dict[str, Any] | None:
        """The newest; None where the account was disconnected."""
        ...

    def write(self, tokens: dict[str, Any]) -> None: ...

    def lock(self) -> AbstractContextManager[object]:
        """A lock against other refreshes: one may end the refresh token of another."""
        ...


class OwnTokens:
    """Tokens in the memory of this process."""

    def __init__(self, tokens: dict[str, Any]):
        self._tokens = tokens
        self._refreshing = threading.Lock()

    def read(self) -> dict[str, Any]:
        return self._tokens

    def write(self, tokens: dict[str, Any]) -> None:
        self._tokens = tokens

    def lock(self) -> AbstractContextManager[object]:
        return self._refreshing
