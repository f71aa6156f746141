"""fairlane: one tenant, or TENANTS of them, without limits."""

from __future__ import annotations

import os
import sys

import common

from fairlane import App
from fairlane.model.tenant import PolicyChange

TENANTS = int(os.environ.get("BENCH_TENANTS", "1"))
app = App(f"valkey://127.0.0.1:{common.PORT}")


@app.task(name="noop")
async def noop(data: str) -> None:
    common.count()


@app.task(name="stamp")
async def stamp(sent: int) -> None:
    common.record_wait(sent)


async def lift_limits() -> None:
    """Let tenants do as much as they can, as in the other queues."""
    backend = await app.connect()
    await backend.tenants.change_defaults(PolicyChange(submit_rate=None, start_rate=None, concurrency=None))


async def one() -> None:
    await noop.using(tenant="t0").submit(common.DATA)


async def many(number: int) -> None:
    each = number // TENANTS
    for tenant in range(TENANTS):
        await noop.using(tenant=f"t{tenant}").submit_many([(common.DATA,)] * each)


async def stamped(sent: int) -> None:
    await stamp.using(tenant="t0").submit(sent)


def worker(slots: int) -> None:
    command = [sys.executable, "-m", "fairlane.cli.main", "worker", "drive_fairlane:app", "--slots", str(slots)]
    os.execv(command[0], [*command, "--url", f"valkey://127.0.0.1:{common.PORT}"])


if __name__ == "__main__":
    common.main_async(one, many, stamped, worker, app.close, lift_limits)
