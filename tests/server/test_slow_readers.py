"""Clients that ask for large answers and do not read them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from fairlane.model.lease import WorkerReport
from fairlane.runtime.sockets import listen
from fairlane.server.http import protocol, room
from fairlane.server.settings import ServerSettings

from .conftest import Served, serving, until

PAGE = "/jobs?include=payload"
PAGE_BYTES = 1_250_000
"""A page has more: five jobs, since it ends with the job that reaches 1 MiB."""
PAGES_HELD = 4


@asynccontextmanager
async def server(store_url: str, settings: ServerSettings) -> AsyncIterator[Served]:
    """A server with five large jobs, whose kernel takes little of an answer that is not read."""
    listener = listen("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
    async with serving(store_url, settings, listener=listener) as api:
        for _ in range(5):
            await api.submit("a", "x" * 250_000)
        yield api


async def ask(api: Served, path: str, count: int = 1) -> list[socket.socket]:
    """Clients that have asked for `path` at the same time, and read nothing."""
    clients = [socket.socket() for _ in range(count)]
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, (api.host, api.port))
    for client in clients:
        client.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return clients


async def test_answers_that_are_not_read_take_bounded_room(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_BYTES", PAGES_HELD * PAGE_BYTES)
    monkeypatch.setattr(room, "PATIENCE_S", 0.1)
    async with server(store_url, ServerSettings()) as api:
        held = api.app.context.room
        slow = await ask(api, PAGE, 40)
        await until(lambda: held.taken >= room.MOST_BYTES)
        refused = await api.client.get(PAGE)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["type"] == "urn:fairlane:problem:too_many_answers"
        assert held.taken < room.MOST_BYTES + room.PAGE_BYTES
        assert (await api.client.get("/jobs/counts")).json()["pending"] == 5  # small answers need no room
        await api.submit("b")
        for client in slow:
            client.close()
        await until(lambda: held.taken == 0)
        assert len((await api.client.get(PAGE)).content) > PAGE_BYTES


async def test_those_who_ask_at_the_same_time_hold_one_answer(store_url: str) -> None:
    async with server(store_url, ServerSettings()) as api:
        queues = tuple(f"{'q' * 36}{n:04}" for n in range(100))
        for n in range(100):
            await api.engine.leases.extend(WorkerReport(id=f"w{n}", slots=1, running=0, queues=queues), [], 30_000)
        size = len((await api.client.get("/workers")).content)
        slow = await ask(api, "/workers", 40)
        answered = api.app.context.requests
        await until(lambda: answered["list_workers", 200] == 41)
        # The first have one answer, and those who came while it was made have the next one.
        assert size <= api.app.context.room.taken < 4 * size
        for client in slow:
            client.close()


async def test_a_client_that_reads_nothing_is_cut_off(store_url: str) -> None:
    async with server(store_url, ServerSettings(stalled_seconds=0.2)) as api:
        (client,) = await ask(api, PAGE)
        await until(lambda: api.app.context.room.taken > 0)
        await until(lambda: api.app.context.room.taken == 0)
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while piece := await asyncio.get_running_loop().sock_recv(client, 65_536):
                received += len(piece)
        assert received < PAGE_BYTES
        client.close()


async def test_a_client_that_reads_nothing_does_not_hold_up_the_end(
    store_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(protocol, "ENDING_STALLED_SECONDS", 0.1)
    async with server(store_url, ServerSettings()) as api:
        (client,) = await ask(api, PAGE)
        await until(lambda: api.app.context.requests["search_jobs", 200] == 1)
    client.close()
    assert caplog.messages == []


async def test_a_slow_client_that_reads_gets_the_whole_answer(store_url: str) -> None:
    async with server(store_url, ServerSettings()) as api:
        whole = (await api.client.get(PAGE)).content
        (client,) = await ask(api, PAGE)
        received = b""
        while not received.endswith(whole):
            piece = await asyncio.get_running_loop().sock_recv(client, 20_000)
            assert piece
            received += piece
        client.close()
