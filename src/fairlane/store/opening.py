"""Opening a store by its URL, and what is then held of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from valkey.asyncio import Valkey
from valkey.exceptions import BusyLoadingError, ResponseError, ValkeyError

from ..model.errors import FairlaneError, StoreRefused
from .answers import PATIENCE_S, StoreError, meaning_of, passes
from .checks import look
from .client.connections import Command, command_pool, subscriber_client
from .durability import Durability
from .embedded.probe import Readiness
from .embedded.server import EmbeddedServer
from .urls import EmbeddedUrl, ServerUrl, parse_store_url

_LOADING_POLL_S = 0.05
_TAKEOVER_WAIT_S = 1.0

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Store:
    """A reachable store whose settings were found good. Made by `open_store`.

    Belongs to the event loop that it was opened in.
    """

    def __init__(self, url: ServerUrl, durability: Durability, name: str, server: EmbeddedServer | None) -> None:
        self.durability = durability
        self.name = name
        """The store's URL, without secrets."""
        self.server = server
        """The embedded server, for embedded stores."""
        self._url = url
        self._subscribers: list[Valkey] = []
        self._told: set[str] = set()
        """What could not be checked, and was said once."""
        self._commands = command_pool(url)
        self.client: Valkey = Valkey.from_pool(self._commands)
        """For commands. Each must be answered within READ_TIMEOUT_S, blocking ones too; nothing is sent twice."""

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to commands sent in one write; the errors of single commands are among them."""
        return await self._commands.exchange(commands)

    def subscriber(self) -> Valkey:
        """A client of its own for pub/sub, closed with the store.

        Its reads wait as long as nothing comes, and raise valkey's TimeoutError within 10 s when
        the store no longer answers; the next read connects and subscribes again.
        """
        client = subscriber_client(self._url)
        self._subscribers.append(client)
        return client

    async def check(self) -> list[str]:
        """What now speaks against the store's settings, one line each. Raises StoreUnavailable."""
        findings = await self._answered(lambda: look(self.client, self.durability))
        for line in set(findings.unchecked) - self._told:
            self._told.add(line)
            _log.warning("store %s: %s", self.name, line)
        return findings.problems

    async def ensure_running(self) -> None:
        """After a connection error: start the embedded server if no process keeps it any more.

        Cheap, without effect on other stores, and raises nothing. Who takes over waits up to a
        second for the server.
        """
        if self.server is None or self.server.is_keeper:
            return
        try:
            if self.server.take_over_if_unkept():
                _log.warning("no process kept the embedded store any more; this one does now")
                await asyncio.to_thread(self.server.wait_ready, _TAKEOVER_WAIT_S)
        except (FairlaneError, OSError) as error:  # OSError: a full disk, say
            _log.warning("the embedded store could not be started again: %s", error)

    async def close(self) -> None:
        """Give back all connections, and end the embedded server if this process keeps it. May be repeated."""
        for client in [*self._subscribers, self.client]:
            # A connection that is lost is closed too.
            with contextlib.suppress(ValkeyError, OSError):
                await client.aclose()
        self._subscribers.clear()
        if self.server is not None:
            await asyncio.to_thread(self.server.stop)

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
    """Reach the store at `url`, starting it where it is embedded and not running.

    Raises InvalidInput for a URL that cannot be read, StoreUnavailable when the store does not
    answer, and StoreRefused when its version or settings would lose jobs.
    """
    parsed = parse_store_url(url)
    if isinstance(parsed, EmbeddedUrl):
        server = EmbeddedServer(parsed.data_dir, durability)
        try:
            await asyncio.to_thread(server.start)
            store = Store(ServerUrl(path=str(server.socket_path)), durability, str(parsed), server)
        except BaseException:
            # A cancelled start goes on in its thread until it is told.
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
