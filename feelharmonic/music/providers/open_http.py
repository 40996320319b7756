"""GET requests to open services without accounts: hosts tried in turn, answers cached, faults translated.

In: hosts, a path, a query. Out: what the answer's JSON holds, or ProviderUnavailable. What a service sends is never
trusted: sizes are bounded, and every field is checked where it is read.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import requests

from feelharmonic import __version__
from feelharmonic.errors import ProviderUnavailable

USER_AGENT = f"feelharmonic/{__version__}"
MAX_ANSWER_BYTES = 3_000_000
MAX_CACHED = 200
FAULT_COOLDOWN_S = 60.0
#: A refused key stays refused until somebody changes it.
REFUSED_COOLDOWN_S = 3600.0
MAX_PAUSE_S = 3600


class OpenService:
    """``hosts``: addresses, tried in turn. ``cached_s``: how long an answer is kept. Safe between threads."""

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        cached_s: float,
        headers: Mapping[str, str] | None = None,
        connect_s: float = 0.8,
        read_s: float = 1.2,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._hosts = [host.rstrip("/") for host in hosts]
        self._headers = {"User-Agent": USER_AGENT, **(headers or {})}
        self._timeout_s = (connect_s, read_s)
        self._cached_s, self._clock = cached_s, clock
        self._cache: dict[str, tuple[float, object]] = {}
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        """The host that answered last."""
        return self._hosts[0]

    def get(self, path: str, query: Mapping[str, str | int]) -> object:
        """The answer of the first host that gives one, or the cached one. Raises ProviderUnavailable."""
        name = json.dumps([path, sorted(query.items())])
        with self._lock:
            known = self._cache.get(name)
        if known is not None and self._clock() < known[0]:
            return known[1]
        answer = self._ask(path, query)
        with self._lock:
            if len(self._cache) >= MAX_CACHED:
                self._cache.clear()
            self._cache[name] = (self._clock() + self._cached_s, answer)
        return answer

    def _ask(self, path: str, query: Mapping[str, str | int]) -> object:
        fault: ProviderUnavailable | None = None
        for host in list(self._hosts):
            try:
                answer = self._ask_host(host, path, query)
            except ProviderUnavailable as exc:
                if exc.code in ("key_refused", "pause"):
                    raise  # another host would say the same
                fault = fault or exc
                continue
            if host != self._hosts[0]:  # the next request begins with the one that answers
                self._hosts = [host, *(other for other in self._hosts if other != host)]
            return answer
        raise fault or ProviderUnavailable("unreachable", cooldown_s=FAULT_COOLDOWN_S)

    def _ask_host(self, host: str, path: str, query: Mapping[str, str | int]) -> object:
        try:
            with requests.get(
                host + path, params=dict(query), headers=self._headers, timeout=self._timeout_s, stream=True
            ) as response:
                _check_status(response)
                data = _bounded(response, self._clock() + sum(self._timeout_s), self._clock)
        except requests.Timeout:
            raise ProviderUnavailable("timeout", cooldown_s=FAULT_COOLDOWN_S) from None
        except requests.RequestException:
            raise ProviderUnavailable("unreachable", cooldown_s=FAULT_COOLDOWN_S) from None
        try:
            return json.loads(data)
        except ValueError:
            raise ProviderUnavailable("unreadable_answer", cooldown_s=FAULT_COOLDOWN_S) from None


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status in (401, 403):
        raise ProviderUnavailable(
            "key_refused", action="Check the key in the settings, or leave it out.", cooldown_s=REFUSED_COOLDOWN_S
        )
    if status == 429:
        text = response.headers.get("Retry-After", "")
        wait_s = min(int(text), MAX_PAUSE_S) if text.isascii() and text.isdigit() else 60
        raise ProviderUnavailable("pause", {"wait_s": wait_s}, cooldown_s=wait_s)
    if status != 200:
        raise ProviderUnavailable("http_error", {"status": status}, cooldown_s=FAULT_COOLDOWN_S)


def _bounded(response: requests.Response, ends_s: float, clock: Callable[[], float]) -> bytes:
    """The body, if it is not too long and does not drip."""
    data = bytearray()
    for part in response.iter_content(65_536):
        data += part
        if len(data) > MAX_ANSWER_BYTES:
            raise ProviderUnavailable("unreadable_answer", cooldown_s=FAULT_COOLDOWN_S)
        if clock() > ends_s:
            raise ProviderUnavailable("timeout", cooldown_s=FAULT_COOLDOWN_S)
    return bytes(data)


def line_of(value: object, most: int = 200) -> str:
    """``value`` on one line where it is a text, else empty."""
    if not isinstance(value, str):
        return ""
    kept = "".join(sign if sign.isprintable() else " " for sign in value[: 2 * most])
    return " ".join(kept.split())[:most]


def page_of(value: object) -> str:
    """``value`` where it is an address that a page may link to, else empty."""
    text = value.strip() if isinstance(value, str) else ""
    is_web = text.startswith(("https://", "http://")) and text.isprintable() and " " not in text and '"' not in text
    return text if is_web and len(text) <= 500 else ""


def is_playable_address(text: str) -> bool:
    """Whether a page by https may play it: https, or this machine by http, as tests have it."""
    return bool(page_of(text)) and text.startswith(("https://", "http://127.0.0.1:", "http://localhost:"))
