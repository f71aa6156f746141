"""Log records of a job process for the handlers of its worker, where the process has no handlers for them."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import msgspec

from ..log_capture import handle_elsewhere_logged

MAX_WAITING = 1_000
"""Records that wait to be sent; the last ones are kept."""
_MAX_TEXT = 64 * 1024
_encode = msgspec.msgpack.Encoder().encode

Record = dict[str, Any]
"""The attributes of a log record, `extra` included, as plain values."""


def record_of(record: logging.LogRecord) -> Record:
    """The record with its message and exception formatted. Values of `extra` that are not plain become text."""
    found = {_text(name): _plain_or_text(value) for name, value in record.__dict__.items()}
    exception = logging.Formatter().formatException(record.exc_info) if record.exc_info else None
    message = _text(record.getMessage())
    return found | {"msg": message, "args": None, "exc_info": None, "exc_text": exception and _text(exception)}


def handle(record: Record) -> None:
    """Give the record to the handlers of this process."""
    made = logging.makeLogRecord(record)
    handle_elsewhere_logged(logging.getLogger(made.name), made)


def _text(text: str) -> str:
    return text[:_MAX_TEXT].encode("utf-8", "backslashreplace").decode()


def _plain_or_text(value: object) -> Any:
    with contextlib.suppress(Exception):  # a value of any type may raise anything
        if len(_encode(plain := msgspec.to_builtins(value))) <= _MAX_TEXT:
            return plain
    with contextlib.suppress(Exception):
        return _text(repr(value))
    return f"(a {type(value).__name__} that cannot be printed)"
