"""Collects what is logged while a job runs, whatever the app has configured.

`logging.config` replaces handlers and disables loggers, and loggers may not propagate. So records are taken where each
enabled logger passes them on to its handlers, `Logger.callHandlers`.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from ..job.context import JobContext, running_job
from ..model.bounded import storable
from ..model.logs import MAX_LINE_LENGTH, LogLine
from ..process.logs import FIELDS

_CUT = " …"
_MAX_NAME = 200

OnUnhandled = Callable[[logging.LogRecord], None]

_users = 0
_users_lock = threading.Lock()
_on_unhandled: OnUnhandled | None = None
_call_handlers = logging.Logger.callHandlers


@contextlib.contextmanager
def captured_logs(on_unhandled: OnUnhandled | None = None) -> Iterator[None]:
    """Within, what jobs of this process log is collected.

    `on_unhandled` gets the records of jobs that no handler of this process would handle.
    """
    global _users, _on_unhandled  # noqa: PLW0603  several workers in a process share its loggers too
    with _users_lock:
        _users += 1
        _on_unhandled = on_unhandled
        _install()
    try:
        yield
    finally:
        with _users_lock:
            _users -= 1


def _install() -> None:
    """Take records from now on. This stays: others, such as Sentry, may have wrapped `callHandlers` meanwhile."""
    if not getattr(logging.Logger, "is_captured_by_fairlane", False):
        logging.Logger.is_captured_by_fairlane = True  # type: ignore[attr-defined]
        logging.Logger.callHandlers = _take  # type: ignore[method-assign,assignment]
    for name, logger in logging.root.manager.loggerDict.items():
        if _is_own(name) and type(logger) is logging.Logger:
            logger.__class__ = _AlwaysEnabled


def _take(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Give the record to the job in whose context it was logged, then to the handlers."""
    if _is_own(record.name):
        with _contained(record):
            _call_handlers(logger, record)
        return
    job = running_job.get(None) if _users else None
    if job is None:
        _call_handlers(logger, record)
        return
    mark(record, job)
    try:
        job.log(line_of(record, job))
    except Exception:  # as handlers do with a record that they cannot format
        logging.Handler().handleError(record)
    if _on_unhandled is not None and not logger.hasHandlers():
        _on_unhandled(record)
    else:
        _call_handlers(logger, record)


@contextlib.contextmanager
def _contained(record: logging.LogRecord) -> Iterator[None]:
    """Within, the worker calls handlers and filters of the app for a record. What they raise must not stop it."""
    try:
        yield
    except BaseException:
        logging.Handler().handleError(record)


def _is_own(name: str) -> bool:
    return name.partition(".")[0] == "fairlane"


class _AlwaysEnabled(logging.Logger):
    """A logger of fairlane. `logging.config` disables each logger that it does not name: the worker would go mute."""

    @property
    def disabled(self) -> bool:
        return False

    @disabled.setter
    def disabled(self, value: bool) -> None: ...


def handle_elsewhere_logged(logger: logging.Logger, record: logging.LogRecord) -> None:
    """Give a record of another process to the handlers of this one."""
    if (job := running_job.get(None)) is not None:
        mark(record, job)
    with _contained(record):
        if not logger.disabled and logger.filter(record):
            _call_handlers(logger, record)


def mark(record: logging.LogRecord, job: JobContext) -> None:
    """Name the job of a record in its JSON line."""
    setattr(record, FIELDS, fields_of(job))


def fields_of(job: JobContext) -> dict[str, Any]:
    """What a JSON line says of a job."""
    return {
        "job": job.id,
        "tenant": job.tenant,
        "task": job.task,
        "queue": job.queue,
        "attempt": job.attempt,
    }


def line_of(record: logging.LogRecord, job: JobContext) -> LogLine:
    """The record as a line: with its exception, and without what JSON cannot carry."""
    text = record.getMessage()
    if record.exc_info:
        text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
    at = datetime.fromtimestamp(record.created, UTC)
    level, logger = _text(record.levelname.lower(), _MAX_NAME), _text(record.name, _MAX_NAME)
    return LogLine(at, job.attempt, level, logger, _text(text))


def _text(text: str, limit: int = MAX_LINE_LENGTH) -> str:
    text = storable(text[: limit + 1])
    return text if len(text) <= limit else text[: limit - len(_CUT)] + _CUT
