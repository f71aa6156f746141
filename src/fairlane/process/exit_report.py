"""How a supervised process tells its supervisor why it ends, in a way that the code it runs cannot imitate.

Exit codes do not serve: a task can call `os._exit` or `sys.exit` with any number. The two processes share a socket
instead. The supervisor first writes a random secret to it, which the child reads before it imports any foreign code,
and each message of the child begins with that secret.
"""

from __future__ import annotations

import contextlib
import os
import socket
from enum import Enum
from typing import Self

DESCRIPTOR_VARIABLE = "FAIRLANE_EXIT_REPORT_FD"
_SECRET_BYTES = 16
_MOST_BYTES = 1024 * 1024
"""The most bytes of a child that are read."""


class Report(Enum):
    """A message of a child."""

    STARTED = b"started."
    """It has begun its work, so no exit code means that it could not start."""
    DRAINED = b"drained."
    """It has drained as commanded: do not start it again."""
    USED_UP = b"used_up."
    """It has run its number of jobs, or is over its memory limit: replace it."""


class ExitReports:
    """The supervisor's end, for one start of a child."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._secret = os.urandom(_SECRET_BYTES)
        self._ours.send(self._secret)
        self.descriptor = self._theirs.fileno()
        """The child inherits it."""

    def child_has_it(self) -> None:
        """The child was spawned: close its end here."""
        self._theirs.close()

    def read(self) -> set[Report]:
        """All messages of the child. Call this once it has ended; it closes the socket."""
        received = bytearray()
        with self._ours, contextlib.suppress(OSError):
            while len(received) < _MOST_BYTES and (piece := self._ours.recv(65_536)):
                received += piece
        return {report for report in Report if self._secret + report.value in received}


class Supervisor:
    """The child's end: the supervisor that this process reports to, if there is one."""

    def __init__(self, connection: socket.socket | None) -> None:
        self._connection = connection
        self._secret = b"" if connection is None else connection.recv(_SECRET_BYTES)

    @classmethod
    def of_this_process(cls) -> Self:
        """The supervisor of this process. Call this before any code of the user runs."""
        descriptor = os.environ.pop(DESCRIPTOR_VARIABLE, None)
        if descriptor is None:
            return cls(None)
        os.set_inheritable(int(descriptor), False)
        connection = socket.socket(fileno=int(descriptor))
        connection.setblocking(False)
        return cls(connection)

    def tell(self, report: Report) -> None:
        """Send a message, or nothing if the supervisor is gone."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.send(self._secret + report.value)
