"""What jobs log while they run."""

from __future__ import annotations

import msgspec

from .job import Time

MAX_LOG_LINES = 200
MAX_LOG_BYTES = 32 * 1024
"""The last lines of a job are kept, up to these numbers of lines and of stored bytes."""
MAX_LINE_LENGTH = 1024


class LogLine(msgspec.Struct, frozen=True, rename="camel"):
    """A line that a job logged."""

    at: Time
    attempt: int
    level: str
    logger: str
    message: str


class LogPiece(msgspec.Struct, frozen=True, rename="camel"):
    """Some lines of an attempt, as its worker sends them. Lines that are sent twice are kept once."""

    first: int
    """How many lines the attempt logged before these. Lines that were never sent are lost."""
    lines: list[LogLine]


class JobLog(msgspec.Struct, frozen=True, rename="camel"):
    """The kept lines of a job, oldest first, and whether earlier ones are missing."""

    lines: list[LogLine]
    truncated: bool
