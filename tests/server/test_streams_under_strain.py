"""Streams whose clients do not read, and servers that come and go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from fairlane.engine import Engine
from fairlane.model.lease import ClaimRequest, OutcomeKind
from fairlane.model.states import State
from fairlane.remote import RemoteBackend
from fairlane.runtime.sockets import listen
from fairlane.server.app import create_app
from fairlane.server.run import serve_on
from fairlane.server.streams import hub
from fairlane.store import Durability, open_store

from .streams import stream

SLOW_CLIENTS = 500
REQUEST = b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@asynccontextmanager
async def server(store_url: str, listener: socket.socket) -> AsyncIterator[tuple[Engine, str]]:
    """A server with a separate engine, ended as SIGTERM would."""
    engine = await Engine.open(await open_store(store_url, Durability.MEMORY))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    ready = asyncio.Event()
    serving = asyncio.create_task(serve_on(create_app(engine), listener, url, on_ready=lambda _: ready.set()))
    try:
        await ready.wait()
        yield engine, url
    finally:
        serving.cancel()
        await asyncio.wait([serving])
        await engine.close()


@pytest.fixture(autouse=True)
def no_client_holds_up_the_end(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    told = [record.getMessage() for record in caplog.get_records("call")]
    assert [text for text in told if "graceful shutdown exceeded" in text] == []


@pytest.fixture
async def empty_store(store_url: str) -> str:
    store = await open_store(store_url, Durability.MEMORY)
    await store.client.flushall()
    await store.close()
    return store_url


def memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


async def test_clients_that_do_not_read_cost_little_and_hold_nobody_up(
    empty_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "JOBS_EVERY_S", 0.01)
    monkeypatch.setattr(hub, "MAX_EVENTS", 10)
    listener = listen("127.0.0.1", 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)  # else the kernel takes megabytes for each
    async with server(empty_store, listener) as (_, url), httpx.AsyncClient(base_url=url, timeout=20) as client:
        await client.put("/tenants/a", json={"submitRate": None})
        slow = [await connect(listener.getsockname()) for _ in range(SLOW_CLIENTS)]
        for one in slow:
            await asyncio.get_running_loop().sock_sendall(one, REQUEST)
        async with stream(client, "/events") as events:
            await events.until("overview")
            before, told = memory_mb(), 0
            for _ in range(40):
                jobs = [{"tenantId": "a", "payload": 1, "queue": "q" * 128, "task": "t" * 128} for _ in range(200)]
                await client.post("/jobs/batch", json={"jobs": jobs})
                told += len(str((await events.until("jobs")).data))
            grown = memory_mb() - before
        assert told * SLOW_CLIENTS > 1e9  # what would have to be kept for them, without a bound
        assert grown < 150
        # A client that starts to read gets the events on their way, and then the order to start again.
        assert b"event: reset" in await read_for(slow[0], 8_000_000, b"event: reset")
    for one in slow:
        one.close()


async def connect(address: tuple[str, int]) -> socket.socket:
    """A connection with a small buffer for what comes."""
    one = socket.socket()
    one.setblocking(False)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    await asyncio.get_running_loop().sock_connect(one, address)
    return one


async def read_for(one: socket.socket, most: int, wanted: bytes) -> bytes:
    """All that comes until `wanted` is in it."""
    found = b""
    async with asyncio.timeout(30):
        while wanted not in found and len(found) < most:
            found += await asyncio.get_running_loop().sock_recv(one, 65_536)
    return found


async def test_streams_are_taken_up_after_the_server_was_replaced(empty_store: str) -> None:
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    async with server(empty_store, listener) as (_, url), httpx.AsyncClient(base_url=url, timeout=20) as client:
        job_id = (await client.post("/jobs", json={"tenantId": "a", "payload": 1})).json()["id"]
        remote = RemoteBackend(url)
        following = remote.monitor.follow(job_id)
        changes = remote.monitor.changes()
        assert (await anext(following)).state is State.PENDING
        assert (await anext(changes)).missed
        async with stream(client, "/events") as events:
            last = (await events.until("overview")).id
    async with server(empty_store, listen("127.0.0.1", port)) as (engine, url):
        async with httpx.AsyncClient(base_url=url, timeout=20) as client:
            async with stream(client, "/events", last) as events:
                assert [(await events.next()).name, (await events.next()).name] == ["reset", "overview"]
            async with asyncio.timeout(30):
                assert (await anext(changes)).missed
                (lease,) = await engine.leases.claim(ClaimRequest(worker_id="w", claim_id="c", max=1))
                assert lease.job_id == job_id
                while (job := await anext(following)).state is State.PENDING:
                    pass
                assert job.state is State.RUNNING
                assert job_id in {change.id for change in (await anext(changes)).jobs}
                await client.post(f"/jobs/{job_id}/cancel")
                finish = {"jobId": job_id, "token": lease.token, "outcome": OutcomeKind.CANCELLED}
                await client.post("/leases/finish", json={"outcomes": [finish]})
                assert [job.state async for job in following] == [State.CANCELLED]
        await changes.aclose()
        await remote.close()
