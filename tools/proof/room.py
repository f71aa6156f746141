"""A run: starts the store and the processes, lets a fault work on them, heals, drains, and gathers the evidence."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Self

import httpx
import msgspec

from fairlane.engine import Engine, keys
from fairlane.engine.steady_clock import offset_us
from fairlane.model.errors import FairlaneError
from fairlane.model.tenant import PolicyChange
from fairlane.store import Durability, open_store
from fairlane.store.urls import ServerUrl, parse_store_url

from .client import PATIENCE_S, Orders
from .crew import Crew
from .notes import Fault, Limited, Notebook, Phase, now
from .sampling import sample
from .setting import Setting
from .store import FakeClock, StoreServer, Unavailable, free_port, small_disk
from .waiting import patiently, until
from .wire import Wire, wire

FREE = PolicyChange(submit_rate=None, concurrency=None, keep_completed_max=1_000_000, keep_failed_max=1_000_000)
READY_S = 120


class Room:
    """A running system. `async with Room.open(...) as room`, and then one phase after the other."""

    def __init__(self, folder: Path, setting: Setting, seed: str, seconds: float) -> None:
        self.folder = folder
        self.setting = setting
        self.seconds = seconds
        self.seed = seed
        self.chance = random.Random(seed)
        (folder / "notes").mkdir()
        self.notebook = Notebook(folder / "notes", "driver")
        self.crew = Crew(folder, self.notebook)
        self.server: StoreServer | None = None
        """The store, if it is the run's own."""
        self.wires: dict[str, Wire] = {}
        """Between the store and these: `workers`, `clients`, `upkeep` and `api`."""
        self._parsed = ServerUrl()
        self.engine: Engine

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, setting: Setting, seed: str, seconds: float, store_url: str | None, partitions: int
    ) -> AsyncIterator[Self]:
        """A room whose store is ready and whose processes run. Removes its folder, unless `keep` is called."""
        async with contextlib.AsyncExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="fl-proof-"))
            room = cls(folder, setting, seed, seconds)
            stack.callback(room.crew.kill_all)
            await room._open_store(stack, store_url, partitions)
            await room._set_limits()
            await room._start_processes()
            watching = asyncio.create_task(room.crew.watch())
            stack.callback(watching.cancel)
            yield room

    async def _open_store(self, stack: contextlib.AsyncExitStack, url: str | None, partitions: int) -> None:
        if url is None:
            if self.setting.disk_mb:
                stack.enter_context(small_disk(self.folder / "store", self.setting.disk_mb))
            clock = FakeClock(self.folder) if self.setting.steps_clock else None
            self.server = StoreServer(self.folder / "store", self.setting.server, clock)
            await self.server.start()
            stack.push_async_callback(self.server.stop)
            url = self.server.url
        self._parsed = parsed = _parse(url)
        for name in ("workers", "clients", "upkeep", "api"):
            self.wires[name] = await stack.enter_async_context(wire(parsed.port, parsed.host))
        store = await open_store(url, Durability(self.setting.durability))
        if await store.client.dbsize():
            await store.close()
            raise Unavailable(f"{store.name} holds keys; give the run an empty store")
        self.engine = await Engine.open(store, partitions=partitions)
        stack.push_async_callback(self.engine.close)

    def url_through(self, name: str) -> str:
        """The store's URL through one of the wires."""
        parsed = self._parsed
        secret = f"{parsed.username or ''}:{parsed.password or ''}@" if parsed.username or parsed.password else ""
        return f"valkey://{secret}127.0.0.1:{self.wires[name].port}/{parsed.database}"

    async def _set_limits(self) -> None:
        await self.engine.tenants.change_defaults(FREE)
        if keep_s := self.setting.keep_s:
            keep = PolicyChange(keep_completed_seconds=keep_s, keep_failed_seconds=keep_s)
            await self.engine.tenants.change_defaults(keep)
            await self.engine.maintenance.set_idempotency(keep_s * 1_000)
        for tenant, change in self.setting.tenants.items():
            await self.limit(tenant, change)

    async def limit(self, tenant: str, change: PolicyChange) -> None:
        """Change a tenant's limits, and note its concurrency."""
        at, store_at = now(), await self.store_ms()
        after = await patiently(lambda: self.engine.tenants.change(tenant, change))
        store_until = await self.store_ms()
        self.notebook.write(
            Limited(
                who="driver",
                at=at,
                until=now(),
                tenant=tenant,
                concurrency=after.concurrency,
                store_at=store_at,
                store_until=store_until,
            )
        )

    async def store_ms(self) -> int:
        """The engine's clock."""
        return await patiently(self._read_store_ms)

    async def _read_store_ms(self) -> int:
        seconds, micros = await self.engine.store.client.time()
        offset = offset_us(await self.engine.store.client.get(keys.prefix(0) + keys.TIME))
        return (int(seconds) * 1_000_000 + int(micros) + round(offset)) // 1_000

    async def _start_processes(self) -> None:
        setting = self.setting
        port = free_port()
        self.api_url = f"http://127.0.0.1:{port}"
        self.start("api", "fairlane.cli.main", "serve", "--store", self.url_through("api"),
                   "--port", str(port), "--no-upkeep")  # fmt: skip
        for number in range(setting.upkeeps):
            self.start(f"upkeep-{number}", "tools.proof.upkeep", self.url_through("upkeep"))
        if not setting.loads_first:
            self.start_workers()
        await until(self._is_ready, READY_S, "the API and all workers are ready")

    async def _is_ready(self) -> bool:
        workers = await patiently(self.engine.workers.list)
        return len(workers) >= len(self.crew.members("worker-")) and await self._api_is_ready()

    def start_workers(self) -> None:
        """Start all workers."""
        for number in range(self.setting.workers):
            self.start_worker(f"worker-{number}")

    def start_worker(self, name: str) -> None:
        setting = self.setting
        url, lease_ms, slots = self.url_through("workers"), str(setting.lease_ms), str(setting.slots)
        self.start(name, "tools.proof.worker", name + "-{life}", url, lease_ms, slots)

    def start(self, name: str, *command: str, restarts: bool = True) -> None:
        """Start a process of this run."""
        environment = {"FAIRLANE_DURABILITY": self.setting.durability}
        points = self.setting.crash_points.get(name, ())
        self.crew.start(name, *command, environment=environment, crash_points=points, restarts=restarts)

    async def _api_is_ready(self) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{self.api_url}/readyz", timeout=5)).is_success
        except httpx.TransportError:
            return False

    async def load(self, disturb: Callable[[Self], Awaitable[None]]) -> None:
        """Run the clients, and the fault beside them. It ends with them; then it is healed."""
        setting = self.setting
        for number, way in enumerate(setting.ways):
            url = self.url_through("clients") if way == "store" else self.api_url
            name = f"client-{number}"
            orders = Orders(
                name=name,
                way=way,
                url=url,
                tenants=list(setting.tenants),
                kinds=setting.kinds,
                seed=f"{self.seed} {name}",
                rate=setting.rate / len(setting.ways),
                seconds=self.seconds,
                block_s=setting.block_s,
            )
            self.start(name, "tools.proof.client", msgspec.json.encode(orders).decode(), restarts=False)
        await until(self._have_answers, READY_S, "each client has an answer")
        sampling = asyncio.create_task(sample(self.crew, self.notebook))
        fault = asyncio.ensure_future(disturb(self))
        await asyncio.wait([fault], timeout=self.seconds)
        while not fault.done():  # on Python 3.11 the store's client can swallow a cancellation
            fault.cancel()
            await asyncio.wait([fault], timeout=1)
        with contextlib.suppress(asyncio.CancelledError):
            await fault
        await self.crew.gone("client-", PATIENCE_S + self.seconds)
        sampling.cancel()

    async def _have_answers(self) -> bool:
        """Whether each client has an answer."""
        notes = [self.folder / "notes" / f"{member.name}.jsonl" for member in self.crew.members("client-")]
        return all(path.exists() and path.stat().st_size > 0 for path in notes)

    def note_fault(self, what: str, lost_since: int = 0) -> None:
        self.notebook.write(Fault(who="driver", at=now(), what=what, lost_since=lost_since))

    async def note_phase(self, name: str) -> None:
        self.notebook.write(Phase(who="driver", at=now(), name=name, store_at=await self.store_ms()))

    async def drain(self) -> bool:
        """Wait until no job is unfinished; whether that came to pass in time."""
        deadline = now() + self.setting.drain_s * 1_000_000
        while now() < deadline:
            try:
                states = await self.engine.monitor.jobs_by_state()
            except FairlaneError:
                continue
            if not states.scheduled + states.pending + states.running:
                return True
            await asyncio.sleep(0.1)
        return False

    async def clear(self) -> None:
        """Delete what the run has put into the store."""
        client = self.engine.store.client
        async for key in client.scan_iter(match="fl:*", count=1_000):
            await client.unlink(key)
        await client.unlink(keys.META)

    async def end_processes(self) -> None:
        """End them in order, as a deploy does."""
        await self.crew.end("worker-")
        await self.crew.end("api")
        await self.crew.end("upkeep-", signal.SIGKILL)


def _parse(url: str) -> ServerUrl:
    """The server that a URL names. Raises Unavailable if no wire fits between it and its clients."""
    parsed = parse_store_url(url)
    if not isinstance(parsed, ServerUrl) or parsed.path is not None or parsed.tls:
        raise Unavailable(f"the store must be a server with a TCP port and without TLS, not {parsed}")
    return parsed
