"""Django's tasks on fairlane: `django.tasks` from Django 6 on, the package django-tasks before."""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from fairlane import JobFailed
from fairlane.testing import Testing

from .django_jobs import drain, hearing, tasks

pytestmark = pytest.mark.usefixtures("shop")


def test_a_task_is_enqueued_and_its_result_read(testing: Testing) -> None:
    result = tasks().add.enqueue(1, second=2)
    assert (result.status, result.args, result.kwargs, result.is_finished) == ("READY", [1], {"second": 2}, False)
    assert result.enqueued_at is not None
    (job,) = drain(testing)
    assert (job.id, job.task, job.tenant_id, job.queue) == (
        result.id, "tests.contrib.shop.tasks.add", "default", "default",
    )  # fmt: skip
    result.refresh()
    assert (result.status, result.return_value, result.attempts) == ("SUCCESSFUL", 3, 1)
    assert result.enqueued_at <= result.started_at <= result.finished_at
    assert tasks().add.get_result(result.id).return_value == 3


async def test_async_tasks_on_an_event_loop(shop: None) -> None:
    from fairlane.contrib.django.worker import app

    async with app.testing() as testing:
        result = await tasks().greet.aenqueue("Ada")
        (job,) = await testing.drain()
        assert (job.queue, job.priority) == ("mail", 9)
        await result.arefresh()
        assert result.return_value == "hello Ada"


def test_a_task_that_fails_is_retried_and_its_errors_are_kept(testing: Testing) -> None:
    result = tasks().fail.enqueue("no paper")
    drain(testing)
    result.refresh()
    assert (result.status, result.attempts) == ("READY", 1)
    asyncio.run(testing.travel("1m"))
    drain(testing)
    result.refresh()
    assert (result.status, result.attempts) == ("FAILED", 2)
    assert [error.exception_class for error in result.errors] == [ValueError, ValueError]
    assert "no paper" in result.errors[0].traceback


def test_run_after_is_kept(testing: Testing) -> None:
    tasks().add.using(run_after=testing.now + timedelta(hours=1)).enqueue(1)
    assert drain(testing) == []
    asyncio.run(testing.travel("1h"))
    assert len(drain(testing)) == 1


@pytest.mark.parametrize(("theirs", "ours"), [(-100, 0), (0, 4), (100, 9)])
def test_priorities_are_mapped_in_order(testing: Testing, theirs: int, ours: int) -> None:
    tasks().add.using(priority=theirs).enqueue(1)
    assert [job.priority for job in drain(testing)] == [ours]


def test_a_task_may_take_its_context(testing: Testing) -> None:
    result = tasks().tell.enqueue("word")
    drain(testing)
    result.refresh()
    assert result.return_value == ["word", result.id, 1]


def test_tasks_use_the_database(testing: Testing) -> None:
    result = tasks().count_entries.enqueue()
    drain(testing)
    result.refresh()
    assert result.return_value == 0


def test_the_tenant_around_the_call_owns_the_job(testing: Testing) -> None:
    from fairlane.contrib.django.worker import app

    with app.tenant("acme"):
        tasks().add.enqueue(1)
    assert [job.tenant_id for job in drain(testing)] == ["acme"]


def test_signals_are_sent(testing: Testing) -> None:
    from fairlane.contrib.django.compat import task_enqueued, task_finished, task_started

    heard = []

    def hear(signal: Any, task_result: Any, **_: Any) -> None:
        heard.append((signal, task_result.status, task_result.id))

    with hearing(hear, task_enqueued, task_started, task_finished):
        result = tasks().add.enqueue(1)
        drain(testing)
    assert heard == [
        (task_enqueued, "READY", result.id),
        (task_started, "RUNNING", result.id),
        (task_finished, "SUCCESSFUL", result.id),
    ]


async def test_each_async_job_has_its_own_connection_and_waits_for_no_other_query(shop: None) -> None:
    from fairlane.contrib.django.worker import app

    async with app.testing() as testing:
        results = [await tasks().keep_a_table.aenqueue(number) for number in range(3)]
        meeting = [await tasks().meet_in_the_database.aenqueue() for _ in range(2)]
        assert [job.error for job in await testing.drain()] == [None] * 5
        for number, result in enumerate(results):
            await result.arefresh()
            assert result.return_value == [number]
        for result in meeting:
            await result.arefresh()
            assert result.return_value is True


@pytest.mark.parametrize("ending", ["return", "raise"])
async def test_the_connection_of_an_async_job_is_closed_with_it(shop: None, ending: str) -> None:
    from fairlane.contrib.django.worker import app

    async with app.testing() as testing:
        await tasks().note_connection.aenqueue(ending)
        await testing.drain()
    assert [wrapper.connection for wrapper in tasks().connections_of_jobs] == [None]
    tasks().connections_of_jobs.clear()


def test_receivers_of_signals_use_the_database(testing: Testing) -> None:
    from fairlane.contrib.django.compat import task_finished, task_started
    from fairlane.contrib.django.models import OutboxEntry

    counted = []

    def count(task_result: Any, **_: Any) -> None:
        counted.append((task_result.status, OutboxEntry.objects.count()))

    with hearing(count, task_started, task_finished):
        for task in tasks().greet, tasks().add:
            task.enqueue(1)
        drain(testing)
    assert sorted(counted) == [("RUNNING", 0), ("RUNNING", 0), ("SUCCESSFUL", 0), ("SUCCESSFUL", 0)]


@pytest.mark.parametrize("name", ["task_started", "task_finished"])
async def test_connections_of_receivers_that_fail_are_closed(shop: None, name: str) -> None:
    from django.db import connections

    from fairlane.contrib.django import compat
    from fairlane.contrib.django.worker import app

    used = []

    def query_and_fail(**_: Any) -> None:
        connections["default"].ensure_connection()
        used.append(connections["default"])
        raise RuntimeError("no ink")

    async with app.testing() as testing:
        with hearing(query_and_fail, getattr(compat, name)):
            await tasks().greet.aenqueue("Ada")
            (job,) = await testing.drain()
        assert job.state == ("scheduled" if name == "task_started" else "completed")
        assert [wrapper.connection for wrapper in used] == [None]


def test_no_task_is_repeated_since_a_receiver_of_its_end_fails(
    testing: Testing, caplog: pytest.LogCaptureFixture
) -> None:
    from fairlane.contrib.django.compat import task_finished

    def spill(**_: Any) -> None:
        raise RuntimeError("no ink")

    with hearing(spill, task_finished):
        tasks().greet.enqueue("Ada")
        tasks().add.enqueue(1)
        assert [job.state for job in drain(testing)] == ["completed", "completed"]
        tasks().fail.enqueue("no paper")
        (job,) = drain(testing)
    assert job.error is not None and job.error.message == "no paper"
    assert caplog.text.count("RuntimeError: no ink") == 3


def test_results_that_are_not_there_do_not_exist(testing: Testing) -> None:
    from fairlane.contrib.django.compat import TaskResultDoesNotExist

    with pytest.raises(TaskResultDoesNotExist):
        tasks().add.get_result("0" * 26)
    with pytest.raises(TaskResultDoesNotExist):
        tasks().add.get_result("no id at all")


def test_an_unknown_option_is_named() -> None:
    from django.core.exceptions import ImproperlyConfigured

    from fairlane.contrib.django.backend import FairlaneBackend

    with pytest.raises(ImproperlyConfigured, match="there is no option 'retries', only max_attempts, timeout"):
        FairlaneBackend("default", {"OPTIONS": {"retries": 3}})


def test_bad_options_are_refused_with_the_settings() -> None:
    from django.core.exceptions import ImproperlyConfigured

    from fairlane.contrib.django.backend import FairlaneBackend

    for options in {"max_attempts": 0}, {"timeout": "25h"}:
        with pytest.raises(ImproperlyConfigured, match=r"TASKS\['slow'\]: (max_attempts|timeout) must be"):
            FairlaneBackend("slow", {"OPTIONS": options})


def test_the_options_of_the_backend_that_enqueues_count(testing: Testing) -> None:
    for alias in "critical", "default", "critical":
        tasks().add.using(backend=alias).enqueue(1)
    assert [(job.max_attempts, job.timeout_seconds) for job in drain(testing)] == [
        (10, 3600.0), (2, 60.0), (10, 3600.0),
    ]  # fmt: skip


def test_the_job_is_a_job_like_any_other(testing: Testing) -> None:
    from fairlane.contrib.django.worker import app

    async def failure(job_id: str) -> None:
        async with app:
            from fairlane import JobHandle

            with pytest.raises(JobFailed, match="no paper"):
                await JobHandle(job_id, app.connect).result(timeout=30)

    result = tasks().fail.enqueue("no paper")
    for _ in range(2):
        drain(testing)
        asyncio.run(testing.travel("1m"))
    asyncio.run(failure(result.id))


def test_threads_that_ask_for_a_task_at_once_get_the_same(shop: None) -> None:
    from fairlane.contrib.django.running import task_for

    def met(number: int) -> set[int]:
        def work() -> None: ...

        work.__qualname__ = f"work_{number}"
        task = tasks().task(work)
        together = threading.Barrier(8)

        def ask(_: int) -> int:
            together.wait()
            return id(task_for(task))

        return set(pool.map(ask, range(8)))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert all(len(met(number)) == 1 for number in range(50))
    finally:
        sys.setswitchinterval(interval)
