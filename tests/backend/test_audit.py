"""The audit log: each change once, with its author, in one order; bounded, and written with the change."""

from __future__ import annotations

import getpass
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from fairlane.engine import Engine
from fairlane.model.audit import AuditEntry
from fairlane.model.bulk import BulkAction
from fairlane.model.errors import InvalidInput
from fairlane.model.queue_limits import QueueLimitsChange
from fairlane.model.schedule import ScheduleSpec
from fairlane.model.tenant import Fairness, PolicyChange, Rate
from fairlane.model.token import TokenKind, TokenSpec
from fairlane.process.author import set_author
from fairlane.store import Durability, open_store

from .world import WORKER, World, raw

NIGHTLY = ScheduleSpec(tenant_id="acme", name="nightly", cron="0 3 * * *", payload=raw({"secret": 1}))


async def logged(world: World, limit: int = 100) -> list[tuple[str, list[str], Any, Any]]:
    """Action, targets, and the values before and after, oldest first."""
    entries, _ = await world.backend.audit.list(limit)
    return [
        (entry.action, list(entry.targets), json.loads(bytes(entry.before)), json.loads(bytes(entry.after)))
        for entry in reversed(entries)
    ]


async def test_limits_queues_and_workers_are_logged_from_what_to_what(world: World) -> None:
    await world.backend.tenants.change("acme", PolicyChange(concurrency=3, submit_rate=Rate(5, 60.0)))
    await world.backend.tenants.change("acme", PolicyChange(concurrency=None))
    await world.backend.tenants.change("acme", PolicyChange(concurrency=None))
    await world.backend.tenants.change("acme", PolicyChange(keep_completed_seconds=60.0, keep_failed_max=7))
    await world.backend.tenants.reset("acme")
    for paused in (True, True, False):
        await world.backend.queues.pause("mail", paused)
    for concurrency in (2, 2, None):
        await world.backend.queues.change_limits("mail", QueueLimitsChange(concurrency=concurrency))
    await world.backend.leases.extend(WORKER, [], 30_000)
    await world.backend.workers.drain("w1")
    await world.backend.workers.drain("w1")
    unlimited = {"concurrency": None, "startRate": None}
    rate = {"limit": 5, "windowSeconds": 60.0}
    kept = {"keepCompletedSeconds": 60.0, "keepFailedMax": 7}
    unbounded = {"submitRate": rate, "concurrency": None}
    assert await logged(world) == [
        ("tenant.limits", ["acme"], {}, {"submitRate": rate, "concurrency": 3}),
        ("tenant.limits", ["acme"], {"submitRate": rate, "concurrency": 3}, unbounded),
        ("tenant.limits", ["acme"], unbounded, unbounded | kept),
        ("tenant.limits", ["acme"], unbounded | kept, {}),
        ("queue.pause", ["mail"], False, True),
        ("queue.pause", ["mail"], True, False),
        ("queue.limits", ["mail"], unlimited, unlimited | {"concurrency": 2}),
        ("queue.limits", ["mail"], unlimited | {"concurrency": 2}, unlimited),
        ("worker.drain", ["w1"], False, True),
    ]


async def test_changes_of_jobs_are_logged_by_the_state_before(world: World) -> None:
    await world.unlimit()
    dead = await world.fail_for_good()
    running, _ = await world.run()
    pending = [await world.submit() for _ in range(3)]
    scheduled = await world.submit(delay_ms=60_000)
    before = len(await logged(world))
    await world.backend.jobs.retry(dead)
    await world.backend.jobs.cancel(dead)
    await world.backend.jobs.cancel(dead)
    await world.backend.jobs.change(BulkAction.CANCEL, [running, *pending, scheduled, dead])
    found = (await logged(world))[before:]
    assert found[:2] == [
        ("job.retry", [dead], "failed", "pending"),
        ("job.cancel", [dead], "pending", "cancelled"),
    ]
    assert sorted(found[2:], key=lambda entry: str(entry[2])) == [
        ("job.cancel", pending, "pending", "cancelled"),
        ("job.cancel", [running], "running", "cancelling"),
        ("job.cancel", [scheduled], "scheduled", "cancelled"),
    ]
    deletable = await world.fail_for_good(queue="other")
    await world.backend.jobs.change(BulkAction.DELETE, [deletable])
    assert (await logged(world))[-1] == ("job.delete", [deletable], "failed", None)


async def test_schedules_are_logged_without_their_payload(world: World) -> None:
    await world.backend.schedules.put(NIGHTLY)
    await world.backend.schedules.put(NIGHTLY)
    await world.backend.schedules.put(msgspec.structs.replace(NIGHTLY, payload=raw({"secret": 2})), paused=True)
    await world.backend.schedules.pause("acme", "nightly", False)
    job_id = world.backend.jobs.new_id("acme")
    for _ in range(2):  # the second as after a lost reply
        await world.backend.schedules.run("acme", "nightly", job_id)
    await world.backend.schedules.delete("acme", "nightly")
    found = await logged(world)
    assert [(action, targets) for action, targets, _, _ in found] == [
        ("schedule.put", ["acme/nightly"]),
        ("schedule.put", ["acme/nightly"]),
        ("schedule.pause", ["acme/nightly"]),
        ("schedule.pause", ["acme/nightly"]),
        ("schedule.run", ["acme/nightly"]),
        ("schedule.delete", ["acme/nightly"]),
    ]
    assert found[0][2] is None
    assert found[0][3] == found[1][2] != found[1][3] == found[5][2]
    assert found[5][2]["cron"] == "0 3 * * *"
    assert found[5][2]["payload"].startswith("sha256:")
    assert [(before, after) for _, _, before, after in found[2:5]] == [
        (False, True), (True, False), (None, job_id),
    ]  # fmt: skip


async def test_tokens_are_logged_without_their_secrets(world: World) -> None:
    token, first = await world.backend.tokens.create(TokenSpec(name="app", kind=TokenKind.MONITOR))
    _, second = await world.backend.tokens.rotate("app", 60)
    await world.backend.tokens.revoke("app")
    found = await logged(world)
    assert [action for action, *_ in found] == ["token.create", "token.rotate", "token.revoke"]
    assert found[0][3] == json.loads(msgspec.json.encode(token)) == found[1][2]
    assert found[1][3] == found[2][2] != found[1][2]
    assert not any(secret in str(found) for secret in (first, second))


async def test_the_log_is_read_in_pages_newest_first(world: World) -> None:
    for number in range(7):
        await world.backend.tenants.change("acme", PolicyChange(concurrency=number + 1))
        await world.backend.jobs.cancel(await world.submit(tenant=f"t{number}"))
    everything, _ = await world.backend.audit.list(100)
    assert len(everything) == 14
    assert [entry.at for entry in everything] == sorted((entry.at for entry in everything), reverse=True)
    pages: list[AuditEntry] = []
    cursor: str | None = None
    while True:
        page, cursor = await world.backend.audit.list(4, cursor)
        pages += page
        if cursor is None:
            break
    assert pages == list(everything)
    for wrong in ("x", "1", "1-", "-1", "1-1-1", "1-x"):
        with pytest.raises(InvalidInput):
            await world.backend.audit.list(4, wrong)


@pytest.fixture
async def engine(store_url: str) -> AsyncIterator[Engine]:
    """An empty store of three partitions."""
    store = await open_store(store_url, Durability.MEMORY)
    await store.client.flushall()
    engine = await Engine.open(store, partitions=3)
    yield engine
    await store.client.flushall()
    await engine.close()


async def test_partitions_have_one_order_and_one_entry_for_a_change_of_all(engine: Engine) -> None:
    for number in range(12):
        await engine.tenants.change(f"t{number}", PolicyChange(concurrency=number + 1))
    await engine.queues.pause("mail", True)
    await engine.tenants.change_defaults(PolicyChange(concurrency=9))
    await engine.tenants.change_defaults(PolicyChange(concurrency=9))
    await engine.maintenance.set_fairness(Fairness.SECONDS)
    for _ in range(2):
        await engine.maintenance.set_idempotency(90_500)
    everything, _ = await engine.audit.list(100)
    targets = [list(entry.targets) for entry in reversed(everything)]
    assert targets == [*([f"t{number}"] for number in range(12)), ["mail"], [], [], []]
    idempotency, fairness, defaults = everything[:3]
    assert (bytes(idempotency.before), bytes(idempotency.after)) == (b"86400", b"90.5")
    assert (bytes(fairness.before), bytes(fairness.after)) == (b'"jobs"', b'"seconds"')
    assert (json.loads(bytes(defaults.before))["concurrency"], json.loads(bytes(defaults.after))["concurrency"]) == (
        5,
        9,
    )
    pages: list[AuditEntry] = []
    cursor: str | None = None
    while True:
        page, cursor = await engine.audit.list(3, cursor)
        pages += page
        if cursor is None:
            break
    assert pages == list(everything)


async def test_the_log_is_bounded_and_tenants_displace_no_change_of_limits(engine: Engine) -> None:
    (first, *_) = engine.partitions
    await engine.queues.pause("mail", True)
    entry = (await first.command("ZRANGE", "audit", 0, -1))[0]
    for log, kept in (("audit", 10_000), ("audit_work", 5_000)):
        filler = [part for at in range(1, kept + 1) for part in (at, entry + b"%d" % at)]
        await first.command("DEL", log)
        await first.command("ZADD", log, *filler)
    await engine.queues.pause("mail", False)
    assert await first.command("ZCARD", "audit") == 10_000
    assert await first.command("ZSCORE", "audit", entry + b"1") is None
    assert await first.command("ZCARD", "audit_work") == 5_000


async def test_the_actor_is_the_one_named_or_the_user_of_the_process(engine: Engine) -> None:
    await engine.queues.pause("mail", True)
    set_author("token:ops")
    await engine.queues.pause("mail", False)
    entries, _ = await engine.audit.list(10)
    assert [entry.author for entry in entries] == ["token:ops", f"user:{getpass.getuser()}"]
