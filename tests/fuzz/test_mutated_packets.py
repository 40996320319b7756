"""Packets of a WebSocket, changed at random: handled as Engine.IO hands them on, or refused, at little cost.

In this process, past the socket itself: `test_live.py` sends some thousand to a whole server.
"""

from __future__ import annotations

import json

import pytest
from engineio.packet import MESSAGE, Packet

from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.web.security.websocket_limits import is_packet
from tests.fuzz.mutation import Mutations
from tests.fuzz.test_mutated_texts import TEXT_PARTS
from tests.support.fuzzing import MUTATED_CASES, TEST_TIMEOUT_S

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)

WISHES = {"genres_liked": ["rock", "polka"], "genres_barred": ["metal"], "decades": [1980, 1990], "explicit": False}
WISHES |= {"instrumental_only": True, "familiarity": 0.5}
PROBABILITIES = [0.1, 0.1, 0.1, 0.3, 0.2, 0.1, 0.1]
MOOD = {"emotion": "sad", "confidence": 0.5, "since_s": 3, "valence": -0.2, "arousal": 0.1}
EVENTS = [
    ["snap", {"emotion": "sad", "goal": "lift", "n": 50, "wishes": WISHES, "after": {"valence": 0.1, "energy": 0.2}}],
    ["snap", {"probabilities": PROBABILITIES, "valence": -0.4, "arousal": 0.3, "n": 8}],
    *(["snap", {"emotion": emotion, "goal": goal}] for emotion, goal in zip(EMOTIONS, GOALS * 2, strict=False)),
    ["goal", {"goal": "lift"}],
    ["baseline", {"probabilities": PROBABILITIES}],
    ["group", {"on": True}],
    ["device", {"on": False}],
    ["resume", {"mood": MOOD, "at_s": 1.7e9}],
    ["feedback", {"id": "3w3y8KPTfNeOKPiqUTakBh", "like": True}],
    ["frame", 7, {"_placeholder": True, "num": 0}],
]
PACKETS = [f"42/live,7{json.dumps(event)}" for event in EVENTS]
PACKETS += [f"451-/live,8{json.dumps(EVENTS[-1])}", "40/live,", "41/live,", "3", "43/live,7[1]"]
PARTS = (*TEXT_PARTS, "42/live,", "451-/live,9", "_placeholder", "num", "-1", '"connect"', '"disconnect"', "null", "²")


@pytest.fixture
def wire(app, live):
    """Hands one message to the server as Engine.IO would, and says whether it went that far."""
    engine = app.extensions["socketio"].server.eio

    def send(message: str | bytes) -> bool:
        if not is_packet(message):
            return False
        packet = Packet(encoded_packet=message)
        if packet.packet_type == MESSAGE:
            engine.handlers["message"](live.eio_sid, packet.data)
        return True

    return send


def test_packets_are_handled_or_refused_at_little_cost(app, live, wire, meter, astronaut_jpeg, caplog):
    def sent(message: str | bytes) -> bool:
        return meter.in_time(lambda: wire(message))

    texts, handled = Mutations(PACKETS, PARTS), 0
    pictures = Mutations([astronaut_jpeg], [b"\xff\xd8", b"\xff", b"\x00", b"\xff\xda"])
    for number in range(MUTATED_CASES):
        handled += sent(texts.next())
        if number % 10 == 0:  # an attachment, whether one is expected or not
            sent(pictures.next())
        if not live.is_connected("/live"):
            live.connect("/live")
        live.get_received("/live")
    assert handled > MUTATED_CASES / 3
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    live.connect("/live")
    assert live.emit("goal", {"goal": "lift"}, namespace="/live", callback=True)["ok"]
