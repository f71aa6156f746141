"""Opens a store by its URL."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from valkey.asyncio import Valkey
from valkey.exceptions import BusyLoadingError, ResponseError, ValkeyError

from ..model.durability import Durability
from ..model.errors import FairlaneError, StoreRefused
from .answers import PATIENCE_S, StoreError, is_from_replica, meaning_of, passes
from .checks import look
from .client.connections import Connections
from .client.exchange import Command, Exchange
from .embedded.probe import Readiness
from .embedded.server import EmbeddedServer
from .urls import EmbeddedUrl, SentinelUrl, ServerUrl, parse_store_url
from .watch import SettingsWatch

_LOADING_POLL_S = 0.05
_TAKEOVER_WAIT_S = 1.0

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Store:
    """A reachable store whose settings lose no jobs. Made by `open_store`, for the event loop that it was opened in."""

    def __init__(
        self, url: ServerUrl | SentinelUrl, durability: Durability, name: str, server: EmbeddedServer | None
    ) -> None:
        self.durability = durability
        self.name = name
        """The store's URL, without secrets."""
        self.server = server
        """The embedded server, for embedded stores."""
        self._subscribers: list[Valkey] = []
        self._told: set[str] = set()
        """Warnings about checks that the store does not permit, each logged once."""
        self.watch = SettingsWatch(name, self.check)
        self._connections = Connections(url)
        self.new_connection = self._connections.connector()
        """Makes a connection, not yet connected."""
        self._exchange = Exchange(self.new_connection)
        self.client: Valkey = self._connections.command_client()
        """For checks and tests. Each command must be answered within READ_TIMEOUT_S, blocking ones too."""
        self._following = asyncio.create_task(self._follow_primary())

    def exchange(self, commands: Sequence[Command]) -> Coroutine[Any, Any, list[Any]]:
        """The replies to commands sent in one write; the errors of single commands are among them."""
        return self._exchange.exchange(commands)

    def subscriber(self) -> Valkey:
        """A new client for pub/sub, closed with the store.

        A read waits for a message without a limit. If the store stops answering, it raises the client's TimeoutError
        within 10 s; the next read connects and subscribes again.
        """
        client = self._connections.subscriber_client()
        self._subscribers.append(client)
        return client

    async def check(self) -> list[str]:
        """The settings that now lose jobs, one line each. Raises StoreUnavailable."""
        findings = await self._answered(lambda: look(self.client, self.durability))
        for line in set(findings.unchecked) - self._told:
            self._told.add(line)
            _log.warning("store %s: %s", self.name, line)
        return findings.problems

    async def recover(self, error: Exception) -> None:
        """Before a call that met `error` is repeated, look for the server again if that may help. Raises nothing.

        Leaves a server that says that it is a replica. Starts the embedded server if no process keeps it any more, and
        waits up to a second for it.
        """
        if is_from_replica(error):
            self._exchange.renew()
        if self.server is None or self.server.is_keeper:
            return
        try:
            if self.server.take_over_if_unkept():
                _log.warning("no process kept the embedded store any more; this one does now")
                await asyncio.to_thread(self.server.wait_ready, _TAKEOVER_WAIT_S)
        except (FairlaneError, OSError) as problem:  # OSError: a full disk, say
            _log.warning("the embedded store could not be started again: %s", problem)

    async def close(self) -> None:
        """Close all connections, and stop the embedded server if this process keeps it. May be repeated."""
        self._following.cancel()
        await asyncio.wait([self._following])
        await self.watch.close()
        self._exchange.close()
        for client in [*self._subscribers, self.client]:
            with contextlib.suppress(ValkeyError, OSError):
                await client.aclose()
        self._subscribers.clear()
        with contextlib.suppress(ValkeyError, OSError):
            await self._connections.close()
        if self.server is not None:
            await asyncio.to_thread(self.server.stop)

    async def _follow_primary(self) -> None:
        """Leave the server that was the primary. Calls in progress fail and are repeated on the new one."""
        async for host, port in self._connections.moves():
            _log.warning("store %s has another primary now: %s:%d", self.name, host, port)
            self._exchange.renew()
            with contextlib.suppress(ValkeyError, OSError):
                await self.client.connection_pool.disconnect(inuse_connections=False)  # a running check has a timeout
            for client in self._subscribers:
                with contextlib.suppress(ValkeyError, OSError):
                    await client.connection_pool.disconnect()

    async def _answered(self, call: Callable[[], Awaitable[T]]) -> T:
        """The result of `call`, once the store has loaded its data and serves calls. Raises StoreUnavailable."""
        readiness = Readiness(f"store {self.name}")
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await call()
            except BusyLoadingError:
                readiness.note_loading(await self._loaded_bytes())
            except ResponseError as error:
                if time.monotonic() > give_up or not passes(error):
                    raise meaning_of(error, self.name) from None
            except StoreError as error:
                raise meaning_of(error, self.name) from None
            await asyncio.sleep(_LOADING_POLL_S)

    async def _loaded_bytes(self) -> int:
        try:
            return int((await self.client.info("persistence")).get("loading_loaded_bytes", 0))
        except ValkeyError:
            return 0


async def open_store(url: str, durability: Durability = Durability.DISK) -> Store:
    """Connect to the store at `url`; start it first if it is embedded and does not run.

    Raises InvalidInput for a bad URL, or `replicas:N` on an embedded store; StoreUnavailable if the store
    does not answer; and StoreRefused if its version or settings would lose jobs.
    """
    parsed = parse_store_url(url)
    if isinstance(parsed, EmbeddedUrl):
        server = EmbeddedServer(parsed.data_dir, durability)
        try:
            await asyncio.to_thread(server.start)
            store = Store(ServerUrl(path=str(server.socket_path)), durability, str(parsed), server)
        except BaseException:
            # The thread of a cancelled start goes on until `stop`.
            await asyncio.shield(asyncio.to_thread(server.stop))
            raise
    else:
        store = Store(parsed, durability, str(parsed), None)
    try:
        problems = await store.check()
        if problems:
            raise StoreRefused(f"store {store.name} is refused: {'; '.join(problems)}")
    except BaseException:
        await asyncio.shield(store.close())
        raise
    return store
