"""Exchanges commands for replies over a bounded number of connections.

This is the path of every call of the engine, so it is short: a connection is an asyncio protocol that gives the replies
to the waiting caller without a task or a stream in between. The client (valkey-py) opens the connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import libvalkey
from valkey.asyncio.connection import DefaultParser
from valkey.exceptions import ConnectionError as ValkeyConnectionError
from valkey.exceptions import InvalidResponse
from valkey.exceptions import TimeoutError as ValkeyTimeoutError

from .connections import READ_TIMEOUT_S
from .sending import CommandConnection

MAX_CONNECTIONS = 64

Command = tuple[str | bytes | int | float, ...]
"""A command's name and its arguments."""

_NOTHING = object()


class ConnectionReplaced(ValkeyConnectionError):
    """The connection was closed because its server is no longer the primary."""


class Exchange:
    """Connections with one exchange at a time on each. Nothing is sent twice. `new` makes a connection."""

    def __init__(self, new: Callable[[], CommandConnection]) -> None:
        self._new = new
        self._idle: list[_Line] = []
        self._lines: set[_Line] = set()
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._generation = 0
        """A connection that was being opened meanwhile is from an earlier generation, and serves one exchange."""

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to commands sent in one write, errors of single commands among them.

        A caller that is cancelled leaves the replies to its connection, which is free again once they have come. Raises
        valkey's ConnectionError and TimeoutError, and InvalidResponse.
        """
        if self._slots.locked():
            await self._wait_for_slot()
        else:
            await self._slots.acquire()  # does not suspend
        line = self._idle.pop() if self._idle else await self._connect()
        return await line.send(commands)

    def renew(self) -> None:
        """Close all connections. Exchanges in progress fail, and new ones open new connections."""
        self._generation += 1
        for line in list(self._lines):
            line.fail(ConnectionReplaced("the store has another primary now"))

    def close(self) -> None:
        """Close all connections. Calls in progress fail."""
        for line in list(self._lines):
            line.fail(ValkeyConnectionError("the connection was closed"))

    async def _wait_for_slot(self) -> None:
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                await self._slots.acquire()
        except TimeoutError:
            raise ValkeyTimeoutError("no free connection to the store") from None

    async def _connect(self) -> _Line:
        generation = self._generation
        try:
            connection = self._new()
            await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException:
            self._slots.release()
            raise
        line = _Line(connection.detach(), generation, self._end)
        self._lines.add(line)
        return line

    def _end(self, line: _Line) -> None:
        """An exchange has ended, or an idle connection was lost."""
        if line.is_closed:
            self._lines.discard(line)
            if line in self._idle:
                self._idle.remove(line)
                return
        elif line.generation != self._generation:
            line.fail(ConnectionReplaced())  # comes here again, as closed
            return
        else:
            self._idle.append(line)
        self._slots.release()


class _Line(asyncio.Protocol):
    """An open connection. Calls `ended` after each exchange."""

    def __init__(self, stream: asyncio.StreamWriter, generation: int, ended: Callable[[_Line], None]) -> None:
        self._stream = stream  # would close the transport when it is collected
        self._transport = stream.transport
        self.generation = generation
        self._ended = ended
        self._reader = libvalkey.Reader(
            protocolError=InvalidResponse, replyError=DefaultParser.parse_error, notEnoughData=_NOTHING
        )
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[list[Any]] | None = None
        self._replies: list[Any] = []
        self._expected = 0
        self._sent_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self.is_closed = False
        self._transport.set_protocol(self)

    def send(self, commands: Sequence[Command]) -> asyncio.Future[list[Any]]:
        """Write commands; their replies."""
        self._answer = answer = self._loop.create_future()
        self._replies = []
        self._expected = len(commands)
        self._sent_at = self._loop.time()
        if self._alarm is None:
            self._alarm = self._loop.call_later(READ_TIMEOUT_S, self._check_time)
        self._transport.write(b"".join([libvalkey.pack_command(command) for command in commands]))
        return answer

    def data_received(self, data: bytes) -> None:
        """Collect replies; give them to the caller once they are complete."""
        replies = self._replies
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not _NOTHING:
                replies.append(reply)
        except InvalidResponse as error:
            self.fail(error)
            return
        if self._answer is None or len(replies) > self._expected:
            self.fail(InvalidResponse("the store sent a reply to no command"))
        elif len(replies) == self._expected:
            answer, self._answer = self._answer, None
            if not answer.done():  # the caller may have been cancelled
                answer.set_result(replies)
            self._ended(self)

    def connection_lost(self, error: Exception | None) -> None:
        """The connection broke, or the store closed it."""
        self.fail(ValkeyConnectionError(f"the connection was lost: {error or 'the store closed it'}"))

    def fail(self, error: Exception) -> None:
        """Close the connection, and have the exchange on it fail."""
        if self.is_closed:
            return
        self.is_closed = True
        self._transport.abort()
        if self._alarm is not None:
            self._alarm.cancel()
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)
        self._ended(self)

    def _check_time(self) -> None:
        """Fail if the exchange takes too long. One timer serves many exchanges, since each setting of a timer costs."""
        self._alarm = None
        if self._answer is None:
            return
        left_s = self._sent_at + READ_TIMEOUT_S - self._loop.time()
        if left_s <= 0:
            self.fail(ValkeyTimeoutError(f"the store did not answer for {READ_TIMEOUT_S:g} s"))
        else:
            self._alarm = self._loop.call_later(left_s, self._check_time)
