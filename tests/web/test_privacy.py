"""docs/privacy.md, as far as the server keeps it: nothing written or sent on; nothing outlives a visit."""

from __future__ import annotations

import base64
import gc
import json
import logging
import re
import subprocess
import sys
import weakref

import pytest

from feelharmonic.app import create_app
from feelharmonic.reading.networks import Networks
from feelharmonic.settings import Settings
from feelharmonic.web.live import events

VISIT = """
import json, os, sys
from feelharmonic.app import create_app
from feelharmonic.settings import Settings

picture = open(sys.argv[1], "rb").read()
app = create_app(Settings(providers=("catalogue",), async_mode="threading"))
client = app.extensions["socketio"].test_client(app, namespace="/live")
seen = []

def watch(event, args):
    if event == "open" and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND):
        seen.append([event, str(args[0])])
    elif event in ("socket.connect", "socket.sendto", "subprocess.Popen", "os.mkdir", "os.rename", "os.system"):
        seen.append([event, str(args[-1])])

sys.addaudithook(watch)
for seq in range(6):
    answer = client.emit("frame", seq, picture, namespace="/live", callback=True)
    assert answer["problem"] is None and answer["faces"], answer
assert client.emit("frame", 7, picture[:900], namespace="/live", callback=True)["problem"]
assert client.emit("snap", {}, namespace="/live", callback=True)["tracks"]
client.disconnect(namespace="/live")
during = list(seen)
open(sys.argv[2], "w").close()  # the watch must see this
print(json.dumps({"during": during, "after": seen}))
"""


def test_a_visit_writes_no_file_and_calls_nobody(project, tmp_path, astronaut_jpeg):
    (tmp_path / "picture").write_bytes(astronaut_jpeg)
    command = [sys.executable, "-c", VISIT, str(tmp_path / "picture"), str(tmp_path / "probe")]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["during"] == []
    assert told["after"] == [["open", str(tmp_path / "probe")]]


@pytest.fixture(scope="module")
def parts() -> Networks:
    return Networks.load()


def test_no_picture_is_in_the_log_at_any_level(parts, astronaut_jpeg, caplog):
    caplog.set_level(logging.DEBUG)
    app = create_app(Settings(providers=("catalogue",)), networks=parts)
    client = app.extensions["socketio"].test_client(app, namespace="/live")
    logging.getLogger("feelharmonic").debug("the log is read")
    for picture in (astronaut_jpeg, astronaut_jpeg[:2000], b"no picture" * 50):
        client.emit("frame", 0, picture, namespace="/live", callback=True)
        for form in (repr(picture[20:60])[2:-1], base64.b64encode(picture[:60]).decode()[:40], picture[20:60].hex()):
            assert form not in caplog.text
    assert "the log is read" in caplog.text


def test_what_is_held_for_a_listener_goes_with_the_connection(parts, astronaut_jpeg, monkeypatch):
    held: list[weakref.ref] = []

    class Watched(events.Listener):
        def __init__(self, *args: object, **named: object):
            super().__init__(*args, **named)
            held.append(weakref.ref(self))

    monkeypatch.setattr(events, "Listener", Watched)
    app = create_app(Settings(providers=("catalogue",)), networks=parts)
    client = app.extensions["socketio"].test_client(app, namespace="/live")
    assert client.emit("frame", 0, astronaut_jpeg, namespace="/live", callback=True)["faces"]
    assert client.emit("baseline", {"probabilities": None}, namespace="/live", callback=True)["ok"]
    assert held[0]() is not None
    client.disconnect(namespace="/live")
    gc.collect()
    assert held[0]() is None


def test_every_claim_of_the_privacy_table_names_tests_that_are_there(project):
    text = (project / "docs" / "privacy.md").read_text(encoding="utf-8")
    claims = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| claim")]
    assert len(claims) >= 8
    for claim in claims:
        named = re.findall(r"`(tests/[\w/]+\.py|tests/js/[\w.]+)` \*?([^|;*]*)", claim)
        assert named, f"no test is named: {claim}"
        for path, words in named:
            name = words.strip().rstrip(".").replace(" ", "_")
            source = (project / path).read_text(encoding="utf-8")
            assert f"def test_{name}(" in source or f'test("{words.strip()}"' in source, f"{path} has no test {name}"
