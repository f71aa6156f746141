"""Every single claim serves the tenant that the plain model names."""

import asyncio
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from fairlane.engine import Engine
from fairlane.model.lease import Lease, OutcomeKind
from fairlane.model.tenant import Fairness
from fairlane.store import Durability, Store, open_store
from tests.support.acting import UNLIMITED, claim, finish, limit, submit
from tests.support.clock import Clock

from .fair_model import FairModel

TENANTS = ("ant", "bee", "cat")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.sampled_from(TENANTS), st.integers(1, 3)),
        st.tuples(st.just("claim")),
        st.tuples(st.just("end"), st.sampled_from([OutcomeKind.COMPLETED, OutcomeKind.RELEASED])),
        st.tuples(st.just("reap")),
        st.tuples(st.just("prune")),
        st.tuples(st.just("pass"), st.sampled_from([1, 99, 100, 101, 1_500, 7_000])),
    ),
    min_size=20,
    max_size=60,
)


class Played:
    """Engine and model, taking the same steps."""

    def __init__(self, engine: Engine, clock: Clock, fairness: Fairness) -> None:
        self._engine = engine
        self._clock = clock
        self._model = FairModel(fairness)
        self._running: list[tuple[Lease, int]] = []

    async def weigh(self, weights: dict[str, float]) -> None:
        self._model.weights = weights
        for tenant, weight in weights.items():
            await limit(self._engine, tenant, weight=weight)

    async def take(self, step: str, *with_what: Any) -> None:
        await getattr(self, f"_{step}")(*with_what)

    async def _submit(self, tenant: str, count: int) -> None:
        await submit(self._engine, tenant, count, max_attempts=100)
        for _ in range(count):
            self._model.submit(tenant)

    async def _claim(self) -> None:
        leases = await claim(self._engine, 1, lease_ms=3_600_000)
        expected = self._model.claim()
        assert [lease.tenant_id for lease in leases] == ([expected] if expected else [])
        self._running += [(lease, self._clock.now_ms) for lease in leases]

    async def _end(self, kind: OutcomeKind) -> None:
        if not self._running:
            return
        lease, since_ms = self._running.pop(0)
        await finish(self._engine, [lease], kind)
        seconds = (self._clock.now_ms - since_ms) / 1000
        self._model.end(lease.tenant_id, seconds, back=kind is OutcomeKind.RELEASED)

    async def _reap(self) -> None:
        """The worker is lost with the one job that has run longest; one, since the order of several is not told."""
        if len(self._running) == 1:
            lease, since_ms = self._running.pop()
            assert (await self._engine.workers.reap("w")).requeued == 1
            self._model.end(lease.tenant_id, (self._clock.now_ms - since_ms) / 1000, back=True)

    async def _prune(self) -> None:
        """Forgetting virtual times that the floor has passed changes nothing."""
        await self._engine.maintenance.prune(100)

    async def _pass(self, ms: int) -> None:
        self._clock.advance(ms=ms)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def own_store(runner: asyncio.Runner) -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="fl") as folder:
        store = runner.run(open_store(f"embedded:{folder}", Durability.MEMORY))
        yield store
        runner.run(store.close())


@pytest.mark.parametrize("fairness", Fairness)
def test_the_tenant_with_the_least_virtual_time_is_served(
    runner: asyncio.Runner, own_store: Store, fairness: Fairness
) -> None:
    async def play(script: list[tuple[Any, ...]], weights: dict[str, float]) -> None:
        note(f"{weights}: {script}")
        await own_store.client.flushall()
        clock = Clock()
        engine = await Engine.open(own_store, clock=clock)
        await engine.tenants.change_defaults(UNLIMITED)
        await engine.maintenance.set_fairness(fairness)
        played = Played(engine, clock, fairness)
        await played.weigh(weights)
        for step in script:
            await played.take(*step)
        assert (await engine.maintenance.doctor()).problems == []

    @settings(max_examples=60, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(steps, st.fixed_dictionaries({name: st.sampled_from([0.5, 1.0, 2.0]) for name in TENANTS}))
    def played(script: list[tuple[Any, ...]], weights: dict[str, float]) -> None:
        runner.run(play(script, weights))

    played()
