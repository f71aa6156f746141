"""Tasks are registered by name, checked where they are defined, and stay plain functions."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fairlane import App, InvalidInput, Retry, RetryAfter, Snooze, Task, current


def test_a_task_is_registered_by_its_name_and_still_a_function() -> None:
    app = App()

    @app.task
    async def add(a: int, b: int) -> int:
        return a + b

    @app.task(name="math.double", queue="numbers", retry=Retry(5, base="5s", cap="10m"), timeout="5m")
    def double(a: int) -> int:
        return 2 * a

    assert dict(app.registry) == {"add": add, "math.double": double}
    assert (add.is_async, double.is_async) == (True, False)
    assert asyncio.run(add(1, 2)) == 3
    assert double(4) == 8
    assert (double.options.queue, double.options.timeout_ms) == ("numbers", 300_000)
    assert (double.options.retry.max_attempts, double.options.retry.backoff.base_ms) == (5, 5_000)


def test_a_name_is_given_once() -> None:
    app = App()

    def work() -> None:
        pass

    def other() -> None:
        pass

    app.task(work)
    with pytest.raises(InvalidInput) as refused:
        app.task(name="work")(other)
    here = f"{Path(__file__).resolve()}:{work.__code__.co_firstlineno}"
    assert str(refused.value) == f"task work is defined already, at {here}; give one of them another name"
    assert app.registry["work"].function is work


named = partial(len)
named.__name__ = "named"  # type: ignore[attr-defined]


@pytest.mark.parametrize("thing", [partial(len), named, "add", 7, App().task(len)], ids=repr)
def test_a_task_is_made_of_a_function(thing: Any) -> None:
    with pytest.raises(InvalidInput, match=r"made of a function, not of .*write a `def`"):
        App().task(thing)
    with pytest.raises(InvalidInput, match="made of a function"):
        App().task(name="work")(thing)


@pytest.mark.parametrize(
    "options",
    [{"queue": "no spaces"}, {"timeout": "never"}, {"timeout": "25h"}, {"timeout": 0}, {"name": "a/b"}],
)
def test_bad_task_options_are_refused_where_the_task_is_defined(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        App().task(**options)(lambda: None)


@pytest.mark.parametrize(
    "options",
    [
        {"tenant": "a b"},
        {"priority": 10},
        {"delay": "soon"},
        {"delay": "367d"},
        {"delay": "1s", "run_at": datetime.now(UTC)},
        {"run_at": datetime(2027, 1, 1)},
        {"key": "has space"},
        {"idempotency_key": ""},
        {"max_attempts": 0},
        {"max_attempts": 101},
        {"queue": "*"},
        {"headers": {"a": "x" * 9_000}},
        {"headers": {"a": "\x01" * 2_000}},
        {"headers": {"a": 1}},
        {"headers": {"a": "\ud800"}},
        {"priority": 1.5},
        {"priority": True},
        {"max_attempts": 2.5},
    ],
)
def test_bad_submit_options_are_refused(options: dict[str, Any]) -> None:
    @App(tenancy="default").task
    def work() -> None:
        pass

    with pytest.raises(InvalidInput):
        work.using(**options)


@pytest.mark.parametrize(
    ("is_async", "asked", "executor"),
    [(True, None, "async"), (True, "async", "async"), (False, None, "thread"), (False, "process", "process")],
)
def test_a_task_runs_where_its_function_can(is_async: bool, asked: Any, executor: str) -> None:
    assert _task_on(is_async, asked).executor == executor


@pytest.mark.parametrize(
    ("is_async", "asked", "advice"),
    [(True, "thread", "leave out executor"), (True, "process", "async function"), (False, "async", "async def"),
     (False, "fiber", "one of async, thread, process")],
)  # fmt: skip
def test_an_executor_that_cannot_run_the_function_is_refused(is_async: bool, asked: Any, advice: str) -> None:
    with pytest.raises(InvalidInput, match=advice):
        _task_on(is_async, asked)


def _task_on(is_async: bool, executor: Any) -> Task[..., None]:
    return App().task(executor=executor)(on_the_loop if is_async else off_the_loop)


async def on_the_loop() -> None:
    pass


def off_the_loop() -> None:
    pass


@pytest.mark.parametrize("make", [lambda: Retry(0), lambda: Retry(base="2s", cap="1s"), lambda: Snooze("400d")])
def test_retries_out_of_range_are_refused(make: Any) -> None:
    with pytest.raises(InvalidInput):
        make()


def test_delays_are_read_as_people_write_them() -> None:
    assert RetryAfter("30s").delay_ms == 30_000
    assert Snooze(1.5).delay_ms == 1_500


def test_the_url_comes_from_the_caller_then_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAIRLANE_URL", raising=False)
    assert App().url == "embedded:.fairlane"
    monkeypatch.setenv("FAIRLANE_URL", "valkey://store")
    assert App().url == "valkey://store"
    assert App("embedded:x").url == "embedded:x"


def test_current_is_for_jobs_only() -> None:
    with pytest.raises(LookupError, match="outside of a running job"):
        current()
