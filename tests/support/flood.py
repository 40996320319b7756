"""Clients that send one text all the time and read nothing: `python flood.py URL COUNT TEXT`, in a process of its
own so that the test's own listener is not slowed down. Ends when the server has disconnected all of them."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path

import websocket

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.support.raw_websocket import RawListener


def flood(sender: websocket.WebSocket, text: str) -> None:
    with contextlib.suppress(OSError, websocket.WebSocketException):
        while True:
            sender.send(text)


if __name__ == "__main__":
    url, count, text = sys.argv[1:]
    senders = [RawListener(url).socket for _ in range(int(count))]
    threads = [threading.Thread(target=flood, args=(sender, text)) for sender in senders]
    print("connected", flush=True)
    for thread in threads:
        thread.start()
