"""No picture is written, logged or sent on. A real server is watched from its first line to its end while
it reads frames and uploads: by Python's audit hooks, and by strace, which also sees what native code does."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.serving import MODES, PROJECT, Server

FRAMES, UPLOADS = 100, 24
#: Larger than what Werkzeug keeps in memory of a form unless told.
PADDING = b"\0" * 1_000_000
INSTANCE = PROJECT / "instance"

#: Python reads this file by itself when it starts. An event's name and what it is about go into $WATCHED, a line each.
WATCH = """
import json, os, sys
written = os.open(os.environ["WATCHED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
write, dumps = os.write, json.dumps
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FILES = ("os.link", "os.symlink", "os.rename", "os.mkdir", "os.truncate", "sqlite3.connect",
         "tempfile.mkstemp", "tempfile.mkdtemp", "shutil.copyfile", "shutil.move")
NETWORK = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind")
PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty",
            "pty.spawn")
def watch(event, arguments):
    if event == "open":
        if arguments[2] and arguments[2] & WRITES:
            tell("open", os.fsdecode(arguments[0]) if not isinstance(arguments[0], int) else arguments[0])
    elif event in FILES or event in PROGRAMS:
        tell(event, [str(one) for one in arguments])
    elif event in NETWORK:
        tell(event, arguments[1] if isinstance(arguments[1], (tuple, str)) else str(arguments[1]))
def tell(event, about):
    write(written, dumps([event, about]).encode() + b"\\n")
sys.addaudithook(watch)
"""

#: Does on purpose what the server may not.
BREACH = """
import os, socket, subprocess, sys
open("kept.jpg", "wb").close()
os.link("kept.jpg", "linked.jpg")
os.rename("linked.jpg", "moved.jpg")
os.mkdir("folder")
os.truncate("moved.jpg", 0)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.sendto(b"a picture", ("127.0.0.1", 9))
    sender.sendmsg([b"a picture"], [], 0, ("127.0.0.1", 10))
    sender.connect(("127.0.0.1", 11))
subprocess.run([sys.executable, "-S", "-c", ""], check=True)
os.system("true")
"""


def show_pictures(server: Server, jpeg: bytes) -> None:
    with server.listener() as listener:
        for seq in range(FRAMES):
            assert listener.call("frame", seq, jpeg)["faces"]
        assert listener.call("frame", FRAMES, jpeg[:2000])["problem"]["code"] == "bad_frame"
        assert listener.call("snap", {"emotion": "happy"})["tracks"]
    for number in range(UPLOADS):
        image = ("secret-name.jpg", jpeg + PADDING if number % 4 else PADDING)
        answer = requests.post(f"{server.url}/api/v1/expressions", files={"image": image}, timeout=60)
        assert answer.status_code == (200 if number % 4 else 422), answer.text


def assert_nothing_in_the_log(server: Server, folder: Path, jpeg: bytes) -> None:
    log = (folder / "server.log").read_bytes()
    assert b"Feelharmonic is at" in log
    for part in (jpeg[:24], jpeg[200:224], jpeg[200:224].hex().encode(), repr(jpeg[200:224])[2:-1].encode()):
        assert part not in log
    assert b"secret-name" not in log


def watched(folder: Path) -> dict[str, str]:
    """Settings under which Python tells what it does."""
    (folder / "watch").mkdir()
    (folder / "watch" / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    # The interpreter's own compiled files are no business of the promise.
    return {
        "PYTHONPATH": str(folder / "watch"),
        "WATCHED": str(folder / "watched"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def seen(folder: Path) -> Iterator[tuple[str, object]]:
    for line in (folder / "watched").read_text(encoding="utf-8").splitlines():
        event, about = json.loads(line)
        yield event, about


def test_the_audit_hook_sees_a_breach(tmp_path):
    environ = {**os.environ, **watched(tmp_path)}
    subprocess.run([sys.executable, "-c", BREACH], cwd=tmp_path, env=environ, check=True, timeout=60)
    found = list(seen(tmp_path))
    for breach in (
        ("open", "kept.jpg"),
        ("socket.sendto", ["127.0.0.1", 9]),
        ("socket.sendmsg", ["127.0.0.1", 10]),
        ("socket.connect", ["127.0.0.1", 11]),
    ):
        assert breach in found
    events = {event for event, _ in found}
    assert {"os.link", "os.rename", "os.mkdir", "os.truncate", "subprocess.Popen", "os.system"} <= events


@pytest.mark.parametrize("mode", MODES)
def test_no_picture_is_written_or_sent_on(tmp_path, astronaut_jpeg, mode):
    """With the catalogue as the only provider no address is listed: nobody is called. Its log is what it was given."""
    server = Server(tmp_path, ASYNC_MODE=mode, **watched(tmp_path)).start()
    try:
        show_pictures(server, astronaut_jpeg)
    finally:
        server.stop()
    found = list(seen(tmp_path))
    assert ("socket.bind", ["127.0.0.1", server.port]) in found  # the watch was awake
    others = [(event, about) for event, about in found if not is_kept(event, about)]
    if mode == "eventlet":  # its pool of threads wakes the loop over a connection of the process with itself
        others = [one for one in others if not (one[0] == "socket.connect" and one[1][0] == "127.0.0.1")]
    assert others == []
    assert_nothing_in_the_log(server, tmp_path, astronaut_jpeg)


def is_kept(event: str, about: object) -> bool:
    """Whether the promise allows it: a file of its own, or listening on this machine, which calls nobody."""
    if event == "socket.bind":
        return about[0] in ("127.0.0.1", "::1")
    if event in ("open", "sqlite3.connect", "os.mkdir"):
        return is_own(str(about if event == "open" else about[0]))
    return False


def is_own(path: str) -> bool:
    """Whether the server may write it: a file of its own folder, never a picture's copy in a folder for all."""
    return path == os.devnull or Path(path) == INSTANCE or INSTANCE in Path(path).parents


# ---------- below Python ----------

CALLS = (
    "openat,open,openat2,creat,link,linkat,symlink,symlinkat,rename,renameat,renameat2,mkdir,mkdirat,mknod,mknodat,"
    "truncate,memfd_create,connect,sendto,sendmsg,sendmmsg,bind,execve,execveat"
)


# strace pads the process number to five columns: "1783  +++ exited with 0 +++".
CALL, ENDED = re.compile(r"\d+ +[a-z]\w*\("), re.compile(r"\d+ +\+\+\+ .* \+\+\+")
ENDS_S = 20


def traced(folder: Path) -> tuple[str, ...]:
    """strace, as a program that becomes the server; of data it writes down nothing."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed (Debian: apt-get install strace): what native code opens is not seen")
    # -D: the server stays our child, and gets our signals.
    command = ("strace", "-D", "-f", "-q", "-s", "0", "-e", f"trace=?{CALLS.replace(',', ',?')}")
    command = (*command, "-o", str(folder / "traced"))
    if subprocess.run([*command, "true"], capture_output=True, check=False, timeout=60).returncode != 0:
        pytest.skip("strace may not be used here: what native code opens is not seen")
    (folder / "traced").unlink(missing_ok=True)
    return command


def calls(folder: Path) -> list[str]:
    """What was called with success until the end, but for the program's own start."""
    deadline = time.monotonic() + ENDS_S
    while not (lines := traced_lines(folder)) or not ENDED.fullmatch(lines[-1]):
        assert time.monotonic() < deadline, lines[-1:]
        time.sleep(0.1)
    made = [line.split(None, 1)[1] for line in lines if CALL.match(line) and " = -1 " not in line]
    assert made[0].startswith("execve(")
    return made[1:]


def traced_lines(folder: Path) -> list[str]:
    return (folder / "traced").read_text(encoding="utf-8", errors="replace").splitlines()


def is_breach(call: str) -> bool:
    """Whether a call of the system writes a file, reaches an address or starts a program."""
    name = call.split("(")[0]
    if name.startswith("open"):
        writes = re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE", call)
        return bool(writes) and not is_own(re.search(r'"([^"]*)"', call)[1])
    if name.startswith("send"):
        return "sa_family=" in call  # without an address it is an answer to who asked
    if name == "bind":
        return not re.search(r'"(127\.0\.0\.1|::1)"|AF_NETLINK', call)
    return not (name == "connect" and "/nscd/" in call)  # the system's own memory of names, where it has one


def test_strace_sees_a_breach(tmp_path):
    command = [*traced(tmp_path), sys.executable, "-B", "-c", BREACH]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=60)
    found = "\n".join(filter(is_breach, calls(tmp_path)))
    for breach in ('"kept.jpg", O_WRONLY', "link", "rename", "mkdir", "truncate", "htons(9)", "htons(10)", "htons(11)"):
        assert breach in found
    assert found.count("execve(") == 2


@pytest.mark.full
def test_no_picture_is_written_or_sent_on_by_native_code(tmp_path, astronaut_jpeg):
    server = Server(tmp_path, under=traced(tmp_path), PYTHONDONTWRITEBYTECODE="1").start()
    try:
        show_pictures(server, astronaut_jpeg)
    finally:
        server.stop()
    made = calls(tmp_path)
    assert any(call.startswith("bind(") and f"htons({server.port})" in call for call in made)
    assert [call for call in made if is_breach(call)] == []
    assert_nothing_in_the_log(server, tmp_path, astronaut_jpeg)
