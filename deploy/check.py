"""`make deploy-check`: what a public server still lacks on this machine. Needs nothing but Python.

Prints one line for each check, with what to type where it fails. Exit status 1 where anything is missing.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parents[1]
PATHS = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6380/0"

#: (what is there, whether it is, what to do where it is not)
Check = tuple[str, bool, str]


def checks(project: Path = PROJECT) -> Iterator[Check]:
    for name, package in (("redis-server", "redis-server"), ("nginx", "nginx"), ("make", "make")):
        yield name, shutil.which(name, path=PATHS) is not None, f"apt-get install {package}"
    yield (
        "Python packages",
        (project / ".venv/bin/gunicorn").exists(),
        (
            "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt -r deploy/requirements.txt "
            "(Debian: apt-get install python3-venv)"
        ),
    )
    yield "browser libraries", (project / "static/vendor/socket.io.esm.min.js").is_file(), "make vendor"
    yield f"Redis at {REDIS_URL}", answers(REDIS_URL), "systemctl start feelharmonic-redis"
    text = (project / "deploy/nginx.conf").read_text(encoding="utf-8")
    names = set(re.findall(r"server_name (\S+);", text)) - {"_"}
    yield "names in deploy/nginx.conf", "mood.example" not in names, "write your own at the lines marked CHANGE"
    for path in re.findall(r"ssl_certificate(?:_key)? (\S+);", text):
        yield path, os.path.exists(path), "certbot certonly --standalone -d NAME, or put yours there"
    known = set(filter(None, os.environ.get("ALLOWED_HOSTS", "").split(","))) | environment_hosts()
    yield (
        "ALLOWED_HOSTS names what nginx serves",
        names <= known,
        (f"write ALLOWED_HOSTS={','.join(sorted(names))} into /etc/feelharmonic/environment"),
    )


def environment_hosts(path: Path = Path("/etc/feelharmonic/environment")) -> set[str]:
    """The names after ALLOWED_HOSTS= in the service's settings."""
    try:
        found = re.search(r"^ALLOWED_HOSTS=(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return set()
    return {name.strip() for name in found[1].split(",")} if found else set()


def answers(url: str) -> bool:
    """Whether something listens at ``url``."""
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((parts.hostname or "127.0.0.1", parts.port or 6379)) == 0


def main() -> int:
    missing = 0
    for name, is_there, action in checks():
        missing += not is_there
        print(f"{'ok      ' if is_there else 'missing '}{name}" + ("" if is_there else f": {action}"))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
