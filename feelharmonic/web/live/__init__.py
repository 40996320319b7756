"""The Socket.IO namespace /live: its events, and what is held for one listener."""

from feelharmonic.web.live.events import NAMESPACE, TRACK_COST, Live

__all__ = ["NAMESPACE", "TRACK_COST", "Live"]
