"""Collects what is logged while a job runs: a handler that finds the job by context variable."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

from ..job.context import JobContext, running_job
from ..model.bounded import storable
from ..model.logs import MAX_LINE_LENGTH, LogLine

_CUT = " …"
_MAX_NAME = 200


class _Capture(logging.Handler):
    """Gives each record to the job in whose context it was logged. What fairlane itself says is not the job's."""

    def emit(self, record: logging.LogRecord) -> None:
        job = running_job.get(None)
        if job is None or record.name.partition(".")[0] == "fairlane":
            return
        try:
            job.log(line_of(record, job))
        except Exception:
            self.handleError(record)


_capture = _Capture()
_users = 0
_users_lock = threading.Lock()


@contextlib.contextmanager
def captured_logs() -> Iterator[None]:
    """Within, what jobs of this process log is collected: as far as the root logger hears it."""
    global _users  # noqa: PLW0603  several workers in a process share the root logger too
    with _users_lock:
        _users += 1
        logging.getLogger().addHandler(_capture)
    try:
        yield
    finally:
        with _users_lock:
            _users -= 1
            if not _users:
                logging.getLogger().removeHandler(_capture)


def line_of(record: logging.LogRecord, job: JobContext) -> LogLine:
    """The record as a line: with its exception, and without what JSON cannot carry."""
    text = record.getMessage()
    if record.exc_info:
        text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
    at = datetime.fromtimestamp(record.created, UTC)
    level, logger = _text(record.levelname.lower(), _MAX_NAME), _text(record.name, _MAX_NAME)
    return LogLine(at, job.attempt, level, logger, _text(text))


def replay(line: LogLine) -> None:
    """Log a line of another process here."""
    level = logging.getLevelNamesMapping().get(line.level.upper(), logging.INFO)
    logger = logging.getLogger(line.logger)
    record = logger.makeRecord(line.logger, level, "", 0, "%s", (line.message,), None)
    record.created = line.at.timestamp()
    logger.handle(record)


def _text(text: str, limit: int = MAX_LINE_LENGTH) -> str:
    text = storable(text[: limit + 1])
    return text if len(text) <= limit else text[: limit - len(_CUT)] + _CUT
