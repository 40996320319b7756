"""Every fault: one type for each thing that a caller would do about it.

FeelharmonicError
├── SetupFault              the program cannot start: settings, parameters or weights; holds every fault found
├── ListenerFault           what a listener sent cannot be served; the connection lives on
│   ├── BadFrame            not a picture that we read
│   │   └── TooSmall        a picture with too few pixels to show a face
│   ├── TooLarge            more bytes or pixels than allowed
│   ├── BadRequest          fields missing, of the wrong type or out of range
│   │   └── BadForm         the same for the paths of a connected account, which answer 400
│   ├── NoMood              a snap without a mood to serve
│   ├── Busy                the listener's last frame is still being read
│   ├── RateLimited         too many events from one address
│   ├── Overloaded          more pictures than the server can read
│   ├── Full                more listeners than the server has room for
│   ├── UploadsFull         more uploads at once than the server, or one address, may have
│   ├── ServerFault         something of ours broke
│   ├── Forbidden           the request did not come from our page
│   ├── NotAvailable        this server has no app at the music service
│   ├── NotConnected        no account is connected, or not any more
│   ├── AccountFault        the music service did not do what the listener wanted; `code` says why
│   └── StoreUnavailable    the store that workers share cannot be reached
├── BadInput                a caller in Python passed an array or a file of the wrong form (a ValueError too)
├── UnreadableSound         a file of the music folders cannot be read as sound; `code` says why
└── ProviderUnavailable     a music provider cannot answer now; the next one serves

A ListenerFault carries its `code` (the same in events and in REST), the HTTP `status` of a REST answer, and
`wait_ms`: the least wait before the next frame. Texts say what was expected, what came, and what to do. "No face" and
"no track" are values, not faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import ClassVar


class FeelharmonicError(Exception):
    """Root of all faults of ours."""


class SetupFault(FeelharmonicError):
    """Everything that keeps the program from starting, found together: ``faults`` is a tuple of sentences."""

    def __init__(self, faults: Iterable[str]):
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class ListenerFault(FeelharmonicError):
    """What a listener sent cannot be served. ``text`` says what is wrong, ``action`` what to do about it."""

    code = "bad_request"
    status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY
    #: The least wait before the listener's next frame, in milliseconds.
    wait_ms = 0

    def __init__(self, text: str, action: str = ""):
        self.text = text
        self.action = action
        super().__init__(f"{text} {action}".strip())


class BadFrame(ListenerFault):
    """The bytes are not a picture that we read."""

    code = "bad_frame"


class TooSmall(BadFrame):
    """The picture is too small or too flat to show a face: another one of the same camera will be, too."""

    code = "too_small"


class TooLarge(ListenerFault):
    """The picture has more bytes or pixels than allowed; it was refused before decoding."""

    code = "too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class BadRequest(ListenerFault):
    """A field is missing, of the wrong type or out of range."""


class BadForm(BadRequest):
    """The same, of a request about a connected account."""

    status = HTTPStatus.BAD_REQUEST


class NoMood(ListenerFault):
    """Tracks were asked for without an emotion while no mood holds."""

    code = "no_mood"


class Busy(ListenerFault):
    """A second frame or wish for tracks came while the listener's first was in work."""

    code = "busy"
    status = HTTPStatus.TOO_MANY_REQUESTS
    wait_ms = 100


class RateLimited(ListenerFault):
    """One address sent more events than the rate limit allows."""

    code = "busy"
    status = HTTPStatus.TOO_MANY_REQUESTS
    wait_ms = 5000

    def __init__(self) -> None:
        super().__init__("Too many requests from your IP address.", "Wait a little; the page goes on by itself.")


class Overloaded(ListenerFault):
    """More pictures came than the server can read; ``wait_ms`` says when the next one is welcome."""

    code = "busy"
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, wait_ms: int):
        super().__init__("The server is overloaded.", "Send the newest picture after a short wait.")
        self.wait_ms = wait_ms


class Full(ListenerFault):
    """More listeners than the host allows."""

    code = "full"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    wait_ms = 5000


class UploadsFull(ListenerFault):
    """As many uploads as this process has memory for, or as one address may send, are being received."""

    code = "busy"
    # Not 429: the address may have sent nothing else.
    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("More pictures are being sent than this server has room for.", "Send it again in a moment.")


class ServerFault(ListenerFault):
    """Something of ours broke. The log has the details, the listener does not."""

    code = "server_fault"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    wait_ms = 100

    def __init__(self) -> None:
        super().__init__("Something went wrong on the server.", "Try again; the server's log has the reason.")


class Forbidden(ListenerFault):
    """The request did not come from our page."""

    code = "forbidden"
    status = HTTPStatus.FORBIDDEN


class NotAvailable(ListenerFault):
    """This server has no app at the music service."""

    code = "not_available"
    status = HTTPStatus.NOT_FOUND


class NotConnected(ListenerFault):
    """The listener must connect their account (again) first."""

    code = "not_connected"
    status = HTTPStatus.UNAUTHORIZED


class AccountFault(ListenerFault):
    """The music service did not do what the listener wanted. ``code`` is one of STATUS."""

    STATUS: ClassVar[dict[str, HTTPStatus]] = {
        "premium_required": HTTPStatus.FORBIDDEN,
        "no_device": HTTPStatus.CONFLICT,
        "spotify_refused": HTTPStatus.FORBIDDEN,
        "spotify_broken": HTTPStatus.BAD_GATEWAY,
        "spotify_busy": HTTPStatus.SERVICE_UNAVAILABLE,
        "spotify_unreachable": HTTPStatus.GATEWAY_TIMEOUT,
    }

    def __init__(self, code: str, text: str, action: str = ""):
        super().__init__(text, action)
        self.code = code
        self.status = self.STATUS[code]


class StoreUnavailable(ListenerFault):
    """The store that workers share cannot be reached."""

    code = "connections_away"
    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("The server cannot reach its session store.", "Try again in a moment.")


class BadInput(FeelharmonicError, ValueError):
    """A caller in Python passed something of the wrong shape, dtype or range."""


class UnreadableSound(FeelharmonicError):
    """A file's sound cannot be read. ``code``: why, one of CODES; the page has a text for each."""

    CODES: ClassVar[tuple[str, ...]] = ("damaged", "silent", "gone", "needs_av", "broken")

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


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
