"""A few pages over HTTP, for probes and scrapers on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from ..metrics.families import CONTENT_TYPE, Family, text_of
from .retrying import insist

log = logging.getLogger("fairlane")

_REQUEST_SECONDS = 5.0
_MOST_HEADERS = 100


class Page(NamedTuple):
    """An answer: the status line's end, the media type, and the body."""

    status: str
    media: str
    body: bytes


Pages = Mapping[str, Callable[[], Awaitable[Page]]]
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


async def serve_metrics(listener: socket.socket, families: Callable[[], Awaitable[Iterable[Family]]]) -> None:
    """Answer /metrics for Prometheus until cancelled."""

    async def metrics() -> Page:
        return Page("200 OK", CONTENT_TYPE, text_of(await families()))

    await serve_pages(listener, "the metrics", {"/metrics": metrics})


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pages: Pages) -> None:
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(_REQUEST_SECONDS):
            request = (await reader.readline()).split()
            for _ in range(_MOST_HEADERS):
                if not (await reader.readline()).strip():
                    break
            path = request[1].decode("latin-1").partition("?")[0] if len(request) > 1 else ""
            writer.write(_http(await _page(path, pages)))
            await writer.drain()
    writer.close()


async def _page(path: str, pages: Pages) -> Page:
    if path not in pages:
        return json_page("404 Not Found", {"detail": f"There are {' and '.join(pages)}."})
    try:
        return await pages[path]()
    except Exception:
        log.exception("the page %s failed", path)
        return json_page("500 Internal Server Error", {"detail": "The log has the details."})


def _http(page: Page) -> bytes:
    head = f"HTTP/1.1 {page.status}\r\nContent-Type: {page.media}\r\nContent-Length: {len(page.body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + page.body
