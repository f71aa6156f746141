"""`fairlane relay`: submits the jobs of an outbox."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import click

from ...metrics.families import Family
from ...metrics.outbox import outbox_families
from ...model.errors import InvalidInput
from ...process.identity import process_name
from ...process.logs import configure_logging
from ...process.signals import Stop, StopRequests, stop_signals
from ...runtime.local_pages import serve_metrics
from ...runtime.settings import Settings, parse_address
from ...runtime.sockets import listen
from ..options import with_settings

if TYPE_CHECKING:
    from ...contrib.outbox import Relay


@click.command()
@click.argument("relay")
@with_settings("metrics", "loop", "log_format", "log_level")
def relay(settings: Settings, relay: str) -> None:
    """Submit the jobs of an outbox until stopped.

    RELAY is the relay, named as "module:attr": the object that `outbox.relay(app, engine)` returns. Any number of
    relays may run.
    """
    from ...contrib.outbox import Relay
    from ...process.loop import loop_factory
    from ...runtime.app_loading import load

    configure_logging(settings.log_format, process_name("relay"), settings.log_level)
    found = load(relay, "RELAY")
    if not isinstance(found, Relay):
        kind = type(found).__name__
        raise InvalidInput(
            f"{relay} has the type {kind} and is not a relay; write `relay = outbox.relay(app, engine)` there"
        )
    scraped = listen(*parse_address(settings.metrics)) if settings.metrics else None
    with asyncio.Runner(loop_factory=loop_factory(settings.loop)) as runner:
        runner.run(_run(found, scraped))


async def _run(relay: Relay, scraped: socket.socket | None) -> None:
    running = asyncio.create_task(relay.run())
    serving = None if scraped is None else asyncio.create_task(serve_metrics(scraped, partial(_families, relay)))
    requests = StopRequests()

    def on_signal() -> None:
        match requests.note():
            case Stop.IN_ORDER:
                relay.stop()
            case Stop.AT_ONCE:
                running.cancel()

    for number in stop_signals():
        asyncio.get_running_loop().add_signal_handler(number, on_signal)
    try:
        with suppress(asyncio.CancelledError):
            await running
    finally:
        if serving is not None:
            serving.cancel()
        await relay.close()


async def _families(relay: Relay) -> Iterable[Family]:
    backlog = await relay.backlog()
    return outbox_families(backlog.waiting, backlog.oldest_seconds or 0, backlog.refused)
