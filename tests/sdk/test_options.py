"""The options of jobs: subclasses of str and int pass as the plain value, and other types are refused."""

from __future__ import annotations

import asyncio
import enum
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from fairlane import App, InvalidInput, current
from tests.support.app_world import World


class Text(str):
    """As Django's SafeString: even its `str()` is one."""

    def __str__(self) -> str:
        return self


class Whole(int):
    pass


class Level(enum.IntEnum):
    HIGH = 9


async def test_options_of_subclasses_are_stored_as_plain_values(world: World) -> None:
    app = App(world.url)

    @app.task(name=Text("work"))
    async def work() -> None:
        await current().progress(Whole(1), Whole(2), Text("half way"))

    options: dict[str, Any] = {
        "queue": Text("mail"),
        "key": Text("k"),
        "priority": Level.HIGH,
        "max_attempts": Whole(2),
        "idempotency_key": Text("once"),
        "headers": {Text("from"): Text("web")},
        "delay": Decimal("0.01"),
    }
    with app.tenant(Text("acme")):
        handle = await work.using(**options).submit()
    app.cron(Text("nightly"), Text("0 3 * * *"), work.bind(), tenant=Text("acme"), tz=Text("Europe/Paris"))
    schedule = await world.engine.schedules.put(app.schedules[0])
    async with world.worker(app=app):
        await handle.result(timeout=20)
    job = await handle.refresh()
    assert (job.tenant_id, job.task, job.queue, job.key, job.priority) == ("acme", "work", "mail", "k", 9)
    assert (job.max_attempts, job.headers) == (2, {"from": "web"})
    assert job.progress is not None and job.progress.message == "half way"
    assert (schedule.name, schedule.timezone) == ("nightly", "Europe/Paris")
    await app.close()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"tenant": 5}, "tenant must be text, not 5"),
        ({"key": 5}, "key must be text, not 5"),
        ({"queue": b"mail"}, "queue must be text, not b'mail'"),
        ({"idempotency_key": 5}, "idempotency_key must be text, not 5"),
        ({"tags": "import"}, "tags must be a list of texts, not the text 'import'"),
        ({"tags": ["a", "a"]}, "a job can have each tag once"),
        ({"headers": {"a": 1}}, "header a must be text, not 1"),
        ({"headers": {1: "a"}}, "the name of a header must be text, not 1"),
        ({"priority": 1.0}, "priority must be a whole number, 0 to 9"),
        ({"delay": []}, 'delay must be text such as "30s", a number of seconds or a timedelta, not []'),
        ({"run_at": "tomorrow"}, "run_at must be a datetime, not 'tomorrow'"),
    ],
)
def test_options_of_other_types_are_refused(options: dict[str, Any], complaint: str) -> None:
    task = App().task(nothing)
    with pytest.raises(InvalidInput) as refused:
        task.using(**options)
    assert refused.value.detail == complaint


def nothing() -> None:
    pass


@pytest.mark.parametrize("delay", [1, 1.0, Whole(1), Decimal(1), "1s", Text("1s"), timedelta(seconds=1)])
async def test_a_delay_may_be_any_kind_of_number(world: World, delay: Any) -> None:
    job = await world.app.task(nothing).using(delay=delay).submit()
    shown = await job.refresh()
    assert shown.run_at is not None
    assert timedelta(seconds=0.9) < shown.run_at - shown.created_at < timedelta(seconds=1.1)
    assert shown.run_at < datetime.now(UTC) + timedelta(seconds=2)


async def test_progress_refuses_a_message_that_is_not_text(world: World) -> None:
    @world.app.task
    async def work() -> str:
        with pytest.raises(InvalidInput) as refused:
            current().progress(1, message=5)  # type: ignore[arg-type]
        return refused.value.detail

    async with world.worker():
        assert await (await work.submit()).result(timeout=30) == ("the message of progress must be text, not 5")


async def test_a_burst_of_debounced_calls_makes_one_job(world: World) -> None:
    app = App(world.url)

    @app.task
    async def index(page: int) -> int:
        return page

    later = index.using(tenant="acme", key="site", on_conflict="debounce", delay="200ms", max_delay="10s")
    handles = await asyncio.gather(*(later.submit(page) for page in range(50)))
    assert len({handle.id for handle in handles}) == 1
    async with world.worker(app=app):
        assert await handles[0].result(timeout=20) == 49
    with pytest.raises(InvalidInput, match="on_conflict must be one of return, replace, debounce, not 'merge'"):
        index.using(key="site", on_conflict="merge")  # type: ignore[arg-type]
    await app.close()
