"""Which functions can be tasks, and definitions that run again."""

from __future__ import annotations

import functools
import importlib
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fairlane import App, InvalidInput, State
from tests.support.app_world import World

if TYPE_CHECKING:
    from decimal import Decimal


def generator(count: int) -> Iterator[int]:
    yield from range(count)


async def async_generator() -> AsyncIterator[int]:
    yield 1


def generates() -> Any:
    yield 1


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


def variadic(*args: int) -> None:
    pass


class Plain:
    def method(self, n: int) -> int:
        return n

    @classmethod
    def of_class(cls) -> None:
        pass

    def bound(self, n: int) -> int:
        return 2 * n


def takes_plain(thing: Plain) -> None:
    pass


def takes_callback(call: Callable[[], None] | None) -> None:
    pass


def returns_plain() -> Plain:
    return Plain()


def returns_iterator() -> Iterator[int]:
    return iter(())


def returns_awaitable() -> Awaitable[int]:
    raise NotImplementedError


def syntax(n: "int[") -> None:  # type: ignore[valid-type] # noqa: F722
    pass


def attribute(n: sys.nothing) -> None:  # type: ignore[name-defined]
    pass


def for_type_checkers(price: Decimal) -> None:
    pass


def unsupported(value: "str | bytes") -> None:  # noqa: UP037
    pass


USE = "use plain types, a dataclass, a msgspec.Struct or a Pydantic model"
RETURN = "return plain values, a dataclass, a msgspec.Struct or a Pydantic model"
GENERATOR = "a generator cannot be a task, since its values have no end to wait for; return a list"


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (generator, GENERATOR),
        (async_generator, GENERATOR),
        (logged(generates), GENERATOR),
        (logged(logged(async_generator)), GENERATOR),
        (variadic, "a payload cannot be checked against *args or **kwargs; name the parameters"),
        (Plain, "a class cannot be a task; write a function that returns what the job results in"),
        (Plain.method, "a method cannot be a task, since no payload gives its object; write a function"),
        (
            Plain.__dict__["of_class"],
            "a class method cannot be a task, since no payload gives its class; write a function",
        ),
        (staticmethod(takes_plain), "write @staticmethod above @app.task, not below it"),
        (takes_plain, f"`thing` cannot be read from JSON as Plain; {USE}"),
        (takes_callback, f"`call` cannot be read from JSON as Callable; {USE}"),
        (returns_plain, f"a result of type Plain cannot be kept as JSON; {RETURN}"),
        (returns_iterator, f"a result of type Iterator cannot be kept as JSON; {RETURN}"),
        (returns_awaitable, f"a result of type Awaitable cannot be kept as JSON; {RETURN}"),
        (syntax, "the annotation of `n` cannot be used: SyntaxError: "),
        (attribute, "the annotation of `n` cannot be used: AttributeError: module 'sys' has no attribute 'nothing'"),
        (
            for_type_checkers,
            "the annotation of `price` names Decimal, which is imported under TYPE_CHECKING only; "
            "import it at run time",
        ),
        (unsupported, "the annotation of `value` cannot be used: TypeError: Type unions may not contain more than one"),
    ],
)
def test_what_cannot_be_a_task_is_refused_where_it_is_defined(function: Any, complaint: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        App().task(name="it")(function)
    text = str(refused.value)
    assert text.startswith(f"task it: {complaint}")
    assert "\n" not in text


def test_static_and_bound_methods_are_functions() -> None:
    app = App()

    class Reports:
        @staticmethod
        @app.task
        async def build(n: int) -> int:
            return n

    assert app.registry["build"] is Reports.build
    assert app.task(name="bound")(Plain().bound)(4) == 8


def result_for_type_checkers(item: int) -> Decimal:
    raise NotImplementedError


async def test_annotations_of_the_result_hurt_nobody(world: World) -> None:
    @world.app.task
    def price(item: int) -> Decimal:
        return item  # type: ignore[return-value]

    @world.app.task
    def broken(item: int) -> sys.nothing:  # type: ignore[name-defined]
        return item

    async with world.worker():
        assert await (await price.submit(3)).result(timeout=30) == 3
        assert await (await broken.submit(4)).result(timeout=30) == 4


async def test_one_bad_task_does_not_stop_the_others(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def bad(value: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
        pass

    bad_task = world.app.task(bad)

    @world.app.task
    def good(n: int) -> int:
        return n

    told = "task bad: the annotation of `value` names Nowhere, which is not defined"
    with pytest.raises(InvalidInput) as refused:
        await bad_task.submit(1)
    assert str(refused.value) == told
    with caplog.at_level(logging.ERROR, "fairlane.worker"):
        async with world.worker():
            assert await (await good.submit(3)).result(timeout=30) == 3
            failed = await world.finished(await world.submit_raw("bad", b"[1]"))
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == [told]
    assert failed.error is not None
    assert (failed.state, failed.error.message) == (State.FAILED, told)


async def test_a_class_below_its_task_is_found_when_it_is_needed(world: World) -> None:
    task = world.app.task(takes_later)
    async with world.worker():
        assert await (await task.submit(Later(3))).result(timeout=30) == 3


def takes_later(later: Later) -> int:
    return later.n


import dataclasses  # noqa: E402


@dataclasses.dataclass
class Later:
    n: int


APP = """
from fairlane import App
app = App(tenancy="default")
"""
TASKS = """
@app.task
def report(n: int) -> int:
    return n

app.cron("nightly", "0 3 * * *", report.bind(1))
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module of tasks, `defined_tasks`, whose app is in another module."""
    (tmp_path / "defined_app.py").write_text(APP)
    path = tmp_path / "defined_tasks.py"
    path.write_text("from defined_app import app\n" + TASKS)
    monkeypatch.syspath_prepend(tmp_path)
    yield path
    for name in "defined_app", "defined_tasks":
        sys.modules.pop(name, None)


def test_a_reloaded_module_replaces_its_tasks_and_schedules(module: Path) -> None:
    tasks = importlib.import_module("defined_tasks")
    first = tasks.report
    changed = "\n# moved down\n" + module.read_text().replace("return n", "return 2 * n").replace("0 3", "0 4")
    module.write_text(changed)
    importlib.reload(tasks)
    assert tasks.app.registry["report"] is tasks.report is not first
    assert tasks.report(2) == 4
    assert [spec.cron for spec in tasks.app.schedules] == ["0 4 * * *"]


def test_a_script_that_is_imported_too_defines_its_tasks_once(module: Path) -> None:
    module.write_text(module.read_text() + "\nimport defined_tasks\nprint(len(app.registry), len(app.schedules))\n")
    run = subprocess.run([sys.executable, module], check=False, capture_output=True, text=True, timeout=60)
    assert (run.stdout.splitlines()[-1:], run.stderr) == (["1 1"], "")


def test_a_notebooks_cell_may_run_again() -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate([APP, TASKS, TASKS.replace("return n", "return 2 * n")]):
        exec(compile(cell, f"ipykernel_1/{number}.py", "exec"), names)  # noqa: S102
    app = names["app"]
    assert app.registry["report"](3) == 6
    assert len(app.schedules) == 1


def test_another_module_cannot_take_the_name(module: Path) -> None:
    tasks = importlib.import_module("defined_tasks")

    def report() -> None:
        pass

    with pytest.raises(InvalidInput) as refused:
        tasks.app.task(report)
    here = f"{module.resolve()}:3"
    assert str(refused.value) == f"task report is defined already, at {here}; give one of them another name"
    with pytest.raises(InvalidInput, match=f"already, declared at {module.resolve()}:7; give one"):
        tasks.app.cron("nightly", "0 5 * * *", tasks.report.bind(2))
