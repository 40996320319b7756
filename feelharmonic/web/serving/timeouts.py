"""How long the server waits for a silent client."""

from __future__ import annotations

#: Who is connected and sends nothing for so long, not even the answer to a ping, loses the connection.
SILENCE_S = 20.0
