"""What the doctor knows of jobs that need others. lua/include/needs.lua describes the keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from .layouts import Needing
from .reading import Reader

_needing = msgspec.msgpack.Decoder(Needing).decode
_SETS = ("open/", "dependents/")
_BY_TIME = ("locked/", "dropped/")


class Edge(NamedTuple):
    """A job and one that it needs."""

    job: str
    need: str


class Flows:
    """The needs of the jobs of a partition."""

    def __init__(self) -> None:
        self.needing: dict[str, tuple[str, ...]] = {}
        self.sets: dict[str, set[str]] = {}
        self.unlocking: set[str] = set()
        self.dropped_by: dict[str, str] = {}

    @classmethod
    async def take(cls, reader: Reader, names: set[str]) -> Flows:
        self = cls()
        self.needing = {job: _needing(packed).needs for job, packed in (await reader.hash("needing")).items()}
        self.dropped_by = {job: need.decode() for job, need in (await reader.hash("dropped_by")).items()}
        self.sets = await reader.sets([name for name in names if name.startswith(_SETS)])
        by_time = await reader.scores([*(name for name in names if name.startswith(_BY_TIME)), "unlocking"])
        self.unlocking = set(by_time.pop("unlocking"))
        self.sets |= {name: set(members) for name, members in by_time.items()}
        return self

    def _edges(self, prefix: str, *, by_need: bool) -> set[Edge]:
        return {
            Edge(other, name.removeprefix(prefix)) if by_need else Edge(name.removeprefix(prefix), other)
            for name, members in self.sets.items()
            if name.startswith(prefix)
            for other in members
        }

    def problems(self, waiting: set[str], ended: set[str], jobs: set[str]) -> set[str]:
        """`waiting`: the jobs that are due never; `ended` and `jobs`: those that have ended, and all."""
        return set(self._problems(waiting, ended, jobs))

    def _problems(self, waiting: set[str], ended: set[str], jobs: set[str]) -> Iterator[str]:
        edges = {Edge(job, need) for job, needs in self.needing.items() for need in needs if need in jobs}
        dependents = self._edges("dependents/", by_need=True)
        locked, opened = self._edges("locked/", by_need=True), self._edges("open/", by_need=False)
        yield from (f"job {job} has ended and still needs others" for job in self.needing.keys() & ended)
        yield from (f"job {e.need} does not know its dependent {e.job}" for e in edges - dependents)
        yield from (f"job {e.need} has the dependent {e.job}, which does not need it" for e in dependents - edges)
        yield from (f"job {e.job} waits for {e.need}, which does not lock it" for e in opened - locked)
        yield from (f"job {e.need} locks {e.job}, which does not wait for it" for e in locked - opened)
        yield from (f"job {e.job} waits for {e.need} without needing it" for e in opened - edges)
        with_open = {edge.job for edge in opened}
        yield from (f"job {job} waits for needs and has no open one" for job in waiting - with_open)
        yield from (f"job {job} has open needs and does not wait for them" for job in with_open - waiting)
        over = {edge.need for edge in locked} & ended
        yield from (f"job {need} has ended and unlocks nothing" for need in over - self.unlocking)
        yield from self._problems_of_dropped(ended, jobs)

    def _problems_of_dropped(self, ended: set[str], jobs: set[str]) -> Iterator[str]:
        dropped = self._edges("dropped/", by_need=True)
        by = {Edge(job, need) for job, need in self.dropped_by.items()}
        yield from (f"job {job} was cancelled for a need and has not ended" for job in self.dropped_by.keys() - ended)
        yield from (f"job {e.need} would not revive {e.job}" for e in by - dropped if e.need in jobs)
