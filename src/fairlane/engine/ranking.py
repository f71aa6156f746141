"""Rankings of tenants. The store keeps no such order, so each call goes a bounded way through tenants or lanes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from ..model.tenant import Tenant, TenantOrder
from .partition import Partition
from .tenants import read_tenants

KEPT = 200
"""The tenants with the highest measures that a walk keeps."""
TENANTS_A_STEP = 200
"""Tenants that one script looks at, in 0.2 to 3 ms."""
STEPS, OLDEST_STEPS = 50, 10
"""How many steps one call takes, and how many if it ranks by the longest wait, which costs most. Later calls go on."""
LANE_STEPS = 5
"""How many steps one call takes through lanes. A step looks at about a thousand lanes."""

Measured = list[tuple[str, int]]
"""Tenants and their measures."""


class Walk:
    """How a ranking goes through a partition."""

    def __init__(
        self, start: Any, steps: int, step: Callable[[Partition, Any], Awaitable[tuple[Any, Measured]]]
    ) -> None:
        self.start = start
        """The cursor at which a walk begins, and which the last step returns."""
        self.steps = steps
        """Steps of one call."""
        self.step = step
        """Looks at some tenants or lanes after a cursor. Returns the next cursor."""


class Ranking:
    """The tenants of a partition with the highest measures. Large stores are ranked over several calls."""

    def __init__(self, partition: Partition, walk: Walk) -> None:
        self._partition = partition
        self._walk = walk
        self._turn = asyncio.Lock()
        """Held during a call, so that two calls do not count the same step."""
        self._cursor = walk.start
        self._found: Counter[str] = Counter()
        """What this walk has found so far."""
        self._before: Counter[str] = Counter()
        """What the previous walk has found."""

    async def first(self, most: int) -> list[Tenant]:
        """Up to `most` tenants, with their present figures."""
        async with self._turn:
            await self._go_on()
            names = [name for name, _ in (self._before | self._found).most_common(most)]
        return await read_tenants(self._partition, names)

    async def _go_on(self) -> None:
        for _ in range(self._walk.steps):
            self._cursor, measured = await self._walk.step(self._partition, self._cursor)
            for tenant, measure in measured:
                self._found[tenant] += measure
            if self._cursor == self._walk.start:
                self._before, self._found = _highest(self._found), Counter()
                return


def _highest(found: Counter[str]) -> Counter[str]:
    return Counter(dict(found.most_common(KEPT)))


async def _longest_lanes(partition: Partition, cursor: Any) -> tuple[Any, Measured]:
    cursor, *lanes = await partition.run("long_lanes", cursor=cursor, most=KEPT)
    return cursor, _pairs(lanes)


longest_lanes = Walk(b"0", LANE_STEPS, _longest_lanes)
"""By pending jobs. Idle tenants cost nothing."""


def tenants_by(order: TenantOrder, prefix: str = "") -> Walk:
    """The tenants whose ids begin with `prefix`, by a measure."""

    async def step(partition: Partition, after: Any) -> tuple[Any, Measured]:
        last, *found = await partition.run(
            "rank_tenants", order=order.value, stem=prefix, after=after, most=TENANTS_A_STEP
        )
        return last, _pairs(found)

    return Walk(b"", OLDEST_STEPS if order is TenantOrder.OLDEST else STEPS, step)


def _pairs(reply: Iterable[Any]) -> Measured:
    values = iter(reply)
    return [(tenant.decode(), int(measure)) for tenant, measure in zip(values, values, strict=True)]
