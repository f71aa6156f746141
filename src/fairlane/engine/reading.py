"""Reads many or large keys of a partition in commands of bounded work, so that other callers wait only briefly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .partition import Partition

PAGE = 1000
"""Elements of a key to read in one command."""
TOGETHER = 100
"""Commands to send in one write."""


class Reader:
    """Reads one partition. Calls `on_read` with the number of keys and elements in each reply."""

    def __init__(self, partition: Partition, on_read: Callable[[int], None]) -> None:
        self._partition = partition
        self._on_read = on_read

    async def key_names(self) -> set[str]:
        """The names of all keys, without the prefix of the partition."""
        names: set[str] = set()
        async for page in self._partition.scan(PAGE):
            names |= page
            self._on_read(len(page))
        return names

    async def replies(self, command: str, names: Sequence[str], *arguments: int) -> dict[str, Any]:
        """The reply of a command, by key."""
        found: dict[str, Any] = {}
        for first in range(0, len(names), TOGETHER):
            some = names[first : first + TOGETHER]
            replies = await self._partition.commands([(command, name, *arguments) for name in some])
            found |= zip(some, replies, strict=True)
            self._on_read(len(some))
        return found

    async def scores(self, names: Sequence[str]) -> dict[str, dict[str, float]]:
        """The members of sorted sets with their scores, by key."""
        found: dict[str, dict[str, float]] = {}
        for name, elements in (await self._elements("ZSCAN", names)).items():
            found[name] = {elements[i].decode(): float(elements[i + 1]) for i in range(0, len(elements), 2)}
        return found

    async def hash(self, name: str) -> dict[str, bytes]:
        """The fields of a hash."""
        elements = (await self._elements("HSCAN", [name]))[name]
        return {elements[i].decode(): elements[i + 1] for i in range(0, len(elements), 2)}

    async def lists(self, names: Sequence[str]) -> dict[str, list[bytes]]:
        """The elements of lists, by key."""
        found: dict[str, list[bytes]] = {}
        for name in names:
            found[name] = []
            more = True
            while more:
                first = len(found[name])
                (elements,) = await self._partition.commands([("LRANGE", name, first, first + PAGE - 1)])
                found[name] += elements
                self._on_read(len(elements))
                more = len(elements) == PAGE
        return found

    async def sets(self, names: Sequence[str]) -> dict[str, set[str]]:
        """The members of sets, by key."""
        found = await self._elements("SSCAN", names)
        return {name: {member.decode() for member in members} for name, members in found.items()}

    async def _elements(self, command: str, names: Sequence[str]) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {name: [] for name in names}
        for first in range(0, len(names), TOGETHER):
            cursors = dict.fromkeys(names[first : first + TOGETHER], b"0")
            while cursors:
                asked = [(command, name, cursor, "COUNT", PAGE) for name, cursor in cursors.items()]
                replies = await self._partition.commands(asked)
                for name, (cursor, elements) in zip(tuple(cursors), replies, strict=True):
                    found[name] += elements
                    cursors[name] = cursor
                    self._on_read(len(elements) // 2)
                cursors = {name: cursor for name, cursor in cursors.items() if cursor != b"0"}
        return found
