"""What a job logs is kept with it, wherever it runs, and what others log meanwhile is not."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fairlane import Retry, State, current
from fairlane.model.logs import MAX_LOG_LINES, JobLog
from tests.support import process_tasks
from tests.support.app_world import PATIENCE_SECONDS, World, eventually, json_of

from .test_orders import reached

log = logging.getLogger("shop.orders")


@pytest.fixture(autouse=True)
def _info() -> Iterator[None]:
    before = logging.getLogger().level
    logging.getLogger().setLevel(logging.INFO)
    yield
    logging.getLogger().setLevel(before)


def texts(found: JobLog) -> list[tuple[int, str, str]]:
    return [(line.attempt, line.level, line.message) for line in found.lines]


@pytest.mark.parametrize("way", ["store", "http"])
@pytest.mark.parametrize("is_async", [True, False])
async def test_each_job_has_its_own_lines(world: World, way: str, is_async: bool) -> None:
    both = threading.Barrier(2)

    async def on_loop(name: str) -> None:
        log.info("%s begins", name)
        await asyncio.sleep(0.05)
        await asyncio.to_thread(log.warning, "%s ends", name)

    def in_thread(name: str) -> None:
        log.info("%s begins", name)
        both.wait(PATIENCE_SECONDS)
        log.debug("too little to be kept")
        log.warning("%s ends", name)

    task = world.app.task(name="work")(on_loop if is_async else in_thread)
    async with reached(world, way), world.worker():
        log.info("of no job")
        handles = [await task.submit(name) for name in ("one", "two")]
        for handle, name in zip(handles, ("one", "two"), strict=True):
            await world.finished(handle.id)
            found = await world.engine.jobs.log(handle.id)
            assert texts(found) == [(1, "info", f"{name} begins"), (1, "warning", f"{name} ends")]
            assert {line.logger for line in found.lines} == {"shop.orders"}
            assert not found.truncated


async def test_lines_and_exceptions_of_every_attempt_are_kept(world: World) -> None:
    @world.app.task(retry=Retry(2, base="1ms"))
    async def work() -> None:
        try:
            raise ValueError("no\nsuch")
        except ValueError:
            log.exception("it failed")
            raise

    async with world.worker():
        handle = await work.submit()
        assert (await world.finished(handle.id)).state is State.FAILED
    found = await world.engine.jobs.log(handle.id)
    assert [line.attempt for line in found.lines] == [1, 2]
    assert found.lines[0].message.startswith("it failed\nTraceback")
    assert found.lines[0].message.endswith("ValueError: no\nsuch")


async def test_lines_are_bounded_and_the_last_ones_kept(world: World) -> None:
    @world.app.task
    async def work() -> None:
        for number in range(1000):
            log.info("line %d %s", number, "\ud800" + "x" * 5000 if number == 999 else "")

    async with world.worker():
        handle = await work.submit()
        await world.finished(handle.id)
    found = await world.engine.jobs.log(handle.id)
    assert found.truncated
    assert 100 < len(found.lines) <= MAX_LOG_LINES
    assert found.lines[-2].message == "line 998 "
    assert len(found.lines[-1].message) == 1024


@pytest.mark.parametrize("executor", ["async", "process"])
async def test_lines_show_while_the_job_runs(world: World, executor: str, tmp_path: Path) -> None:
    may_end, goes_on_with = asyncio.Event(), tmp_path / "may-end"

    @world.app.task
    async def on_loop() -> None:
        log.info("working")
        await may_end.wait()

    app = world.app if executor == "async" else process_tasks.app
    async with world.worker(app=app):
        if executor == "async":
            job_id = (await on_loop.submit()).id
        else:
            job_id = await world.submit_raw("chat", msgspec.json.encode([str(goes_on_with)]))

        async def look() -> JobLog | None:
            found = await world.engine.jobs.log(job_id)
            return found if found.lines else None

        found = await eventually(look, "the line shows")
        assert found is not None
        assert (await world.engine.jobs.get(job_id)).state is State.RUNNING
        assert texts(found) == [(1, "info", "working")]
        may_end.set()
        goes_on_with.touch()
        await world.finished(job_id)
        assert texts(await world.engine.jobs.log(job_id))[:1] == [(1, "info", "working")]


async def test_the_last_lines_of_a_process_and_its_last_progress_are_kept(world: World) -> None:
    async with world.worker(app=process_tasks.app):
        job_id = await world.submit_raw("chat", b'["/"]')
        job = await world.finished(job_id)
    assert texts(await world.engine.jobs.log(job_id)) == [(1, "info", "working"), (1, "error", "done")]
    assert job.progress is not None and job.progress.current == 1


async def test_the_last_progress_is_always_kept(world: World) -> None:
    @world.app.task
    async def work() -> None:
        for step in range(1, 4):
            await current().progress(step, 3)

    async with world.worker():
        job = await world.finished((await work.submit()).id)
    assert job.progress is not None and job.progress.current == 3


async def test_a_record_of_a_process_reaches_handlers_that_only_the_worker_has(world: World) -> None:
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name == "shop.orders":
                records.append(record)

    keep = Keep()
    log.addHandler(keep)
    try:
        async with world.worker(app=process_tasks.app):
            job_id = await world.submit_raw("log_whole", b"[]")
            job = await world.finished(job_id)
    finally:
        log.removeHandler(keep)
    [record] = records
    assert record.getMessage() == "it failed"
    assert (record.funcName, record.filename, record.process) == ("log_whole", "process_tasks.py", json_of(job.result))
    assert record.exc_text is not None and record.exc_text.endswith("ValueError: no such order")
    assert {key: record.__dict__[key] for key in ("order", "tags", "opaque")} == {
        "order": 7,
        "tags": ["a"],
        "opaque": "(a Opaque that cannot be printed)",
    }
    [line] = (await world.engine.jobs.log(job_id)).lines
    assert line.message.startswith("it failed\nTraceback")


class Leaving(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise SystemExit(3)


async def test_a_handler_that_exits_keeps_no_job_from_ending(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    @world.app.task(retry=Retry(1))
    async def work() -> None:
        raise ValueError("boom")

    handler = Leaving()
    logging.getLogger().addHandler(handler)
    try:
        async with world.worker():
            job = await world.finished((await work.submit()).id)
    finally:
        logging.getLogger().removeHandler(handler)
    assert job.error is not None and job.error.type == "ValueError"
    assert "--- Logging error ---" in capsys.readouterr().err
