"""Copies a running store: asks for a snapshot as a replica would, and stops before the changes that follow it.

The server makes the snapshot in a child process, so that it shows one moment, and goes on serving. The moment is after
the call, so everything that was acknowledged before is in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from valkey.asyncio.connection import AbstractConnection
from valkey.exceptions import ConnectionError as ValkeyConnectionError

from .sending import CommandConnection

_SILENCE_S = 60.0
"""The server sends line ends while it makes the snapshot. It is gone if it is silent for this long."""
_CHUNK_BYTES = 1 << 20
_MARK_BYTES = 40


async def read_snapshot(new: Callable[[], CommandConnection]) -> AsyncGenerator[bytes]:
    """A snapshot in the RDB format, piece by piece. Raises the client's errors, and the server's refusal.

    `new` makes a connection.
    """
    connection = new()
    await connection.connect()  # type: ignore[no-untyped-call]
    try:
        await connection.send_packed_command(connection.pack_command("SYNC"))
        head = await _head(connection)
        pieces = _until_mark(connection, head[5:]) if head.startswith(b"$EOF:") else _bytes(connection, int(head[1:]))
        async for piece in pieces:
            yield piece
    finally:
        await connection.disconnect(nowait=True)


async def _head(connection: AbstractConnection) -> bytes:
    """The line that says how long the snapshot is, or which mark ends it."""
    reader = connection._reader
    if reader is None:
        raise ValkeyConnectionError("the connection was closed")
    while True:
        async with asyncio.timeout(_SILENCE_S):
            line = await reader.readline()
        if not line:
            raise ValkeyConnectionError("the store closed the connection")
        if line.startswith(b"-"):
            raise RefusedSnapshot(line[1:].decode(errors="replace").strip())
        if line.startswith(b"$"):
            return line.strip()


class RefusedSnapshot(Exception):
    """The server's answer in place of a snapshot."""


async def _read(connection: AbstractConnection, size: int) -> bytes:
    reader = connection._reader
    async with asyncio.timeout(_SILENCE_S):
        piece = await reader.read(size) if reader is not None else b""
    if not piece:
        raise ValkeyConnectionError("the store closed the connection within the snapshot")
    return piece


async def _bytes(connection: AbstractConnection, size: int) -> AsyncGenerator[bytes]:
    while size:
        piece = await _read(connection, min(size, _CHUNK_BYTES))
        size -= len(piece)
        yield piece


async def _until_mark(connection: AbstractConnection, mark: bytes) -> AsyncGenerator[bytes]:
    held = b""
    while True:
        held += await _read(connection, _CHUNK_BYTES)
        before, found, _ = held.partition(mark)
        if found:
            yield before
            return
        # The mark may have come in part.
        yield held[:-_MARK_BYTES]
        held = held[-_MARK_BYTES:]
