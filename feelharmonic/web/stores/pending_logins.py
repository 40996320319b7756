"""Logins in progress, each in an encrypted cookie of its own browser.

The server stores none of them: however many are begun, no memory fills, and nobody's login makes another's expire.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

#: A login in progress expires after this time.
LOGIN_TTL_S = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """One browser's login, as plain data, and the state that must come back with it."""

    state: str = field(repr=False)
    login: dict = field(repr=False)


class PendingLogins:
    """Encrypts logins with the server's ``secret_key``, which all workers share. ``clock``: Unix seconds."""

    def __init__(self, secret_key: str, *, clock: Callable[[], float] = time.time):
        self._key = base64.urlsafe_b64encode(hashlib.sha256(b"logins:" + secret_key.encode()).digest())
        self._clock = clock

    def encrypt(self, pending: PendingLogin) -> str:
        """The cookie's value for ``pending``."""
        from cryptography.fernet import Fernet  # here: it costs memory that a server without Spotify does not need

        data = json.dumps(asdict(pending)).encode()
        return Fernet(self._key).encrypt_at_time(data, int(self._clock())).decode()

    def decrypt(self, cookie: str | None) -> PendingLogin | None:
        """What was encrypted; None if it is not ours or older than LOGIN_TTL_S."""
        from cryptography.fernet import Fernet, InvalidToken

        try:
            data = Fernet(self._key).decrypt_at_time(cookie or "", LOGIN_TTL_S, int(self._clock()))
        except (InvalidToken, ValueError):  # the second for other than ASCII
            return None
        return PendingLogin(**json.loads(data))
