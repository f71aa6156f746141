"""An outcome that cannot be taken ends its own job, and holds up neither the others nor the claims."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest

from fairlane import App, State, current
from fairlane.backend import Leases
from fairlane.job.context import running_job
from fairlane.model.errors import FairlaneError, InvalidInput
from fairlane.model.lease import ClaimRequest, Lease, LeaseReport, LeaseStatus, Outcome, WorkerReport
from fairlane.server.app import create_app
from tests.support.app_world import World, eventually, json_of
from tests.support.serving import served


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth - 1):
        found = [found]
    return found


UNFIT = {"store": msgspec.Raw(b'"\xff"'), "api": nested(300)}
"""Results that each of the two refuses."""


@pytest.fixture(params=list(UNFIT))
async def place(request: pytest.FixtureRequest, world: World) -> AsyncIterator[tuple[World, Any]]:
    """Where the worker works, and a result that is refused there."""
    if request.param == "store":
        yield world, UNFIT["store"]
        return
    async with served(create_app(world.engine)) as url:
        world.url, world.app = url, App(url, tenancy="default")
        yield world, UNFIT["api"]
        await world.app.close()


async def ends(world: World, unfit: Any) -> list[tuple[State, object, str]]:
    """How jobs end of which one in the middle has a result that is refused, and how later ones do."""

    @world.app.task
    async def work(n: int) -> Any:
        return unfit if n == 5 else n

    jobs = []
    async with world.worker(slots=4):
        for numbers in (range(10), range(10, 13)):
            handles = await work.submit_many([(n,) for n in numbers])
            jobs += [await world.finished(handle.id) for handle in handles]
    return [(job.state, json_of(job.result), job.error.type if job.error else "") for job in jobs]


def expected(why: str) -> list[tuple[State, object, str]]:
    return [(State.FAILED, None, why) if n == 5 else (State.COMPLETED, n, "") for n in range(13)]


async def test_an_unfit_result_fails_its_job(place: tuple[World, Any]) -> None:
    assert await ends(*place) == expected("InvalidResult")


async def test_a_result_that_only_the_other_side_knows_to_be_unfit_fails_its_job(
    place: tuple[World, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fairlane.job.result.check_json", lambda raw: None)
    assert await ends(*place) == expected("InvalidOutcome")


class Moody:
    """Leases that refuse some outcomes without saying which one is to blame."""

    def __init__(self, leases: Leases, refused: set[str]) -> None:
        """`refused`: the lease tokens of the refused outcomes."""
        self._leases = leases
        self._refused = refused

    def __getattr__(self, name: str) -> Any:
        return getattr(self._leases, name)

    async def finish(self, outcomes: Sequence[Outcome]) -> list[LeaseStatus]:
        self._look_at(outcomes)
        return await self._leases.finish(outcomes)

    async def exchange(
        self, outcomes: Sequence[Outcome], request: ClaimRequest
    ) -> tuple[list[LeaseStatus], list[Lease]]:
        self._look_at(outcomes)
        return await self._leases.exchange(outcomes, request)

    def _look_at(self, outcomes: Sequence[Outcome]) -> None:
        if any(outcome.token in self._refused for outcome in outcomes):
            raise FairlaneError("something went wrong")


async def test_an_outcome_refused_for_unknown_reasons_is_sent_again_beside_the_others(world: World) -> None:
    refused: set[str] = set()

    async def open_backend() -> Any:
        backend: Any = await world.open_backend()
        backend.leases = Moody(backend.leases, refused)
        return backend

    @world.app.task
    async def work(n: int) -> int:
        if n == 0:
            refused.add(running_job.get()._lease.token)
        return n

    async with world.worker(slots=2, open_backend=open_backend):
        first = await work.submit(0)
        others = await work.submit_many([(n,) for n in range(1, 20)])
        assert [json_of((await world.finished(handle.id)).result) for handle in others] == list(range(1, 20))
        assert (await first.refresh()).state is State.RUNNING
        refused.clear()
        job = await world.finished(first.id)
    assert (job.state, json_of(job.result), job.attempt) == (State.COMPLETED, 0, 1)


async def test_an_outcome_refused_until_its_lease_has_run_out_is_given_up(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    refused: set[str] = set()

    async def open_backend() -> Any:
        backend: Any = await world.open_backend()
        backend.leases = Moody(backend.leases, refused)
        return backend

    @world.app.task
    async def work() -> int:
        if not refused:
            refused.add(running_job.get()._lease.token)
        return 1

    async def is_given_up() -> bool:
        return "could not be sent: something went wrong" in caplog.text

    async with world.worker(slots=2, lease_ms=1_000, open_backend=open_backend):
        job = await world.finished((await work.submit()).id)
        await eventually(is_given_up, "the first attempt's outcome is dropped")
    assert (job.state, job.attempt) == (State.COMPLETED, 2)


async def test_no_lease_is_lost_over_words_that_are_refused(world: World, caplog: pytest.LogCaptureFixture) -> None:
    extended = 0

    class Deaf(Moody):
        async def extend(self, worker: WorkerReport, leases: Sequence[LeaseReport], lease_ms: int) -> list[LeaseStatus]:
            nonlocal extended
            if any(lease.progress or lease.logs for lease in leases):
                raise InvalidInput("words, words, words")
            extended += len(leases)
            return await self._leases.extend(worker, leases, lease_ms)

    async def open_backend() -> Any:
        backend: Any = await world.open_backend()
        backend.leases = Deaf(backend.leases, set())
        return backend

    async def was_extended_often() -> bool:
        return extended > 8

    @world.app.task
    async def work() -> int:
        current().progress(1)
        await eventually(was_extended_often, "the lease is extended for longer than it would last")
        return current().attempt

    async with world.worker(lease_ms=1_000, open_backend=open_backend):
        job = await world.finished((await work.submit()).id)
    assert (job.state, json_of(job.result)) == (State.COMPLETED, 1)
    assert "refused and dropped: words, words, words" in caplog.text


async def test_a_queue_that_refuses_all_is_told_of_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    refusals = 0

    class Closed(Moody):
        async def claim(self, request: ClaimRequest) -> list[Lease]:
            nonlocal refusals
            refusals += 1
            raise FairlaneError("go away")

        async def exchange(
            self, outcomes: Sequence[Outcome], request: ClaimRequest
        ) -> tuple[list[LeaseStatus], list[Lease]]:
            return [], await self.claim(request)

    async def open_backend() -> Any:
        backend: Any = await world.open_backend()
        backend.leases = Closed(backend.leases, set())
        return backend

    async def was_refused_often() -> bool:
        return refusals > 4

    async with world.worker(open_backend=open_backend):
        await eventually(was_refused_often, "the worker claims again and again")
    assert [record.getMessage() for record in caplog.records if record.exc_info] == [
        "the store refused a call; it will be repeated"
    ]
