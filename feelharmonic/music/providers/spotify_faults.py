"""What Spotify refuses → faults of ours: for a provider, and for a listener's account. Pure.

In: a Refusal, which spotifyaccess.py makes of what its library raises. Out: the fault to raise. No token or secret is
in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from feelharmonic.errors import AccountFault, NotConnected, ProviderUnavailable

#: Cooldowns where Spotify names none, in seconds.
PAUSE_COOLDOWN_S = 30.0
SERVER_ERROR_COOLDOWN_S = 20.0
UNREACHABLE_COOLDOWN_S = 30.0
REFUSED_COOLDOWN_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a call failed. ``status``: the answer's, None where none came. ``error`` and ``reason``: Spotify's codes, or
    empty. ``retry_after_s``: the pause that it asks for. ``network``: the network failed; ``late``: no
    answer came in time. With no error status and no fault of the network, the answer had another form.
    """

    status: int | None
    error: str = ""
    reason: str = ""
    retry_after_s: float | None = None
    network: bool = False
    late: bool = False


def provider_fault(refusal: Refusal, what: str) -> ProviderUnavailable:
    """The fault of a call for ``what`` ("search", "recommendations")."""
    status = refusal.status
    if refusal.error in ("invalid_client", "unauthorized_client") or status == 401:
        return ProviderUnavailable(
            "credentials_refused",
            action="Check SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET, then restart.",
            cooldown_s=None,
        )
    if status == 429:
        wait_s = PAUSE_COOLDOWN_S if refusal.retry_after_s is None else refusal.retry_after_s
        if refusal.reason == "QUOTA_EXCEEDED":
            return ProviderUnavailable("quota_used_up", action="It comes back by itself.", cooldown_s=wait_s)
        return ProviderUnavailable("spotify_pause", {"wait_s": round(wait_s)}, cooldown_s=wait_s)
    if what == "recommendations" and status in (403, 404):
        return ProviderUnavailable(
            "closed_to_app",
            action="Spotify gives them only to apps from before 2024-11-27; take them out of PROVIDERS.",
            cooldown_s=None,
        )
    if status == 403:
        return ProviderUnavailable(
            "refused",
            action="The app's owner needs Premium, see 'Spotify' in the README.",
            cooldown_s=REFUSED_COOLDOWN_S,
        )
    if status is not None and status >= 500:
        return ProviderUnavailable("out_of_order", cooldown_s=refusal.retry_after_s or SERVER_ERROR_COOLDOWN_S)
    if status is not None and status >= 400:
        return ProviderUnavailable("spotify_http_error", {"status": status}, cooldown_s=SERVER_ERROR_COOLDOWN_S)
    if refusal.late:
        return ProviderUnavailable("timeout", cooldown_s=UNREACHABLE_COOLDOWN_S)
    if refusal.network:
        return ProviderUnavailable(
            "unreachable", action="Check the server's connection to the internet.", cooldown_s=UNREACHABLE_COOLDOWN_S
        )
    return ProviderUnavailable("unreadable_answer", cooldown_s=SERVER_ERROR_COOLDOWN_S)


def account_fault(refusal: Refusal, *, plays: bool) -> AccountFault | NotConnected:
    """The fault of a call for a listener, which ``plays`` or not."""
    status = refusal.status
    if refusal.error == "invalid_grant" or status == 401:
        return NotConnected("Spotify wants you to log in again.", "Connect Spotify once more.")
    if refusal.error == "invalid_client":
        return AccountFault(
            "spotify_refused", "Spotify does not know this server's app.", "Its host must check SPOTIFY_CLIENT_ID."
        )
    if status == 429:
        wait_s = PAUSE_COOLDOWN_S if refusal.retry_after_s is None else refusal.retry_after_s
        return AccountFault("spotify_busy", "Spotify asks for a pause.", f"Try again in {wait_s:.0f} seconds.")
    if refusal.reason == "PREMIUM_REQUIRED":
        return AccountFault(
            "premium_required", "Spotify plays on command for Premium accounts only.", "Use the players on this page."
        )
    if refusal.reason == "NO_ACTIVE_DEVICE" or (plays and status == 404):
        return AccountFault(
            "no_device", "No device of yours is playing Spotify.", "Start any song in the Spotify app, then try again."
        )
    if status == 403:
        return AccountFault(
            "spotify_refused",
            "Spotify refused that for your account.",
            "An app in development mode serves only the listeners that its owner named.",
        )
    if status is None and refusal.network:
        return AccountFault("spotify_unreachable", "Spotify cannot be reached.", "Try again in a moment.")
    return AccountFault("spotify_broken", "Spotify did not do that.", "Try again in a moment.")


def seconds_of(retry_after: str | None) -> float | None:
    """The seconds of a Retry-After header; None without one, or where it is a date."""
    return float(retry_after) if retry_after is not None and retry_after.isascii() and retry_after.isdigit() else None
