"""The tree of faults. One type for each thing that a caller would do about it.

FeelharmonicError
├── SetupFault            the program cannot start: settings, parameters or weights; holds every fault found
├── ListenerFault         what the browser sent cannot be used; has a `code` for the wire; the connection lives on
│   ├── BadFrame          not a picture that we read
│   ├── TooLarge          more bytes or pixels than allowed
│   ├── NoMood            a snap without a mood to serve
│   ├── BadRequest        fields missing, of the wrong type or out of range
│   ├── NotConnected      no account of a music service is connected, or not any more
│   └── AccountFault      the music service did not do what the listener wanted; `code` says why
├── BadInput              a caller in Python passed an array or a file of the wrong form (a ValueError too)
└── ProviderUnavailable   a music provider cannot answer now; the next one serves

Texts say what was expected, what came, and what to do. "No face" and "no track" are values, not faults.
"""

from __future__ import annotations

from collections.abc import Iterable


class FeelharmonicError(Exception):
    """Root of all faults of ours."""


class SetupFault(FeelharmonicError):
    """Everything that keeps the program from starting, found together: ``faults`` is a tuple of sentences."""

    def __init__(self, faults: Iterable[str]):
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class ListenerFault(FeelharmonicError):
    """What a listener sent cannot be used. ``text`` says what is wrong, ``action`` what to do about it."""

    code = "bad_request"

    def __init__(self, text: str, action: str = ""):
        self.text = text
        self.action = action
        super().__init__(f"{text} {action}".strip())


class BadFrame(ListenerFault):
    """The bytes are not a picture that we read."""

    code = "bad_frame"


class TooLarge(ListenerFault):
    """The picture has more bytes or pixels than allowed; it was refused before decoding."""

    code = "too_large"


class NoMood(ListenerFault):
    """Tracks were asked for without an emotion while no mood holds."""

    code = "no_mood"


class BadRequest(ListenerFault):
    """A field is missing, of the wrong type or out of range."""


class NotConnected(ListenerFault):
    """The listener must connect their account (again) first."""

    code = "not_connected"


class AccountFault(ListenerFault):
    """The music service did not do what the listener wanted of their account. ``code``: "premium_required",
    "no_device", or "spotify_" and busy, refused, unreachable or broken."""

    def __init__(self, code: str, text: str, action: str = ""):
        super().__init__(text, action)
        self.code = code


class BadInput(FeelharmonicError, ValueError):
    """A caller in Python passed something of the wrong shape, dtype or range."""


class ProviderUnavailable(FeelharmonicError):
    """A music provider cannot answer now.

    ``reason``: one line for the listener. ``action``: what the host can do. ``rest_s``: how long to leave it alone
    (seconds; 0 asks again next time, None until the program restarts).
    """

    def __init__(self, reason: str, *, action: str = "", rest_s: float | None = 0.0):
        self.reason = reason
        self.action = action
        self.rest_s = rest_s
        super().__init__(f"{reason} {action}".strip())
