"""The API over real HTTP, on the real engine, on a store of the tests' own whose time they move."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from fairlane.engine import Engine
from fairlane.runtime.sockets import listen
from fairlane.server.app import App, create_app
from fairlane.server.run import serve_on
from fairlane.server.settings import ServerSettings
from fairlane.store import Durability, Store, open_store

START_US = 1_800_000_000_000_000
_NAMES = itertools.product(map(chr, range(14, 32)), repeat=3)
SWELLING_HEADERS = {"".join(name): "" for name in itertools.islice(_NAMES, 2_730)}
"""8,190 bytes, which JSON writes with 65,000."""
_tenants = itertools.count(1)


class Clock:
    """Microseconds; stands still unless it is moved."""

    def __init__(self) -> None:
        self.now_us = START_US

    def __call__(self) -> int:
        return self.now_us

    def advance(self, seconds: float) -> None:
        self.now_us += round(seconds * 1_000_000)


@dataclass
class Served:
    """A server that runs, and all that is behind it."""

    app: App
    engine: Engine
    store: Store
    clock: Clock
    host: str
    port: int
    client: httpx.AsyncClient

    async def submit(self, tenant: str, payload: Any = None, **fields: Any) -> dict[str, Any]:
        """A job that was made."""
        answer = await self.client.post("/jobs", json={"tenantId": tenant, "payload": payload, **fields})
        assert answer.status_code == 202, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def claim(self, **fields: Any) -> list[dict[str, Any]]:
        """The leases that a worker gets."""
        answer = await self.client.post("/leases", json={"workerId": "w1", **fields})
        assert answer.status_code == 200, answer.text
        leases: list[dict[str, Any]] = answer.json()["leases"]
        return leases

    async def finish(self, lease: dict[str, Any], outcome: str, **fields: Any) -> str:
        """The status of one lease that ends."""
        item = {"jobId": lease["jobId"], "token": lease["token"], "outcome": outcome, **fields}
        answer = await self.client.post("/leases/finish", json={"outcomes": [item]})
        assert answer.status_code == 200, answer.text
        (result,) = answer.json()["results"]
        assert result["jobId"] == lease["jobId"]
        return str(result["status"])

    async def job(self, job_id: str) -> dict[str, Any]:
        answer = await self.client.get(f"/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def serving(
    store_url: str, settings: ServerSettings, *, with_tokens: bool = False, listener: socket.socket | None = None
) -> AsyncIterator[Served]:
    """A server on an empty store."""
    store = await open_store(store_url, Durability.MEMORY)
    await store.client.flushall()
    clock = Clock()
    engine = await Engine.open(store, clock=clock)
    app = create_app(engine, settings, access=engine.tokens if with_tokens else None)
    listener = listener or listen("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    ready = asyncio.Event()
    server = asyncio.create_task(serve_on(app, listener, url, on_ready=lambda _: ready.set()))
    try:
        async with httpx.AsyncClient(base_url=url, timeout=20) as client:
            await ready.wait()
            yield Served(app, engine, store, clock, "127.0.0.1", port, client)
    finally:
        server.cancel()
        await asyncio.wait([server])
        await engine.close()


@pytest.fixture(scope="module")
def settings() -> ServerSettings:
    return ServerSettings()


@pytest.fixture(scope="module")
async def api(store_url: str, settings: ServerSettings) -> AsyncIterator[Served]:
    """One server for all tests of a file, on a store that is empty before the first of them."""
    async with serving(store_url, settings) as served:
        yield served


@pytest.fixture
def client(api: Served) -> httpx.AsyncClient:
    return api.client


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test has."""
    return f"tenant-{next(_tenants)}"


@pytest.fixture
async def free_tenant(api: Served, tenant: str) -> str:
    """A tenant without limits."""
    answer = await api.client.put(f"/tenants/{tenant}", json={"submitRate": None, "concurrency": None})
    assert answer.status_code == 200
    return tenant


async def until(condition: Callable[[], bool]) -> None:
    """Return once it holds; fails after half a minute."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  it has no event
            await asyncio.sleep(0.005)


def fields_of(answer: httpx.Response) -> list[str]:
    """The pointers of the fields that a problem names."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"].startswith("urn:fairlane:problem:")
    return [error["pointer"] for error in problem.get("errors", [])]
