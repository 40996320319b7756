"""Stand-ins for the programs that docs/hosting.md types and a test must not run: they would install packages, ask a
certificate authority, or need systemd. Called by their own names (links to this file); everything lies below ROOT.

    STAND_INS='{"root": …, "project": …, "python": …, "changes": {…}, "ports": {…}}' git clone https://… DIR
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

GIVEN = json.loads(os.environ["STAND_INS"])
ROOT, PROJECT, PYTHON = Path(GIVEN["root"]), Path(GIVEN["project"]), GIVEN["python"]
#: Programs of the machine itself, past the stand-ins.
REAL_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def git(clone: str, url: str, folder: str) -> None:
    """The project as it is here; its paths and ports are the test's."""
    assert clone == "clone"
    environ = {"PATH": REAL_PATH, "HOME": str(ROOT)}
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, env=environ, capture_output=True, check=True)
    Path(folder).mkdir(parents=True)
    subprocess.run(["xargs", "-0", "cp", "--parents", "-t", folder], cwd=PROJECT, input=listed.stdout, check=True)
    for path in (Path(folder) / "deploy").iterdir():
        text = path.read_text(encoding="utf-8")
        for given, ours in GIVEN["changes"].items():
            text = text.replace(given, ours)
        path.write_text(text, encoding="utf-8")


def python3(*words: str) -> None:
    """An environment whose programs are those of the test's own; whatever else is run as it is."""
    if words[:2] != ("-m", "venv"):
        os.execv(PYTHON, [PYTHON, *words])
    folder = Path(words[2]) / "bin"
    folder.mkdir(parents=True)
    for name, command in {"python": "", "gunicorn": "-m gunicorn", "pip": f"{__file__} pip"}.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(PYTHON)} {command} "$@"\n', encoding="utf-8")
        script.chmod(0o755)


def pip(install: str, *words: str) -> None:
    assert install == "install"
    files = [name for flag, name in zip(words[::2], words[1::2], strict=True) if flag == "-r"]
    assert len(files) == 2
    assert all(Path(name).read_text(encoding="utf-8").strip() for name in files)


def make(target: str) -> None:
    """The browser libraries as they are here; other targets by make itself."""
    environ = {**os.environ, "PATH": f"{ROOT}/bin:{REAL_PATH}"}
    if target == "vendor":
        subprocess.run([shutil.which("make", path=REAL_PATH), "-n", target], check=True, capture_output=True)
        shutil.copytree(PROJECT / "static" / "vendor", "static/vendor", dirs_exist_ok=True)
    else:
        sys.exit(subprocess.run([shutil.which("make", path=REAL_PATH), target], env=environ, check=False).returncode)


def certbot(certonly: str, webroot: str, w: str, folder: str, d: str, name: str) -> None:
    assert (certonly, webroot, w, d) == ("certonly", "--webroot", "-w", "-d")
    assert Path(folder).is_dir()
    sys.path.insert(0, str(PROJECT))
    from feelharmonic.web.security.certificate import own_certificate

    certificate, key = own_certificate(ROOT / "authority", [name])
    live = ROOT / "etc" / "letsencrypt" / "live" / name
    live.mkdir(parents=True)
    shutil.copy(certificate, live / "fullchain.pem")
    shutil.copy(key, live / "privkey.pem")


def systemctl(verb: str, *words: str) -> None:
    """Starts what the units say, as far as that needs no systemd."""
    if verb == "enable":
        assert words[0] == "--now"
        for name in words[1:]:
            start(name, *unit(ROOT / "etc" / "systemd" / "system" / f"{name}.service"))
    elif verb == "restart":
        assert words == ("nginx",)
        command = ["nginx", "-p", str(ROOT), "-c", str(ROOT / "etc" / "nginx" / "nginx.conf"), "-g", "daemon off;"]
        start("nginx", command, str(ROOT), {})
    else:
        assert verb == "daemon-reload"


def unit(path: Path) -> tuple[list[str], str, dict[str, str]]:
    """The command of a unit, its folder and its environment."""
    lines = [line.partition("=") for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    environ: dict[str, str] = {}
    for name, _, value in lines:
        texts = shlex.split(value) if name == "Environment" else []
        if name == "EnvironmentFile":
            texts = Path(value).read_text(encoding="utf-8").split()
        environ.update(text.partition("=")[::2] for text in texts)
    one = {name: value for name, _, value in lines}
    command = [word for word in shlex.split(one["ExecStart"]) if word not in ("--supervised", "systemd")]
    folder = Path(one["WorkingDirectory"])
    folder.mkdir(parents=True, exist_ok=True)  # RuntimeDirectory
    return command, str(folder), environ


def start(name: str, command: list[str], folder: str, environ: dict[str, str]) -> None:
    with (ROOT / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": REAL_PATH, "HOME": str(ROOT), **GIVEN["environ"], **environ},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    with (ROOT / "pids").open("a", encoding="utf-8") as pids:
        pids.write(f"{process.pid}\n")
    ends_s = time.monotonic() + 90
    with_port = GIVEN["ports"][name]
    while time.monotonic() < ends_s and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", with_port)) == 0:
                return
        time.sleep(0.1)
    sys.exit(f"{name} did not start: {(ROOT / f'{name}.log').read_text()[-2000:]}")


def main() -> None:
    name, *words = [Path(sys.argv[0]).name, *sys.argv[1:]]
    if name == Path(__file__).name:
        name, *words = words
    if name == "apt-get":
        assert words[0] == "install"
        assert all(re.fullmatch(r"[a-z0-9.+-]+", word) for word in words)
        return
    stand_ins = {one.__name__: one for one in (git, python3, pip, make, certbot, systemctl)}
    stand_ins[name](*words)


if __name__ == "__main__":
    main()
