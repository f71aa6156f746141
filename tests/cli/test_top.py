"""`fairlane top`: what it shows of a real store, once for pipes and live in a terminal until q is pressed."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fairlane.connect import open_engine
from fairlane.engine import Engine
from fairlane.model.ids import new_claim_id
from fairlane.model.job import NewJob
from fairlane.model.lease import ClaimRequest, WorkerReport
from fairlane.server.app import create_app
from tests.support.serving import served

COMMAND = [sys.executable, "-m", "fairlane.cli.main", "top"]


@pytest.fixture
async def engine(store_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Engine]:
    """Two tenants with jobs, of which one is held back by its limit, and a worker."""
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")
    monkeypatch.chdir(tmp_path)
    engine = await open_engine(store_url)
    await engine.store.client.flushall()
    await engine.close()
    engine = await open_engine(store_url)
    for tenant, count in (("acme", 7), ("globex", 2)):
        jobs = [
            NewJob(id=engine.jobs.new_id(tenant), tenant_id=tenant, payload=b"1", queue="mail") for _ in range(count)
        ]
        await engine.jobs.submit(jobs)
    await engine.leases.claim(ClaimRequest(worker_id="w1", claim_id=new_claim_id(), max=7))
    await engine.leases.extend(WorkerReport(id="w1", slots=8, running=7, queues=("mail",)), [], 30_000)
    yield engine
    await engine.close()


async def once(url: str, *options: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--once", "--interval", "100ms", "--url", url, *options, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def test_one_frame_for_programs(engine: Engine, store_url: str) -> None:
    shown = json.loads(await once(store_url, "--output", "json"))
    assert [(tenant["id"], tenant["running"]) for tenant in shown["tenants"]] == [("acme", 5), ("globex", 2)]
    assert (shown["overview"]["states"]["pending"], shown["overview"]["workers"][0]["id"]) == (2, "w1")
    assert shown["rates"] == {"submitted": 0, "completed": 0, "failed": 0, "retried": 0}


@pytest.mark.parametrize("way", ["store", "http"])
async def test_one_frame_for_pipes(engine: Engine, store_url: str, way: str) -> None:
    if way == "store":
        frame = await once(store_url)
    else:
        async with served(create_app(engine)) as url:
            frame = await once(url)
    assert re.search(r"pending 2 .* running 7 ", frame)
    assert re.search(r"submitted 0\.0/s", frame)
    assert re.search(r"^ *acme +5/5 +2 +█+ +\d\S* s +0\.0 +0\.0 +0\.0 +at its limit", frame, re.MULTILINE)
    assert re.search(r"^ *globex +2/5 +0 ", frame, re.MULTILINE)
    assert re.search(r"^ *mail +2 ", frame, re.MULTILINE)
    assert re.search(r"^ *w1 +mail +7/8 +\d", frame, re.MULTILINE)


@pytest.mark.parametrize("ending", ["q", "ctrl-c"])
async def test_it_is_live_until_it_is_ended(engine: Engine, store_url: str, ending: str) -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(  # noqa: ASYNC220  it runs in a separate terminal
        [*COMMAND, "--interval", "100ms", "--url", store_url],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "160", "LINES": "50"},
        start_new_session=True,
    )
    os.close(follower)
    try:
        await asyncio.to_thread(read_until, leader, "acme")
        job = NewJob(id=engine.jobs.new_id("initech"), tenant_id="initech", payload=b"1")
        await engine.jobs.submit([job])
        await asyncio.to_thread(read_until, leader, "initech")
        if ending == "q":
            os.write(leader, b"q")
        else:
            process.send_signal(signal.SIGINT)
        await asyncio.to_thread(read_until, leader, "\x1b[?1049l")  # the screen is as before
        assert await asyncio.to_thread(process.wait, 30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def read_until(descriptor: int, wanted: str, within_s: float = 60) -> None:
    """Read what a terminal shows until this is there."""
    seen, deadline = b"", time.monotonic() + within_s
    while wanted.encode() not in seen:
        assert time.monotonic() < deadline, seen[-2000:]
        if select.select([descriptor], [], [], 0.1)[0]:
            seen += os.read(descriptor, 65536)
