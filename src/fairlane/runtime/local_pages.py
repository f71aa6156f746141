"""A few pages over HTTP, for probes and scrapers on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from .retrying import insist

_REQUEST_SECONDS = 5.0
_MOST_HEADERS = 100


class Page(NamedTuple):
    """An answer: the status line's end, the media type, and the body."""

    status: str
    media: str
    body: bytes


Pages = Mapping[str, Callable[[], Page]]
"""What makes the page of each path."""


def json_page(status: str, value: object) -> Page:
    return Page(status, "application/json", msgspec.json.encode(value))


async def serve_pages(listener: socket.socket, what: str, pages: Pages) -> None:
    """Answer until cancelled. `what` names the pages in the log."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _answer(reader, writer, pages)

    async def serve() -> None:
        with contextlib.closing(listener.dup()) as listening:
            async with await asyncio.start_server(answer, sock=listening) as server:
                await server.serve_forever()

    with contextlib.closing(listener):
        await insist(f"serving {what}", serve)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pages: Pages) -> None:
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(_REQUEST_SECONDS):
            request = (await reader.readline()).split()
            for _ in range(_MOST_HEADERS):
                if not (await reader.readline()).strip():
                    break
            path = request[1].decode("latin-1").partition("?")[0] if len(request) > 1 else ""
            make = pages.get(path)
            there_are = {"detail": f"There are {' and '.join(pages)}."}
            writer.write(_http(make() if make is not None else json_page("404 Not Found", there_are)))
            await writer.drain()
    writer.close()


def _http(page: Page) -> bytes:
    head = f"HTTP/1.1 {page.status}\r\nContent-Type: {page.media}\r\nContent-Length: {len(page.body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + page.body
