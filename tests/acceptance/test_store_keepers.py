"""`fairlane up` beside other processes that have the same embedded store open."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fairlane.store import Durability, EmbeddedServer
from fairlane.store.embedded.folder import FolderLock, read_pid
from tests.support.running import eventually, up

CLIENT = """
import asyncio, contextlib, sys
from fairlane import App
from fairlane.model.errors import FairlaneError

app = App("embedded:.fairlane", tenancy="default")

@app.task(name="default")
async def task(payload: int) -> None: ...

async def main():
    async with app:
        print((await task.submit(1)).id, flush=True)
        told = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
        while not told.done():
            with contextlib.suppress(FairlaneError):  # over the tenant's rate, say
                await task.submit(1)
            await asyncio.wait([told], timeout=0.2)

asyncio.run(main())
"""


@contextmanager
def client(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process of a user's own that has the store open and submits a job; and the job's id."""
    command = [sys.executable, "-c", CLIENT]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def is_kept_by(process: subprocess.Popen[str], folder: Path) -> bool:
    return read_pid(folder / ".fairlane" / "store.lock") == process.pid


@pytest.mark.parametrize("killed", [False, True])
def test_up_starts_beside_a_client_and_keeps_the_store_after_it(tmp_path: Path, killed: bool) -> None:
    with client(tmp_path) as (process, first), up(tmp_path) as system:
        api = system.await_ready()
        api.await_state([first], "completed")
        assert not is_kept_by(system.process, tmp_path)
        if killed:
            process.kill()
            process.wait()
        else:
            process.communicate("", timeout=60)
        eventually(lambda: is_kept_by(system.process, tmp_path), 30, "it keeps the store itself")
        second = api.submit("acme", "default", 2)
        api.await_state([first, second], "completed")
        system.press_ctrl_c()
        assert system.wait() == 0, system.log()
        assert system.survivors() == []


def test_up_starts_again_although_a_client_has_become_the_keeper(tmp_path: Path) -> None:
    with up(tmp_path) as system:
        job = system.await_ready().submit("acme", "default", 1)
        with client(tmp_path) as (process, _):
            system.press_ctrl_c()
            assert system.wait() == 0, system.log()
            eventually(lambda: is_kept_by(process, tmp_path), 30, "the client keeps the store")
            with up(tmp_path) as again:
                again.await_ready().await_state([job], "completed")
                assert is_kept_by(process, tmp_path) and process.poll() is None


def test_what_up_holds_is_kept_by_nobody_else(tmp_path: Path) -> None:
    up = FolderLock(tmp_path / "up.lock")
    assert up.acquire()
    other = EmbeddedServer(tmp_path, Durability.DISK)
    assert not other.take_over_if_unkept()
    for_up = EmbeddedServer(tmp_path, Durability.DISK, is_for_up=True)
    try:
        for_up.start()
        other.start()
        assert (for_up.is_keeper, other.is_keeper) == (True, False)
    finally:
        for_up.stop()
    up.release()
    try:
        assert other.take_over_if_unkept()
    finally:
        other.stop()
