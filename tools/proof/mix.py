"""What clients ask for: a random mix of every kind of job, from a seed."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fairlane.sdk.task import TaskOptions

from .tasks import app

Kinds = Mapping[str, int]
LONGEST_DELAY_MS = 1_000
EVERYDAY: Kinds = {
    "work": 700,
    "work_in_thread": 100,
    "work_in_process": 20,
    "fail_at_first": 60,
    "fail_always": 20,
    "snooze": 40,
    "give_up": 20,
    "long": 20,
}
"""Of a thousand jobs, about how many are of which kind. `long` is `work` of half a second."""
CRASHES: Kinds = {"work": 60, "die": 40}
OVERRUNS: Kinds = {"work": 80, "overrun": 20}
BLOCKS: Kinds = {"work": 95, "block_loop": 5}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One job to submit."""

    mark: str
    tenant: str
    task: str
    payload: dict[str, Any]
    delay_ms: int = 0
    key: str = ""
    idempotency_key: str = ""
    cancels: bool = False
    """Whether the client cancels the job afterwards."""

    @property
    def options(self) -> TaskOptions:
        return app.registry[self.task].options


def wishes(name: str, seed: str, tenants: Sequence[str], kinds: Kinds, block_s: float) -> Iterator[Wish]:
    """Jobs without end, for the client with this name."""
    chance = random.Random(seed)
    number = 0
    while True:
        number += 1
        if chance.random() < 0.1:
            yield shared(number // 10, tenants)
            continue
        kind = chance.choices(list(kinds), list(kinds.values()))[0]
        mark = f"{name}-{number}"
        yield Wish(
            mark=mark,
            tenant=chance.choice(tenants),
            task="work" if kind == "long" else kind,
            payload={"mark": mark, **_arguments(kind, chance, block_s)},
            delay_ms=chance.choice((0, 0, 0, 0, 200, 500, LONGEST_DELAY_MS)),
            key=f"key-{chance.randrange(5)}" if chance.random() < 0.05 else "",
            idempotency_key=mark if chance.random() < 0.5 else "",
            cancels=chance.random() < 0.03,
        )


def shared(number: int, tenants: Sequence[str]) -> Wish:
    """The same job for all clients, which they submit at about the same time with the same idempotency key."""
    mark = f"shared-{number}"
    tenant = tenants[number % len(tenants)]
    payload = {"mark": mark, "ms": 1}
    return Wish(mark=mark, tenant=tenant, task="work", payload=payload, idempotency_key=mark)


def _arguments(kind: str, chance: random.Random, block_s: float) -> dict[str, Any]:
    match kind:
        case "work" | "work_in_thread":
            return {"ms": chance.randrange(0, 20)}
        case "long":
            return {"ms": 500}
        case "snooze":
            return {"until": time.time() + chance.uniform(0, 1)}
        case "die":
            return {"how": chance.choice(("exit", "segv", "kill"))}
        case "block_loop":
            return {"seconds": block_s}
    return {}
