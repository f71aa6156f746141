"""The machine that drives engine and model together, without its rules."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from fairlane.engine import Engine
from fairlane.model.job import NewJob
from fairlane.model.states import State
from fairlane.store import Store
from tests.support.clock import Clock

from .agreement import check_agreement
from .model import Model
from .model_job import ModelJob

LISTENER = "machine"
"""The process that hears of wakes."""
LIMIT = 100
Call = Callable[[], Awaitable[Any]]


class Machine(RuleBasedStateMachine):
    """Drives engine and model together."""

    runner: asyncio.Runner
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.model = Model(self.clock)
        self.last: tuple[Call, Any] | None = None
        self.made = 0
        self.asked: list[NewJob] = []
        self.engine = self._run(self._open)

    async def _open(self) -> Engine:
        await self.store.client.flushall()
        return await Engine.open(self.store, clock=self.clock, monotonic=self.clock.monotonic)

    def _run(self, call: Call) -> Any:
        async def awaited() -> Any:
            return await call()

        return self.runner.run(awaited())

    def _do(self, call: Call) -> Any:
        """Run a call that can be repeated with the same answer."""
        answer = self._run(call)
        self.last = (call, answer)
        return answer

    def _next_id(self) -> str:
        """Jobs of one instant go in the order of their ids: in any order, but in the same one each time."""
        self.made += 1
        return "00" + hashlib.sha256(str(self.made).encode()).hexdigest()[:24]

    def _pick(self, data: st.DataObject, jobs: list[ModelJob]) -> ModelJob:
        return data.draw(st.sampled_from(jobs))

    def _running(self) -> list[ModelJob]:
        return self.model.of_state(State.RUNNING)

    @invariant()
    def agree(self) -> None:
        self._run(lambda: check_agreement(self.engine, self.model))
