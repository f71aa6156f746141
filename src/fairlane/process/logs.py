"""Logging on stderr, as text for people or as JSON for machines."""

from __future__ import annotations

import logging
import sys
import time
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import msgspec

from .printable import printable, printable_json

FIELDS = "fairlane_fields"
"""The attribute of a record with further fields of its JSON line: the job that logged it, or that it is about."""


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
        entry |= getattr(record, FIELDS, {})
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


class Setup(NamedTuple):
    """The arguments of `configure_logging`."""

    form: Literal["text", "json"]
    process: str
    """The name of the process in the lines."""
    level: str = "info"
    job_logs: str = "off"


_setup: Setup | None = None


def logging_setup() -> Setup | None:
    """How logging is set up here, for the children of this process; None if `configure_logging` was not called."""
    return _setup


def configure_logging(form: Literal["text", "json"], process: str, level: str = "info", job_logs: str = "off") -> None:
    """Send the lines of fairlane from `level` on, and warnings of other code, to stderr.

    With `job_logs` "stdout", all that jobs log goes to stdout. The root logger passes on more than is shown: the `info`
    lines of jobs are kept with them.
    """
    global _setup  # noqa: PLW0603  logging itself is global
    _setup = Setup(form, process, level, job_logs)
    formatter = JsonFormatter(process) if form == "json" else TextFormatter(process)
    least = logging.getLevelNamesMapping()[level.upper()]
    errors = logging.StreamHandler(sys.stderr)
    errors.setLevel(least)
    errors.addFilter(lambda record: record.levelno >= logging.WARNING or _is_own(record))
    handlers: list[logging.Handler] = [errors]
    if job_logs == "stdout":
        errors.addFilter(lambda record: not _is_of_job(record))
        jobs = logging.StreamHandler(sys.stdout)
        jobs.addFilter(_is_of_job)
        handlers.append(jobs)
    for handler in handlers:
        handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = handlers
    root.setLevel(logging.INFO)
    logging.getLogger("fairlane").setLevel(min(least, logging.INFO))
    logging.captureWarnings(True)


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.startswith("fairlane")


def _is_of_job(record: logging.LogRecord) -> bool:
    return hasattr(record, FIELDS) and not _is_own(record)
