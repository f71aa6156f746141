"""Sends scripts and commands to the store, and repeats those that fail.

Every script may be repeated: for a few seconds (`patience_with`), a call is sent again with the same arguments if its
reply was lost or is an error that passes. Within that time, FUNCTION FLUSH, a restart of the store, a slow script of
another client or a connection that breaks cost time and nothing else. After it, the call fails, and may or may not have
taken effect.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ..model.ids import new_claim_id
from ..store import Store
from ..store.answers import StoreError, meaning_of, passes, patience_with
from . import scripts
from .functions import StoredLibrary, is_missing
from .scripts import Script, Value
from .steady_clock import SteadyClock, is_unconfirmed, monotonic_us

MOST_CONFIRMATIONS = 10
"""How often the store's time is confirmed for one call."""
MOST_LOADS = 20
"""How often the library is loaded for one call, while another client flushes it."""
_PAUSES_S = (0.0, 0.02, 0.05, 0.1, 0.2)

T = TypeVar("T")
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
        self.library = StoredLibrary(self._send_patiently, store.name)

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
        for prefix in {prefix for _, prefix, _, _ in calls}:
            await self.time.keep(prefix)
        replies = await self._send_scripts(calls)
        for i, call in enumerate(calls):
            tries = 0
            while is_unconfirmed(replies[i]) and tries < MOST_CONFIRMATIONS:
                await self.time.confirm(call[1])
                (replies[i],) = await self._send_scripts([call])
                tries += 1
        return self._checked(replies)

    async def run_unguarded(self, name: str, prefix: str, **values: Value) -> Any:
        """As `run`, for the script that confirms the store's time."""
        (reply,) = self._checked(await self._send_scripts([(self._scripts[name], prefix, values, [])]))
        return reply

    async def _send_scripts(self, calls: list[Arguments]) -> list[Any]:
        commands = [self._command(*call) for call in calls]
        replies = await self._send_patiently(commands)
        for i, command in enumerate(commands):
            loads = 0
            while is_missing(replies[i]) and loads < MOST_LOADS:
                replies[i] = await self.library.load_and_call(command)
                loads += 1
        return replies

    async def command(self, *parts: Value) -> Any:
        """The reply to one plain command, which must be safe to repeat."""
        return await self._patiently(lambda: self._execute(parts))

    async def commands(self, commands: list[tuple[Value, ...]]) -> list[Any]:
        """The replies to plain commands sent in one write; each must be safe to repeat."""
        return self._checked(await self._send_patiently(commands))

    async def _execute(self, parts: tuple[Value, ...]) -> Any:
        return await self.store.client.execute_command(*parts)  # type: ignore[no-untyped-call]

    def _command(self, script: Script, prefix: str, values: dict[str, Value], rest: list[bytes]) -> tuple[Value, ...]:
        if "at" in script.argv:
            values["at"] = self._clock() if self._clock else ""
        if "call_id" in script.argv:
            values.setdefault("call_id", new_claim_id())
        function = self.library.library.function(script.name)
        return ("FCALL", function, 1, prefix, *script.arguments(values, rest))

    async def _send_patiently(self, commands: list[tuple[Value, ...]]) -> list[Any]:
        return await self._patiently(lambda: self._send(commands))

    async def _send(self, commands: list[tuple[Value, ...]]) -> list[Any]:
        replies: list[Any] = await self.store.exchange(commands)
        for reply in replies:
            if isinstance(reply, Exception) and passes(reply):
                raise reply
        return replies

    async def _patiently(self, attempt: Callable[[], Awaitable[T]]) -> T:
        began = time.monotonic()
        tries = 0
        while True:
            try:
                return await attempt()
            except StoreError as error:
                if time.monotonic() - began > patience_with(error) or not passes(error):
                    raise meaning_of(error, self.store.name) from error
                await self.store.ensure_running()
                await asyncio.sleep(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
                tries += 1

    def _checked(self, replies: list[Any]) -> list[Any]:
        """The replies, if none is an error."""
        for reply in replies:
            if isinstance(reply, Exception):
                raise meaning_of(reply, self.store.name) from reply
        return replies
