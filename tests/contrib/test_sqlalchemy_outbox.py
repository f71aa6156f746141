"""Jobs submitted within transactions of SQLAlchemy."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from fairlane import App, InvalidInput, Middleware, NewJob
from fairlane.backend import Backend
from fairlane.contrib.outbox import BATCH, Backlog, Relay
from fairlane.contrib.sqlalchemy import _Rows
from fairlane.engine import Engine
from fairlane.model.job import Job, JobQuery
from fairlane.model.tenant import PolicyChange, Rate
from fairlane.server.app import create_app
from fairlane.testing import Testing
from tests.support.app_world import eventually
from tests.support.serving import served

from .orders import app, entries, metadata, new_database, orders, outbox, send_receipt

ROOT = Path(__file__).parents[2]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = new_database(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
async def testing() -> AsyncIterator[Testing]:
    async with app.testing() as testing:
        yield testing


def order(engine: sa.Engine, *numbers: int, tenant: str = "acme") -> None:
    """Take orders, each with its receipt, in one transaction."""
    with Session(engine) as session, session.begin():
        for number in numbers:
            session.execute(orders.insert().values(id=number))
            session.execute(outbox.insert(send_receipt.using(tenant=tenant).bind(number)))


async def jobs_of(queue: Backend, tenant: str = "acme") -> list[Job]:
    jobs: list[Job] = []
    cursor = None
    while True:
        page = await queue.jobs.list(JobQuery(tenant_id=tenant, limit=100, cursor=cursor))
        jobs += [await queue.jobs.get(job.id) for job in page.jobs]
        cursor = page.next_cursor
        if cursor is None:
            return jobs


async def answer(value: bool) -> bool:
    return value


async def test_what_commits_is_submitted_and_leaves_the_outbox(database: sa.Engine, testing: Testing) -> None:
    order(database, 1, 2)
    assert await testing.drain() == []
    assert await outbox.relay(app, database).deliver() == 2
    assert entries(database) == []
    assert [(job.tenant_id, bytes(job.result or b"")) for job in await testing.drain()] == [
        ("acme", b"1"),
        ("acme", b"2"),
    ]
    assert await outbox.relay(app, database).deliver() == 0


async def test_what_is_rolled_back_was_never_there(database: sa.Engine, testing: Testing) -> None:
    with pytest.raises(ZeroDivisionError), Session(database) as session, session.begin():
        session.execute(outbox.insert(send_receipt.using(tenant="acme").bind(1)))
        raise ZeroDivisionError
    assert await outbox.relay(app, database).deliver() == 0
    assert await testing.drain() == []


async def test_entries_are_handed_over_in_order_over_many_batches(database: sa.Engine, testing: Testing) -> None:
    order(database, *range(2 * BATCH + 7))
    assert await outbox.relay(app, database).deliver() == 2 * BATCH + 7
    assert [int(bytes(job.result or b"")) for job in await testing.drain()] == list(range(2 * BATCH + 7))


async def test_a_delay_counts_from_the_transaction(database: sa.Engine, testing: Testing) -> None:
    await testing.travel("1d")
    with database.begin() as connection:
        connection.execute(outbox.insert(send_receipt.using(tenant="acme", delay="10m").bind(1)))
    await testing.travel("8m")
    await outbox.relay(app, database).deliver()
    assert await testing.drain() == []
    await testing.travel("2m")
    assert len(await testing.drain()) == 1


async def test_a_bad_call_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput, match="name the tenant"):
        outbox.insert(send_receipt.bind(1))
    with pytest.raises(InvalidInput, match="order"):
        outbox.insert(send_receipt.using(tenant="acme").bind("one"))  # type: ignore[arg-type]


class StoppingRows(_Rows):
    """The table of a relay that is stopped between submitting a batch and deleting it."""

    relay: Relay

    async def settle(self, delivered: Collection[int], refused: Mapping[int, str]) -> None:
        self.relay.stop()
        await super().settle(delivered, refused)


async def test_a_stopped_relay_finishes_its_batch_and_no_more(database: sa.Engine, testing: Testing) -> None:
    order(database, *range(1, BATCH + 2))
    rows = StoppingRows(outbox.table, database)
    rows.relay = Relay(app, rows)
    await asyncio.wait_for(rows.relay.run(), 30)
    assert entries(database) == [BATCH + 1]
    assert len(await jobs_of(await app.connect())) == BATCH


async def test_the_relay_says_what_waits(
    database: sa.Engine, testing: Testing, caplog: pytest.LogCaptureFixture
) -> None:
    relay = outbox.relay(app, database)
    assert await relay.backlog() == Backlog(0, None, 0)
    await (await app.connect()).tenants.change("busy", PolicyChange(submit_rate=Rate(1, 60.0)))
    order(database, 1, 2, 3, tenant="busy")
    with database.begin() as connection:
        table = outbox.table
        connection.execute(table.update().values(created_at=datetime.now(UTC) - timedelta(seconds=90)))
        newest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
        connection.execute(
            table.update().where(table.c.id == newest).values(refused="no", created_at=datetime(2020, 1, 1))
        )
    running = asyncio.create_task(relay.run())

    async def logged() -> bool:
        return len(caplog.messages) == 2

    await eventually(logged, "two lines in the log")
    relay.stop()
    await running
    limited, waiting = caplog.messages
    assert re.fullmatch(
        r"tenant busy is over its submission rate: its entries in the outbox wait for \d+\.\d s", limited
    )
    assert re.fullmatch(
        r"entries waiting in the outbox: 1, the oldest for 9\d s; tenants over their submission rate: busy", waiting
    )
    backlog = await relay.backlog()
    assert (backlog.waiting, backlog.refused) == (1, 1)
    assert backlog.oldest_seconds is not None and 90 <= backlog.oldest_seconds < 150


async def test_a_tenant_over_its_rate_waits_and_holds_up_nobody(database: sa.Engine, testing: Testing) -> None:
    queue = await app.connect()
    await queue.tenants.change("busy", PolicyChange(submit_rate=Rate(3, 60.0)))
    order(database, *range(2 * BATCH), tenant="busy")
    order(database, 1000, tenant="quiet")
    relay = outbox.relay(app, database)
    assert await relay.deliver() == 4
    assert [job.tenant_id for job in await jobs_of(queue, "quiet")] == ["quiet"]
    assert len(entries(database)) == 2 * BATCH - 3
    await testing.travel("1m")
    assert await outbox.relay(app, database).deliver() == 3


async def test_an_entry_that_can_never_be_accepted_is_kept_with_the_reason(
    database: sa.Engine, testing: Testing
) -> None:
    with database.begin() as connection:
        for number in (1, 2):
            connection.execute(outbox.insert(send_receipt.using(tenant="acme", idempotency_key="same").bind(number)))
    assert await outbox.relay(app, database).deliver() == 1
    assert await outbox.relay(app, database).deliver() == 0
    with database.begin() as connection:
        (row,) = connection.execute(sa.select(outbox.table))
    assert row.refused == "the idempotency key was used before with another request"
    assert len(await testing.drain()) == 1


async def test_over_http_too_an_entry_that_can_never_be_accepted_holds_up_nobody(
    database: sa.Engine, engine: Engine
) -> None:
    heard: list[NewJob] = []

    class Note(Middleware):
        def submitted(self, job: NewJob) -> None:
            heard.append(job)

    order(database, *range(7))
    with database.begin() as connection:
        third = sa.select(outbox.table).order_by(outbox.table.c.id).offset(3).limit(1)
        (row,) = connection.execute(third)
        bad = msgspec.structs.replace(msgspec.msgpack.decode(row.job, type=NewJob), task="no name")
        change = outbox.table.update().where(outbox.table.c.id == row.id)
        connection.execute(change.values(job=msgspec.msgpack.encode(bad)))
    async with served(create_app(engine)) as url, App(url, middleware=[Note()]) as remote:
        assert await outbox.relay(remote, database).deliver() == 6
        assert await outbox.relay(remote, database).deliver() == 0
    with database.begin() as connection:
        (row,) = connection.execute(sa.select(outbox.table))
    assert row.refused.startswith("task must be")
    numbers = [int(msgspec.json.decode(job.payload)["order"]) for job in await jobs_of(engine)]
    assert sorted(numbers) == [0, 1, 2, 4, 5, 6]
    assert {job.id for job in heard} == {job.id for job in await jobs_of(engine)} and len(heard) == 6


async def test_an_entry_that_cannot_be_read_holds_up_nobody(database: sa.Engine, testing: Testing) -> None:
    order(database, 1, 2)
    with database.begin() as connection:
        first = sa.select(sa.func.min(outbox.table.c.id)).scalar_subquery()
        connection.execute(outbox.table.update().where(outbox.table.c.id == first).values(job=b"another release's"))
    assert await outbox.relay(app, database).deliver() == 1
    with database.begin() as connection:
        (row,) = connection.execute(sa.select(outbox.table))
    assert row.refused.startswith("it cannot be read by this release")
    assert [bytes(job.result or b"") for job in await testing.drain()] == [b"2"]


async def test_relays_at_once_make_each_job_once(database: sa.Engine, testing: Testing) -> None:
    order(database, *range(BATCH + 50))
    await asyncio.gather(*(outbox.relay(app, database).deliver() for _ in range(4)))
    assert len(await testing.drain()) == BATCH + 50


async def test_async_engines_work_alike(tmp_path: Path, testing: Testing) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/orders.db")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(outbox.insert(send_receipt.using(tenant="acme").bind(7)))
    assert await outbox.relay(app, engine).deliver() == 1
    assert len(await testing.drain()) == 1
    await engine.dispose()


async def test_the_relay_goes_on_until_it_is_cancelled(database: sa.Engine, testing: Testing) -> None:
    relaying = asyncio.create_task(outbox.relay(app, database).run())
    try:
        for number in (1, 2):
            order(database, number)
            await eventually(lambda: answer(not entries(database)), "the outbox is empty")
    finally:
        relaying.cancel()
        await asyncio.wait([relaying])
    assert len(await testing.drain()) == 2


async def test_outages_of_the_store_are_waited_out(database: sa.Engine, caplog: pytest.LogCaptureFixture) -> None:
    order(database, 1)
    away = App("valkey://127.0.0.1:1")
    relaying = asyncio.create_task(outbox.relay(away, database).run())
    await eventually(lambda: answer("the outbox waits" in caplog.text), "the outage is noticed")
    assert not relaying.done()
    relaying.cancel()
    await asyncio.wait([relaying])
    assert entries(database) == [1]


def start_relay(store_url: str, folder: Path, dies: str) -> subprocess.Popen[bytes]:
    """A relay in a separate process."""
    command = [sys.executable, "-m", "tests.contrib.orders", store_url, f"{folder}/orders.db", dies]
    return subprocess.Popen(command, cwd=ROOT)


def relay_that_dies(store_url: str, folder: Path, where: str) -> int:
    """Its exit code."""
    return start_relay(store_url, folder, where).wait(30)


async def test_a_relay_killed_between_handing_over_and_removing_makes_no_second_job(
    database: sa.Engine, engine: Engine, store_url: str, tmp_path: Path
) -> None:
    order(database, *range(5))
    code = await asyncio.to_thread(relay_that_dies, store_url, tmp_path, "between")
    assert code == -signal.SIGKILL
    assert len(entries(database)) == 5
    first = await jobs_of(engine)
    assert len(first) == 5
    other = App(store_url)
    async with other:
        assert await outbox.relay(other, database).deliver() == 5
    assert entries(database) == []
    assert {job.id for job in await jobs_of(engine)} == {job.id for job in first}


async def test_relays_killed_after_each_batch_lose_and_double_nothing(
    database: sa.Engine, engine: Engine, store_url: str, tmp_path: Path
) -> None:
    order(database, *range(2 * BATCH))
    for where, left in (("after", BATCH), ("between", BATCH), ("after", 0)):
        assert await asyncio.to_thread(relay_that_dies, store_url, tmp_path, where) == -signal.SIGKILL
        assert len(entries(database)) == left
    jobs = await jobs_of(engine)
    assert len(jobs) == 2 * BATCH


async def test_relays_killed_at_random_while_orders_come_in(
    database: sa.Engine, engine: Engine, store_url: str, tmp_path: Path
) -> None:
    def take_orders() -> None:
        for number in range(200):
            order(database, number)

    ordering = asyncio.create_task(asyncio.to_thread(take_orders))
    kills = 0
    while not ordering.done() or kills < 3:
        before = (await engine.monitor.counters()).submitted
        relay = start_relay(store_url, tmp_path, "never")
        try:
            await eventually(partial(has_more_than, engine, before, ordering), "the relay works")
            await asyncio.sleep(random.random() / 20)
        finally:
            relay.kill()
            relay.wait()
        kills += 1
    await ordering
    other = App(store_url)
    async with other:
        await outbox.relay(other, database).deliver()
    assert entries(database) == []
    numbers = [int(msgspec.json.decode(job.payload)["order"]) for job in await jobs_of(engine)]
    assert sorted(numbers) == list(range(200))


async def has_more_than(engine: Engine, before: int, ordering: asyncio.Task[None]) -> bool:
    return (await engine.monitor.counters()).submitted > before or ordering.done()


async def test_middleware_adds_headers_in_the_transaction_and_hears_of_the_job(database: sa.Engine) -> None:
    heard: list[tuple[str, dict[str, str] | None]] = []

    class Note(Middleware):
        def headers(self, task: str, tenant: str) -> dict[str, str]:
            return {"for": f"{task} of {tenant}"}

        def submitted(self, job: NewJob) -> None:
            heard.append((job.task, job.headers))

    noting = App(middleware=[Note()])
    task = noting.task(name="note")(lambda: None)
    async with noting.testing() as testing:
        with database.begin() as connection:
            connection.execute(outbox.insert(task.using(tenant="acme").bind()))
        assert heard == []
        for _ in range(2):
            await outbox.relay(noting, database).deliver()
        assert heard == [("note", {"for": "note of acme"})]
        assert [job.headers for job in await testing.drain()] == [{"for": "note of acme"}]


def test_a_sync_engine_needs_no_greenlet() -> None:
    script = "import sys; sys.modules['greenlet'] = None; import fairlane.contrib.sqlalchemy"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
