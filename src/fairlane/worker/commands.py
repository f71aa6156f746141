"""Commands to the worker that come through the store, heard at once rather than with the next heartbeat."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from ..backend import Workers
from .admission import REFUSED, Admission
from .trouble import is_outage, log_trouble

WAIT_MS = 30_000
LONGEST_PAUSE_SECONDS = 5.0


async def follow_commands(
    workers: Workers,
    worker_id: str,
    admission: Admission,
    look_at_leases: Callable[[], None],
    drain: Callable[[], None],
) -> None:
    """Call `look_at_leases` whenever a job was cancelled, and `drain` when that is commanded, until cancelled.

    Outages are waited out. Meanwhile the heartbeats learn of cancelled jobs.
    """
    seen = failures = 0
    while True:
        try:
            orders = await workers.next_orders(worker_id, seen, WAIT_MS)
        except REFUSED as error:
            await asyncio.sleep(admission.refused("commands", error))
            continue
        except Exception as error:
            if not failures and not is_outage(error):  # the heartbeats warn of an outage
                log_trouble("commands cannot be received; cancelled jobs stop with the next heartbeat", error)
            failures += 1
            await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, 0.1 * 2.0 ** min(failures, 10)) * random.uniform(0.5, 1.0))
            continue
        failures = 0
        admission.allowed("commands")
        if orders.number != seen:
            seen = orders.number
            look_at_leases()
        if orders.drain:
            drain()
