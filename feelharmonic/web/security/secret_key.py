"""The server's secret key: created at the first start, readable by its owner only. It encrypts what workers share."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from pathlib import Path

from feelharmonic.errors import SetupFault

NAME = "secret_key"

KEY_BYTES = 32


def secret_key(folder: Path, given: str) -> str:
    """``given``, else the key stored in ``folder``, which is created if missing. Raises SetupFault."""
    if given:
        return given
    path = folder / NAME
    try:
        if not path.exists():
            _create(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        action = "Let the server write there, or set SECRET_KEY."
        raise SetupFault([f"{path} cannot be created or read ({type(exc).__name__}). {action}"]) from exc
    if os.name == "posix" and mode & 0o077:
        raise SetupFault([f"{path} may be read by others (mode {mode:o}). Expected 600: `chmod 600 {path}`."])
    if len(key) < KEY_BYTES:
        raise SetupFault([f"{path} holds no valid key. Delete it, and a new one is created."])
    return key


def _create(path: Path) -> None:
    """Write a new key to ``path`` atomically; if another worker was quicker, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{NAME}-")  # mode 600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(KEY_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        os.unlink(temporary)
