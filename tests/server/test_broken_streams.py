"""The SDK's end of a stream: connections that are cut, refused or silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import httpx
import pytest

from fairlane.model.errors import FairlaneError, StoreUnavailable
from fairlane.remote import stream
from fairlane.remote.stream import follow_stream
from fairlane.remote.transport import Transport
from fairlane.rest.events import Event

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
AWAY = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
GONE = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
PATIENCE_S = 30.0


@asynccontextmanager
async def answering(answers: Sequence[bytes], requests: list[bytes]) -> AsyncIterator[Transport]:
    """A server that gives each connection the next of these answers, the last one to all others, byte by byte."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        for byte in answers[min(len(requests), len(answers)) - 1]:
            writer.write(bytes([byte]))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    transport = Transport(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield transport
    finally:
        await transport.close()
        server.close()


async def test_a_cut_event_is_asked_for_again() -> None:
    requests: list[bytes] = []
    answers = [
        HEAD + b":\n\nretry: 5\n\nevent: job\nid: 1\ndata: {}\n\nevent: job\nid: 2\ndata: {",
        AWAY,
        HEAD,
        HEAD + b"event: job\nid: 2\ndata: {\ndata: }\n\n",
    ]
    async with answering(answers, requests) as transport, aclosing(follow_stream(transport, "/events")) as events:
        async with asyncio.timeout(PATIENCE_S):
            assert [await anext(events), await anext(events)] == [Event("job", b"{}", "1"), Event("job", b"{\n}", "2")]
    assert [b"last-event-id: 1" in request.lower() for request in requests] == [False, True, True, True]


async def test_a_refusal_is_not_asked_for_again() -> None:
    requests: list[bytes] = []
    async with answering([GONE], requests) as transport, aclosing(follow_stream(transport, "/events")) as events:
        with pytest.raises(FairlaneError, match="404"):
            await anext(events)
    assert len(requests) == 1


async def test_one_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PATIENCE_S", 0.5)
    began = time.monotonic()
    async with answering([AWAY], []) as transport, aclosing(follow_stream(transport, "/events")) as events:
        async with asyncio.timeout(PATIENCE_S):
            with pytest.raises(StoreUnavailable):
                await anext(events)
    assert time.monotonic() - began >= 0.5


async def test_a_silent_server_counts_as_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PATIENCE_S", 0.1)
    monkeypatch.setattr(stream, "SILENCE_S", 0.2)
    gone = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    transport = Transport(f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}")
    async with aclosing(follow_stream(transport, "/events")) as events:
        with pytest.raises(StoreUnavailable) as refused:
            await anext(events)
    assert isinstance(refused.value.__cause__, httpx.ReadTimeout)
    await transport.close()
    await gone.wait()
    silent.close()
