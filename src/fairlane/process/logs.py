"""Logging: one handler, on stderr, as text for people or as JSON for machines."""

from __future__ import annotations

import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from .printable import printable, printable_json


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "process": self._process,
            "pid": record.process,
            "logger": record.name,
            "message": _encodable(record.getMessage()),
        }
        if record.exc_info:
            entry["exception"] = _encodable(self.formatException(record.exc_info))
        return printable_json(msgspec.json.encode(entry).decode())


class TextFormatter(logging.Formatter):
    """Time (UTC), level, process and message; an exception on the lines that follow.

    Jobs' errors end up in log lines: they can neither forge lines nor steer the terminal.
    """

    def __init__(self, process: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)-7s {process}: %(message)s", "%Y-%m-%d %H:%M:%S")
        self.converter = time.gmtime

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = printable(record.message).replace("\n", "\\n")
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        return printable(super().formatException(ei))


def _encodable(text: str) -> str:
    """`text` without lone surrogates, which JSON cannot carry."""
    return text.encode("utf-8", "backslashreplace").decode()


Setup = tuple[Literal["text", "json"], str]
"""The form of the lines, and the name of the process in them."""
_setup: Setup | None = None


def logging_setup() -> Setup | None:
    """The arguments of `configure_logging`, for the children of this process; None if it was not called."""
    return _setup


def configure_logging(form: Literal["text", "json"], process: str) -> None:
    """Send all logging of this process to stderr. `process` is its name in the lines.

    The root logger passes on more than stderr shows: the `info` lines of jobs are kept with them.
    """
    global _setup  # noqa: PLW0603  logging itself is global
    _setup = form, process
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(process) if form == "json" else TextFormatter(process))
    root = logging.getLogger()
    root.handlers = [handler]
    handler.addFilter(lambda record: record.levelno >= logging.WARNING or record.name.startswith("fairlane"))
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)
