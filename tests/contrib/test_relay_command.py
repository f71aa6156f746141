"""`fairlane relay`: submits the jobs of an outbox until it is stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from fairlane.engine import Engine
from fairlane.model.job import JobQuery
from tests.support.app_world import eventually

from .orders import entries, new_database, outbox, send_receipt

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "fairlane.cli.main", "relay"]


def start_relay(store_url: str, folder: Path) -> subprocess.Popen[bytes]:
    variables = {"FAIRLANE_URL": store_url, "ORDERS_DATABASE": f"{folder}/orders.db"}
    return subprocess.Popen([*COMMAND, "tests.contrib.orders_relay:relay"], cwd=ROOT, env=os.environ | variables)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_a_relay_submits_what_commits_until_it_is_stopped(
    engine: Engine, store_url: str, tmp_path: Path, stop: signal.Signals
) -> None:
    database = new_database(tmp_path)

    def order(number: int) -> None:
        with database.begin() as connection:
            connection.execute(outbox.insert(send_receipt.using(tenant="acme").bind(number)))

    async def submitted(count: int) -> bool:
        return len((await engine.jobs.list(JobQuery(tenant_id="acme"))).jobs) == count

    order(1)
    relay = start_relay(store_url, tmp_path)
    try:
        await eventually(partial(submitted, 1), "the entry from before is submitted")
        order(2)
        await eventually(partial(submitted, 2), "the new entry is submitted")
        relay.send_signal(stop)
        assert await asyncio.to_thread(relay.wait, 20) == 0
    finally:
        relay.kill()
        relay.wait()
    order(3)
    assert len(entries(database)) == 1
    database.dispose()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("orders", "RELAY must look like \"module:attr\", not 'orders'"),
        ("tests.contrib.orders:app", "tests.contrib.orders:app has the type App and is not a relay; write"),
        ("tests.contrib.orders:nothing", "tests.contrib.orders has no 'nothing'"),
    ],
)
def test_what_is_no_relay_is_refused_in_a_line(name: str, complaint: str) -> None:
    run = subprocess.run([*COMMAND, name], cwd=ROOT, check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert complaint in run.stderr
    assert "Traceback" not in run.stderr
