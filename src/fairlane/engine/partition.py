"""Partitions: the shards of a store. Only this module knows that there are several.

A tenant lives in one partition, so that its limits are exact and every script runs on one cluster slot. A job id
carries the number of its partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

from ..model import ids
from ..model.errors import NotFound
from . import keys
from .calls import Calls
from .scripts import Value

T = TypeVar("T")


class Partition:
    """One partition: it runs scripts, and plain commands on its own keys."""

    def __init__(self, number: int, calls: Calls) -> None:
        self.number = number
        self.prefix = keys.prefix(number)
        self._calls = calls

    async def run(self, script: str, /, *rest: bytes, **values: Value) -> Any:
        """The reply of a script."""
        return await self._calls.run(script, self.prefix, *rest, **values)

    async def run_replicated(self, script: str, /, *rest: bytes, **values: Value) -> tuple[Any, bool]:
        """The reply of a script, and whether its writes are on as many replicas as the store's durability names."""
        return await self._calls.run_replicated(script, self.prefix, *rest, **values)

    async def run_pair(self, first: tuple[str, dict[str, Value]], second: tuple[str, dict[str, Value]]) -> list[Any]:
        """The replies of two scripts in one round trip, in order."""
        return await self._calls.run_pair(self.prefix, first, second)

    async def command(self, name: str, key: str, *arguments: Value) -> Any:
        """The reply of one plain command on a key of this partition. It must be safe to repeat."""
        return await self._calls.command(name, self.prefix + key, *arguments)

    async def commands(self, commands: Sequence[tuple[str, str, *tuple[Value, ...]]]) -> list[Any]:
        """The replies of several commands, each a name, a key and arguments, in one round trip."""
        return await self._calls.commands([(name, self.prefix + key, *rest) for name, key, *rest in commands])

    async def get_many(self, *names: str) -> list[bytes | None]:
        """The values of several keys of this partition."""
        found: list[bytes | None] = await self._calls.command("MGET", *(self.prefix + name for name in names))
        return found

    async def scan(self, page: int) -> AsyncGenerator[set[str]]:
        """The names of all keys of this partition, without its prefix, about `page` a step."""
        cursor: Any = 0
        while True:
            cursor, found = await self._calls.command("SCAN", cursor, "MATCH", f"{self.prefix}*", "COUNT", page)
            yield {name.decode().removeprefix(self.prefix) for name in found}
            if int(cursor) == 0:
                return


class Partitions:
    """All partitions of a store."""

    def __init__(self, calls: Calls, count: int) -> None:
        self._all = [Partition(number, calls) for number in range(count)]

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Partition]:
        return iter(self._all)

    def __getitem__(self, number: int) -> Partition:
        return self._all[number]

    def of_tenant(self, tenant_id: str) -> Partition:
        """The partition in which a tenant lives."""
        return self._all[ids.partition_of_tenant(tenant_id, len(self._all))]

    def of_job(self, job_id: str) -> Partition:
        """The partition that a job id names. Raises NotFound for an id that no job of this store can have."""
        if not ids.is_job_id(job_id) or ids.partition_of_job(job_id) >= len(self._all):
            raise NotFound(f"there is no job {job_id}")
        return self._all[ids.partition_of_job(job_id)]

    def group_jobs(self, job_ids: Sequence[str]) -> list[tuple[Partition, list[int]]]:
        """Positions in `job_ids` by partition. Ids that no job of this store can have are left out."""
        groups: dict[int, list[int]] = {}
        for i, job_id in enumerate(job_ids):
            if ids.is_job_id(job_id) and ids.partition_of_job(job_id) < len(self._all):
                groups.setdefault(ids.partition_of_job(job_id), []).append(i)
        return [(self._all[number], positions) for number, positions in groups.items()]

    async def each(self, visit: Callable[[Partition], Awaitable[T]]) -> list[T]:
        """Visit all partitions concurrently; the results in order of their numbers."""
        if len(self._all) == 1:
            return [await visit(self._all[0])]
        return await asyncio.gather(*(visit(partition) for partition in self._all))
