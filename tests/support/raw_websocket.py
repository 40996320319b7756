"""A WebSocket client that sends single packets, for tests of clients that break the protocol."""

from __future__ import annotations

import json
import socket

import websocket

DEADLINE_S = 60


class RawListener:
    """Engine.IO's and Socket.IO's packets over a WebSocket. ``receives_bytes``: how much the kernel takes in unread."""

    def __init__(self, url: str, *, receives_bytes: int | None = None):
        options = [] if receives_bytes is None else [(socket.SOL_SOCKET, socket.SO_RCVBUF, receives_bytes)]
        address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self.socket = websocket.create_connection(address, timeout=DEADLINE_S, sockopt=options)
        self.socket.send("40/live,")
        self._until("40/live,")

    def send(self, number: int, picture: bytes) -> None:
        """A frame whose answer nobody waits for."""
        self.socket.send(f'451-/live,{number}["frame",{number},{{"_placeholder":true,"num":0}}]')
        self.socket.send_binary(picture)

    def ask(self, number: int, picture: bytes) -> dict:
        self.send(number, picture)
        return json.loads(self._until(f"43/live,{number}[")[len(f"43/live,{number}") :])[0]

    def call(self, event: str, value: object) -> dict:
        """The answer to ``event``."""
        self.socket.send(f"42/live,7{json.dumps([event, value])}")
        return json.loads(self._until("43/live,7[")[len("43/live,7") :])[0]

    def receive(self) -> str:
        """The next message that is no ping; pings are answered."""
        return self._until("4")

    def vanish(self) -> None:
        """Gone without a word, as a closed laptop is: the connection is reset."""
        self.socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.sock.close()

    def _until(self, beginning: str) -> str:
        while not (text := self.socket.recv()).startswith(beginning):
            if not text:
                raise ConnectionError("the server ended the connection")
            if text == "2":
                self.socket.send("3")
        return text


def open_websocket(url: str, **options: object) -> websocket.WebSocket:
    """A WebSocket to Engine.IO at ``url`` that has not joined a namespace, from the server's own page by default."""
    address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    return websocket.create_connection(address, timeout=DEADLINE_S, **{"origin": url, **options})


def is_accepted(url: str, origin: str, **options: object) -> bool:
    """Whether the server at ``url`` opens a WebSocket for a page of ``origin``."""
    try:
        open_websocket(url, origin=origin, **options).close()
    except websocket.WebSocketBadStatusException:
        return False
    return True
