"""Space for the files through which several workers' metrics add up, taken before they are used.

`prometheus_client` maps sparse files into memory: on a full disk the first count that needs a new block would end the
worker with SIGBUS. With the space taken in advance no count needs one; where there is none, a worker counts alone.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import values

log = logging.getLogger(__name__)

#: The size of each file: four times what all our labels need, so that none has to grow.
FILE_BYTES = 256 * 1024

#: The variable that names the workers' folder.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def reserve(kinds: Iterable[str]) -> bool:
    """Take the space of this process's files, one for each of ``kinds`` as `prometheus_client` names them.

    Returns whether this process's metrics add up with the others'. False also where FOLDER is not set.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return False
    paths = [Path(folder) / f"{kind}_{os.getpid()}.db" for kind in kinds]
    try:
        for path in paths:
            _allocate(path)
    except OSError as exc:
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        values.ValueClass = values.MutexValue
        log.error("No space for metrics in %s (%s): this worker counts alone", FOLDER, type(exc).__name__)
        return False
    return True


def _allocate(path: Path) -> None:
    with path.open("ab") as file:
        if hasattr(os, "posix_fallocate"):  # Linux; gunicorn runs on macOS as well, for trying it out
            os.posix_fallocate(file.fileno(), 0, FILE_BYTES)
