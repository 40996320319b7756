"""The live wire: Socket.IO's namespace /live. A frame comes, its reading is the acknowledgement.

In: events of one browser. Out: acknowledgements as design.md names them, also after a fault. Per connection it holds
one Listener; nothing of it outlives the connection, and no picture outlives its reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


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


class Busy(ListenerFault):
    """A second frame came while the listener's first was being read."""

    code = "busy"


class Overloaded(ListenerFault):
    """More pictures came than are read; ``wait_ms`` says when the next is welcome."""

    code = "busy"

    def __init__(self, wait_ms: int):
        super().__init__("More pictures came than this server can read.", "Send the newest after a short wait.")
        self.wait_ms = wait_ms


class Full(ListenerFault):
    """More listeners are here than the host allows."""

    code = "full"


class ServerFault(ListenerFault):
    """Something of ours broke; the log has it, the listener only learns that."""

    code = "server_fault"


class Forbidden(ListenerFault):
    """The request did not come from our page."""

    code = "forbidden"


class NotAvailable(ListenerFault):
    """This server has no app at Spotify."""

    code = "not_available"


class NotConnected(ListenerFault):
    """The listener must connect their account (again) first."""

    code = "not_connected"


class AccountFault(ListenerFault):
    """The music service did not do what the listener wanted of their account. ``code``: "premium_required",
    "no_device", or "spotify_" and busy, refused, unreachable or broken."""

    def __init__(self, code: str, text: str, action: str = ""):
        super().__init__(text, action)
        self.code = code


class StoreUnavailable(ListenerFault):
    """What is shared cannot be reached."""

    code = "connections_away"

    def __init__(self) -> None:
        super().__init__("The server cannot reach its connections now.", "Try again in a moment.")


class BadInput(FeelharmonicError, ValueError):
    """A caller in Python passed something of the wrong shape, dtype or range."""


class ProviderUnavailable(FeelharmonicError):
    """A music provider cannot answer now.

    ``code`` and ``params``: why, as `feelharmonic.music.reasons` puts it into words. ``action``: what the host can do.
    ``cooldown_s``: seconds without another call (0: the next request calls again, None: no call until a restart).
    """

    def __init__(
        self,
        code: str,
        params: Mapping[str, int] | None = None,
        *,
        action: str = "",
        cooldown_s: float | None = 0.0,
    ):
        self.code = code
        self.params = dict(params or {})
        self.action = action
        self.cooldown_s = cooldown_s
        super().__init__(f"{code} {self.params or ''} {action}".strip())
