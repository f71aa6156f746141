"""What Django's callers and receivers of signals see of a task: its arguments, times, errors and return value."""

from __future__ import annotations

import asyncio
import math
import sys
import uuid
from collections import UserDict, deque
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fairlane import InvalidInput
from fairlane.job.result import InvalidResult
from fairlane.model.job import NewJob
from fairlane.testing import Testing

from .django_jobs import drain, hearing, tasks

pytestmark = pytest.mark.usefixtures("shop")


def read(task: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """The result as `enqueue` returned it, and as it is read afterwards."""
    result = task.enqueue(*args, **kwargs)
    return result, task.get_result(result.id)


def test_arguments_are_those_of_the_result(testing: Testing) -> None:
    from django.http import QueryDict
    from django.utils.safestring import mark_safe

    args = [
        b"caf\xc3\xa9",
        QueryDict("a=1&a=2"),
        mark_safe("<b>"),
        UserDict(b=1),
        deque([1, (2, 3)]),
        range(2),
        {1: "one"},
    ]
    plain = ["café", {"a": "2"}, "<b>", {"b": 1}, [1, [2, 3]], [0, 1], {"1": "one"}]
    result, before = read(tasks().echo, *args, more=mark_safe("x"))
    drain(testing)
    after = tasks().echo.get_result(result.id)
    for each in result, before, after:
        assert (each.args, each.kwargs) == (plain, {"more": "x"})
        assert each.enqueued_at == result.enqueued_at
    assert after.return_value == [*plain, "x"]


@pytest.mark.parametrize("value", [uuid.uuid4(), date(2027, 1, 2), Decimal("1.5"), {1, 2}, b"\xff", math.nan, object()])
def test_no_job_is_queued_where_enqueue_raises(testing: Testing, value: Any) -> None:
    with pytest.raises((TypeError, ValueError, InvalidInput)):
        tasks().echo.enqueue(value)
    with pytest.raises((TypeError, ValueError, InvalidInput)):
        asyncio.run(tasks().echo.aenqueue(value))
    assert drain(testing) == []


def test_a_receiver_of_task_enqueued_that_fails_does_not_make_enqueue_raise(testing: Testing) -> None:
    from fairlane.contrib.django.compat import task_enqueued
    from fairlane.contrib.django.models import OutboxEntry

    counted = []

    def count_and_fail(**_: Any) -> None:
        counted.append(OutboxEntry.objects.count())
        raise RuntimeError("no ink")

    async def enqueue() -> None:
        async with the_app():
            await tasks().add.aenqueue(1)

    with hearing(count_and_fail, task_enqueued):
        tasks().add.enqueue(1)
        asyncio.run(enqueue())
    assert counted == [0, 0]
    assert len(drain(testing)) == 2


def the_app() -> Any:
    from fairlane.contrib.django.worker import app

    return app


def test_receivers_of_task_finished_see_the_whole_result(testing: Testing) -> None:
    from fairlane.contrib.django.compat import task_finished

    heard: dict[str, list[Any]] = {}

    def hear(task_result: Any, **_: Any) -> None:
        heard.setdefault(task_result.id, []).append(task_result)

    with hearing(hear, task_finished):
        results = tasks().add.enqueue(1), tasks().greet.enqueue("Ada"), tasks().fail_oddly.enqueue()
        drain(testing)
        asyncio.run(testing.travel("1m"))
        drain(testing)
    added, greeted, failed = (heard[result.id] for result in results)
    assert [each.return_value for each in added + greeted] == [11, "hello Ada"]
    for seen, result in zip((added[0], greeted[0], failed[0]), results, strict=True):
        assert seen.enqueued_at == result.enqueued_at <= seen.started_at <= seen.finished_at
    first, second = failed
    assert [error.exception_class for error in first.errors] == [tasks().ValueError]
    assert [error.exception_class for error in second.errors] == [tasks().ValueError] * 2
    assert (first.started_at, first.attempts, second.attempts) == (second.started_at, 1, 2)
    assert second.last_attempted_at > second.started_at
    results[2].refresh()
    assert [error.exception_class for error in results[2].errors] == [tasks().ValueError] * 2


@pytest.mark.parametrize(
    ("name", "kind"), [("return_set", TypeError), ("return_nan", InvalidResult), ("return_set_async", TypeError)]
)
def test_a_result_that_cannot_be_kept_is_never_told_successful(testing: Testing, name: str, kind: type) -> None:
    from fairlane.contrib.django.compat import task_finished

    heard = []

    def hear(task_result: Any, **_: Any) -> None:
        heard.append((task_result.status, task_result.errors[0].exception_class))

    with hearing(hear, task_finished):
        result = getattr(tasks(), name).enqueue()
        (job,) = drain(testing)
    assert heard == [("FAILED", kind)]
    assert (job.state, job.attempt) == ("failed", 1)
    result.refresh()
    assert (result.status, result.errors[0].exception_class) == ("FAILED", kind)


def test_a_job_never_decides_what_is_imported(
    testing: Testing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fairlane.contrib.django.compat import TaskResultDoesNotExist

    (tmp_path / "evil_module.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    backend = tasks().add.get_backend()
    for name in (
        "evil_module.task",
        "os.getcwd",
        "tests.contrib.shop.tasks.nothing",
        "no_module",
        "django.conf.settings",
    ):
        job_id = asyncio.run(submit_raw(name))
        with pytest.raises(TaskResultDoesNotExist, match="is of no task of Django"):
            backend.get_result(job_id)
    assert "evil_module" not in sys.modules


async def submit_raw(task: str) -> str:
    async with the_app() as app:
        backend = await app.connect()
        job = NewJob(
            id=backend.jobs.new_id("default"), tenant_id="default", task=task, payload=b'{"args":[],"kwargs":{}}'
        )
        await backend.jobs.submit([job])
        return job.id
