"""The log: one JSON object a line on standard error, with no personal data.

Each line has time (UTC), level, logger, message. A fault has its kind and where it arose, not its text, unless it is of
setting up: texts repeat what somebody sent. Addresses, names and pictures are never passed to a logger.
"""

from __future__ import annotations

import json
import logging.config
import os
import traceback
from datetime import datetime, timezone

from feelharmonic.errors import SetupFault

PACKAGE = "feelharmonic"

#: Faults of setting up, when nobody has sent anything yet: their texts are told.
TOLD = (SetupFault, ImportError)


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, fault, trace = record.exc_info
            line["fault"] = kind.__name__
            if issubclass(kind, TOLD):
                line["text"] = str(fault)
            frames = traceback.extract_tb(trace)
            line["where"] = [f"{os.path.basename(one.filename)}:{one.lineno} {one.name}" for one in frames]
        return json.dumps(line, ensure_ascii=False)


def names_nobody(record: logging.LogRecord) -> bool:
    """False for gunicorn's lines that tell which address sent what it could not read."""
    return not str(record.msg).startswith("Invalid request")


#: For `logging.config.dictConfig`, and gunicorn's logconfig_dict. Libraries speak up from warnings on.
CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "filters": {"names_nobody": {"()": lambda: names_nobody}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        PACKAGE: {"level": "INFO"},
        # Its own lines would go to a handler of gunicorn's.
        "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "filters": ["names_nobody"], "propagate": False},
        # Engine.IO tells of each malformed packet: whoever sends them could fill the disk.
        "engineio.server": {"level": "CRITICAL"},
    },
}


def set_up() -> None:
    """Log as CONFIG says, from here on."""
    logging.config.dictConfig(CONFIG)
