"""The tasks that the workers of a run have, one for each way in which a job can go. Each notes that it runs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from fairlane import App, Cancel, JobContext, Middleware, Retry, Snooze, current

from .crash_points import CrashPoints
from .notes import Notebook, Ran, now

FOLDER = "PROOF_NOTES"
"""The environment variable that names the folder of the notes."""
SNOOZE_MS = 300
PATIENT = Retry(50, base="20ms", cap="200ms")
"""More attempts than a job is ever killed."""
TWICE = Retry(2, base="20ms", cap="100ms")

crash_points = CrashPoints()


class NoteRuns(Middleware):
    """Notes each run, in the process that it runs in."""

    def __init__(self) -> None:
        self._notebook: Notebook | None = None
        self._pid = 0

    def before(self, job: JobContext) -> None:
        if self._notebook is None or self._pid != os.getpid():
            self._pid = os.getpid()
            self._notebook = Notebook(Path(os.environ[FOLDER]), f"tasks-{self._pid}")
        self._notebook.write(Ran(who=self._notebook.who, at=now(), job=job.id, attempt=job.attempt, fence=job.fence))
        crash_points.reach("start")


app = App(middleware=[NoteRuns()])


@app.task(retry=PATIENT)
async def work(mark: str, ms: int = 5) -> str:
    await asyncio.sleep(ms / 2_000)
    crash_points.reach("run")
    await asyncio.sleep(ms / 2_000)
    return mark


@app.task(retry=PATIENT)
def work_in_thread(mark: str, ms: int = 5) -> str:
    time.sleep(ms / 1_000)
    return mark


@app.task(retry=PATIENT, executor="process")
def work_in_process(mark: str) -> str:
    return mark


@app.task(retry=PATIENT)
async def fail_at_first(mark: str) -> str:
    if current().attempt == 1:
        raise ValueError("the first attempt")
    return mark


@app.task(retry=TWICE)
async def fail_always(mark: str) -> None:
    raise ValueError(mark)


@app.task(retry=PATIENT)
async def snooze(mark: str, until: float) -> str:
    if time.time() < until:
        raise Snooze(SNOOZE_MS / 1_000)
    return mark


@app.task(retry=PATIENT)
async def give_up(mark: str) -> None:
    raise Cancel(mark)


@app.task(retry=TWICE, timeout="300ms", executor="process")
def overrun(mark: str) -> None:
    time.sleep(60)


@app.task(retry=TWICE, executor="process")
def die(mark: str, how: str) -> None:
    if how == "exit":
        os._exit(7)
    os.kill(os.getpid(), {"segv": signal.SIGSEGV, "kill": signal.SIGKILL}[how])


@app.task(retry=PATIENT)
async def block_loop(mark: str, seconds: float) -> str:
    """Keep the event loop busy, as bad code does."""
    if current().attempt == 1:
        time.sleep(seconds)  # noqa: ASYNC251 - that is the point
    return mark
