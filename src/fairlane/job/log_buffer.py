"""The lines that a job logged and its worker has not sent yet."""

from __future__ import annotations

import threading
from collections import deque

from ..model.logs import MAX_LOG_BYTES, MAX_LOG_LINES, LogLine, LogPiece


class JobLines:
    """The unsent lines of one attempt. If there are too many, only the last ones are kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: deque[LogLine] = deque()
        self._bytes = 0
        self._count = 0
        """Counts all lines that were added."""

    def __bool__(self) -> bool:
        return bool(self._lines)

    def add(self, line: LogLine) -> None:
        with self._lock:
            self._lines.append(line)
            self._bytes += _size(line)
            self._count += 1
            while len(self._lines) > MAX_LOG_LINES or self._bytes > MAX_LOG_BYTES:
                self._drop()

    def piece(self) -> LogPiece | None:
        """The next lines to send."""
        with self._lock:
            return LogPiece(self._count - len(self._lines), list(self._lines)) if self._lines else None

    def sent(self, piece: LogPiece) -> None:
        """The store has these lines."""
        with self._lock:
            while self._lines and self._count - len(self._lines) < piece.first + len(piece.lines):
                self._drop()

    def _drop(self) -> None:
        self._bytes -= _size(self._lines.popleft())


def _size(line: LogLine) -> int:
    return len(line.message.encode()) + len(line.logger) + 64
