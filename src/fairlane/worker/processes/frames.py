"""The messages between a worker and a job process, over a socket that the two share."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from functools import reduce
from types import ModuleType
from typing import Any, Generic, TypeVar

import msgspec

from ...model.job import Progress
from ...model.logs import LogLine
from .records import Record

_LENGTH = struct.Struct(">I")
_PIECE = 64 * 1024
_encode = msgspec.msgpack.Encoder().encode

T = TypeVar("T")


class Start(msgspec.Struct, tag=True, array_like=True):
    """Run this job."""

    module: str
    path: str
    """The task's name within its module, with dots."""
    main: dict[str, str]
    """How to load the worker's main module, if the task is defined there."""
    lease: bytes
    timeout_seconds: float
    log_level: int
    """The level of the worker's root logger."""


class Stop(msgspec.Struct, tag=True, array_like=True):
    """The job that runs should stop; soon afterwards the process is killed."""


class Began(msgspec.Struct, tag=True, array_like=True):
    """The task is loaded, and the job begins."""


class Said(msgspec.Struct, tag=True, array_like=True):
    """Progress and log lines of the job since the last message."""

    progress: Progress | None
    lines: list[LogLine]
    records: list[Record]
    """The lines for the worker's handlers."""


class Ended(msgspec.Struct, tag=True, array_like=True):
    """The job has ended, and the process goes on."""

    outcome: bytes
    """The outcome as JSON, without its result."""
    result: bytes | None
    said: Said


FromWorker = Start | Stop
FromJob = Began | Said | Ended


def look_up(module: ModuleType, path: str) -> Any:
    """The value in a module under a name with dots. Raises AttributeError."""
    return reduce(getattr, path.split("."), module)


class Channel(Generic[T]):
    """Whole frames over a stream socket. `T` is what comes in. Any thread may send, one may receive."""

    def __init__(self, connection: socket.socket, incoming: Any) -> None:
        self._connection = connection
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(incoming)
        self._received = bytearray()
        self._lock = threading.Lock()
        self._readable = select.poll()
        self._readable.register(connection, select.POLLIN)

    def send(self, frame: FromWorker | FromJob) -> None:
        """Send a frame. Raises OSError if the other end is gone."""
        body = _encode(frame)
        with self._lock:
            self._connection.sendall(_LENGTH.pack(len(body)) + body)

    def receive(self, seconds: float | None) -> T | None:
        """The next frame; None if none came within `seconds`. Raises EOFError at the end of the stream, OSError."""
        while True:
            whole = self._take()
            if whole is not None:
                return self._decoder.decode(whole)
            if not self._readable.poll(None if seconds is None else seconds * 1000):
                return None
            piece = self._connection.recv(_PIECE)
            if not piece:
                raise EOFError
            self._received += piece

    def close(self) -> None:
        """Close the connection, also where forks of this process have copies of it."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _take(self) -> bytes | None:
        if len(self._received) < _LENGTH.size:
            return None
        end = _LENGTH.size + _LENGTH.unpack_from(self._received)[0]
        if len(self._received) < end:
            return None
        whole = bytes(self._received[_LENGTH.size : end])
        del self._received[:end]
        return whole
