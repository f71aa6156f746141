"""The health of a worker: /livez and /readyz over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import msgspec

from .retrying import insist
from .settings import parse_address
from .sockets import listen

_REQUEST_SECONDS = 5.0
_MOST_HEADERS = 100
Problem = Callable[[], str | None]
"""Why the worker is not ready; None if it is."""


async def serve_health(listener: socket.socket, problem: Problem) -> None:
    """Answer until cancelled: /livez with 200, /readyz with 200 or the problem."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answer(reader, writer, problem)

    async def serve() -> None:
        with contextlib.closing(listener.dup()) as listening:
            async with await asyncio.start_server(answer, sock=listening) as server:
                await server.serve_forever()

    with contextlib.closing(listener):
        await insist("serving the health", serve)


@contextlib.asynccontextmanager
async def served_health(address: str, problem: Problem) -> AsyncIterator[None]:
    """Serve the health at `address` meanwhile, unless it is empty. Raises CannotListen."""
    serving = asyncio.create_task(serve_health(listen(*parse_address(address)), problem)) if address else None
    try:
        yield
    finally:
        if serving is not None:
            serving.cancel()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, problem: Problem) -> None:
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(_REQUEST_SECONDS):
            request = (await reader.readline()).split()
            for _ in range(_MOST_HEADERS):
                if not (await reader.readline()).strip():
                    break
            writer.write(_response(request[1].decode("latin-1") if len(request) > 1 else "", problem))
            await writer.drain()
    writer.close()


def _response(path: str, problem: Problem) -> bytes:
    if path == "/livez":
        return _http("200 OK", {"status": "ok"})
    if path != "/readyz":
        return _http("404 Not Found", {"detail": "There are /livez and /readyz."})
    trouble = problem()
    if trouble is None:
        return _http("200 OK", {"status": "ok"})
    return _http("503 Service Unavailable", {"detail": trouble})


def _http(status: str, value: object) -> bytes:
    body = msgspec.json.encode(value)
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body
