"""Jobs submitted within transactions of Django."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async

from fairlane import App, InvalidInput
from fairlane.engine import Engine
from fairlane.testing import Testing
from tests.support.app_world import eventually

pytestmark = pytest.mark.usefixtures("shop")

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def testing(shop: None) -> AsyncIterator[Testing]:
    async with shop_app().testing() as testing:
        yield testing


def shop_app() -> App:
    from tests.contrib.shop.tasks import app

    return app


def entries() -> int:
    from fairlane.contrib.django.models import OutboxEntry

    return int(OutboxEntry.objects.count())


def order(*numbers: int, fail: bool = False) -> None:
    """Submit receipts in one transaction, which fails at its end if it is to."""
    from django.db import transaction

    from fairlane.contrib.django import outbox
    from tests.contrib.shop.tasks import send_receipt

    with transaction.atomic():
        for number in numbers:
            outbox.submit(send_receipt.using(tenant="acme").bind(number))
        if fail:
            raise ZeroDivisionError


async def deliver() -> int:
    from fairlane.contrib.django import outbox

    return await outbox.relay(shop_app()).deliver()


async def test_what_commits_is_submitted_in_order(testing: Testing) -> None:
    await sync_to_async(order)(*range(150))
    assert await testing.drain() == []
    assert await deliver() == 150
    assert await sync_to_async(entries)() == 0
    assert [int(bytes(job.result or b"")) for job in await testing.drain()] == list(range(150))
    assert await deliver() == 0


async def test_what_is_rolled_back_was_never_there(testing: Testing) -> None:
    with pytest.raises(ZeroDivisionError):
        await sync_to_async(order)(1, fail=True)
    assert await deliver() == 0
    assert await testing.drain() == []


async def test_a_refused_entry_stays_with_its_reason(testing: Testing) -> None:
    from fairlane.contrib.django import outbox
    from fairlane.contrib.django.models import OutboxEntry
    from tests.contrib.shop.tasks import send_receipt

    def clash() -> None:
        for number in (1, 2):
            outbox.submit(send_receipt.using(tenant="acme", idempotency_key="same").bind(number))

    await sync_to_async(clash)()
    assert await deliver() == 1
    assert await deliver() == 0
    row = await OutboxEntry.objects.aget()
    assert row.refused == "the idempotency key was used before with another request"


def test_a_bad_call_is_refused_at_once() -> None:
    from fairlane.contrib.django import outbox
    from tests.contrib.shop.tasks import send_receipt

    with pytest.raises(InvalidInput, match="name the tenant"):
        outbox.submit(send_receipt.bind(1))


def manage(*arguments: str, store: str) -> subprocess.Popen[str]:
    environment = os.environ | {"FAIRLANE_URL": store, "FAIRLANE_DURABILITY": "memory"}
    command = [sys.executable, "-m", "django", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


async def test_the_command_survives_kills_and_stops_when_told_to(engine: Engine, store_url: str) -> None:
    await sync_to_async(order)(*range(250))

    async def is_begun() -> bool:
        return (await engine.monitor.counters()).submitted > 0

    async def is_empty() -> bool:
        return not await sync_to_async(entries)()

    for _ in range(2):
        killed = manage("fairlane_relay", "tests.contrib.shop.tasks.app", store=store_url)
        try:
            await eventually(is_begun, "a batch is handed over")
        finally:
            killed.kill()
            killed.communicate()
    relay = manage("fairlane_relay", "tests.contrib.shop.tasks.app", store=store_url)
    assert relay.stdout is not None
    try:
        assert "relays the outbox" in await asyncio.to_thread(relay.stdout.readline)
        await eventually(is_empty, "the outbox is empty")
    finally:
        relay.send_signal(signal.SIGINT)
        _, said = await asyncio.to_thread(relay.communicate, None, 60)
    assert (relay.returncode, said) == (0, "")
    assert (await engine.monitor.counters()).submitted == 250


def test_the_command_says_what_is_wrong_with_its_app(store_url: str) -> None:
    wrong = manage("fairlane_relay", "tests.contrib.shop.tasks.add", store=store_url)
    _, said = wrong.communicate(timeout=60)
    assert wrong.returncode == 1
    assert "tests.contrib.shop.tasks.add is not a fairlane App but a Task" in said


def test_the_migration_is_what_the_model_says() -> None:
    from django.core.management import call_command

    call_command("makemigrations", "fairlane", check=True, dry_run=True, verbosity=0)


async def test_the_backlog_is_told(testing: Testing) -> None:
    from django.utils import timezone

    from fairlane.contrib.django import outbox
    from fairlane.contrib.django.models import OutboxEntry
    from fairlane.contrib.outbox import Backlog

    def grow_old() -> None:
        order(1, 2, 3)
        OutboxEntry.objects.update(created_at=timezone.now() - timedelta(hours=1))
        OutboxEntry.objects.filter(id=OutboxEntry.objects.latest("id").id).update(refused="no")

    relay = outbox.relay(shop_app())
    assert await relay.backlog() == Backlog(0, None, 0)
    await sync_to_async(grow_old)()
    backlog = await relay.backlog()
    assert (backlog.waiting, backlog.refused) == (2, 1)
    assert backlog.oldest_seconds is not None and 3_600 <= backlog.oldest_seconds < 3_660
