"""Sends scripts and commands to the store, and repeats those that fail.

Every script may be repeated: for a few seconds (`patience_with`), a call is sent again with the same arguments if its
reply was lost or is an error that passes. Within that time, FUNCTION FLUSH, a restart of the store, a slow script of
another client or a connection that breaks cost time and nothing else. After it, the call fails, and may or may not have
taken effect.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from ..model.ids import new_claim_id
from ..store import Store
from ..store.answers import StoreError, meaning_of, passes, patience_with
from . import keys, scripts
from .functions import StoredLibrary, is_missing
from .scripts import Script, Value
from .steady_clock import SteadyClock, is_unconfirmed, monotonic_us

MOST_CONFIRMATIONS = 10
"""How often the store's time is confirmed for one call."""
REPLICA_WAIT_MS = 1_000
REPLICA_DISK_WAIT_MS = 2_500
"""How long a submission waits until replicas have it, and then until it is on their disks."""
_PAUSES_S = (0.0, 0.02, 0.05, 0.1, 0.2)

Arguments = tuple[Script, str, dict[str, Value], list[bytes]]
"""A script, the prefix of its partition, its named arguments and the rest."""


class Calls:
    """Scripts and plain commands on one store.

    In tests, `clock` (µs) replaces the store's clock, and `monotonic` (µs) the one of this process [default: `clock`].
    """

    def __init__(
        self, store: Store, clock: Callable[[], int] | None = None, monotonic: Callable[[], int] | None = None
    ) -> None:
        self.store = store
        self.time = SteadyClock(self, clock, monotonic or clock or monotonic_us)
        self._clock = clock
        self._scripts = {name: scripts.load(name) for name in scripts.names()}
        self.library = StoredLibrary(self._send, store.name)
        self._functions = {name: self.library.library.function(name) for name in self._scripts}

    async def run(self, name: str, prefix: str, /, *rest: bytes, **values: Value) -> Any:
        """The reply of script `name` on the partition with this key prefix."""
        (reply,) = await self.run_together([(self._scripts[name], prefix, values, list(rest))])
        return reply

    async def run_pair(
        self, prefix: str, first: tuple[str, dict[str, Value]], second: tuple[str, dict[str, Value]]
    ) -> list[Any]:
        """Two scripts in one round trip, in order."""
        return await self.run_together([(self._scripts[name], prefix, values, []) for name, values in (first, second)])

    async def run_together(self, calls: list[Arguments]) -> list[Any]:
        """The replies of several scripts sent in one write."""
        for _, prefix, _, _ in calls:
            if self.time.is_due(prefix):
                await self.time.keep(prefix)
        replies = await self._send([self._command(*call) for call in calls])
        for i, reply in enumerate(replies):
            if isinstance(reply, Exception):
                replies[i] = await self._after_refusal(reply, calls[i])
        return replies

    async def run_replicated(self, name: str, prefix: str, /, *rest: bytes, **values: Value) -> tuple[Any, bool]:
        """As `run`, and whether the writes are on the disks of as many replicas as the store's durability names.

        The commands that wait go in the same write as the call: on another connection, and so perhaps on another
        primary, they would prove nothing.
        """
        replicas = self.store.durability.replicas
        if not replicas:
            return await self.run(name, prefix, *rest, **values), True
        call: Arguments = (self._scripts[name], prefix, values, list(rest))
        if self.time.is_due(prefix):
            await self.time.keep(prefix)
        reply, is_replicated = await self._replicated(call, replicas)
        if isinstance(reply, Exception):
            await self._after_refusal(reply, call)
            reply, is_replicated = await self._replicated(call, replicas)
        return self._checked(reply), is_replicated

    async def _replicated(self, call: Arguments, replicas: int) -> tuple[Any, bool]:
        # A replica says what is on its disk when it is asked, and otherwise once a second. WAIT comes first, so that
        # WAITAOF asks a replica that has the write, and does not wait for that second.
        reply, marked, _, waited = await self._send(
            [
                self._command(*call),
                ("SET", call[1] + keys.REPLICATED, ""),
                ("WAIT", replicas, REPLICA_WAIT_MS),
                ("WAITAOF", 1, replicas, REPLICA_DISK_WAIT_MS),
            ]
        )
        if isinstance(reply, Exception) or isinstance(marked, Exception):
            return reply, False
        on_own_disk, on_replicas = self._checked(waited)
        return reply, on_own_disk >= 1 and on_replicas >= replicas

    async def run_unguarded(self, name: str, prefix: str, **values: Value) -> Any:
        """As `run`, for the script that confirms the store's time."""
        call: Arguments = (self._scripts[name], prefix, values, [])
        (reply,) = await self._send([self._command(*call)])
        return self._checked(await self._with_library(reply, call))

    async def command(self, *parts: Value) -> Any:
        """The reply to one plain command, which must be safe to repeat."""
        (reply,) = await self._send([parts])
        return self._checked(reply)

    async def commands(self, commands: list[tuple[Value, ...]]) -> list[Any]:
        """The replies to plain commands sent in one write; each must be safe to repeat."""
        return [self._checked(reply) for reply in await self._send(commands)]

    async def info(self, section: str) -> dict[str, str]:
        """The fields of one section of INFO."""
        text: bytes = await self.command("INFO", section)
        return dict(line.split(":", 1) for line in text.decode().splitlines() if ":" in line)

    async def _after_refusal(self, reply: Any, call: Arguments) -> Any:
        """The reply to a call that was refused, once the library is loaded and the time is confirmed."""
        reply = await self._with_library(reply, call)
        tries = 0
        while is_unconfirmed(reply) and tries < MOST_CONFIRMATIONS:
            await self.time.confirm(call[1])
            (reply,) = await self._send([self._command(*call)])
            reply = await self._with_library(reply, call)
            tries += 1
        return self._checked(reply)

    async def _with_library(self, reply: Any, call: Arguments) -> Any:
        """The reply, or that of the call after the library is loaded."""
        return await self.library.load_and_call(self._command(*call)) if is_missing(reply) else reply

    def _command(self, script: Script, prefix: str, values: dict[str, Value], rest: list[bytes]) -> tuple[Value, ...]:
        if "at" in script.argv:
            values["at"] = self._clock() if self._clock else ""
        if "call_id" in script.argv:
            values.setdefault("call_id", new_claim_id())
        return ("FCALL", self._functions[script.name], 1, prefix, *script.arguments(values, rest))

    async def _send(self, commands: list[tuple[Value, ...]]) -> list[Any]:
        """The replies, errors among them. While an error passes, the commands are sent again."""
        began = time.monotonic()
        tries = 0
        while True:
            try:
                replies = await self.store.exchange(commands)
                for reply in replies:
                    if isinstance(reply, Exception) and passes(reply):
                        raise reply
                return replies
            except StoreError as error:
                if time.monotonic() - began > patience_with(error) or not passes(error):
                    raise meaning_of(error, self.store.name) from error
                await self.store.recover(error)
                await asyncio.sleep(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
                tries += 1

    def _checked(self, reply: Any) -> Any:
        """The reply, if it is no error."""
        if isinstance(reply, Exception):
            raise meaning_of(reply, self.store.name) from reply
        return reply
