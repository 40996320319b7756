"""The log: one JSON object a line on standard error, with no personal data.

Each line has time (UTC), level, logger and message. Of an exception it has the type and the traceback's places. Its
text is logged for setup faults only: others may repeat what a client sent. Addresses, names and pictures are never
logged.
"""

from __future__ import annotations

import json
import logging.config
import os
import traceback
from datetime import datetime, timezone

from feelharmonic.errors import SetupFault

PACKAGE = "feelharmonic"

#: Exceptions during setup, before any client has sent anything: their texts are logged.
WITH_TEXT = (SetupFault, ImportError)


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, fault, trace = record.exc_info
            line["fault"] = kind.__name__
            if issubclass(kind, WITH_TEXT):
                line["text"] = str(fault)
            frames = traceback.extract_tb(trace)
            line["where"] = [f"{os.path.basename(one.filename)}:{one.lineno} {one.name}" for one in frames]
        return json.dumps(line, ensure_ascii=False)


def has_no_address(record: logging.LogRecord) -> bool:
    """False for the lines in which gunicorn names the address that sent an invalid request."""
    return not str(record.msg).startswith("Invalid request")


#: For `logging.config.dictConfig` and gunicorn's logconfig_dict. Libraries log from warnings on.
CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "filters": {"has_no_address": {"()": lambda: has_no_address}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        PACKAGE: {"level": "INFO"},
        # Not through gunicorn's own handler, which does not write JSON.
        "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "filters": ["has_no_address"], "propagate": False},
        # Engine.IO logs each invalid packet: a client could fill the disk.
        "engineio.server": {"level": "CRITICAL"},
        # Without a level it would get a handler of its own, whose lines are not JSON.
        "socketio.server": {"level": "ERROR"},
    },
}


def set_up() -> None:
    """Configure logging as CONFIG says."""
    logging.config.dictConfig(CONFIG)
