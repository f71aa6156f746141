"""`fairlane upkeep`: run upkeep only. `fairlane up` starts it."""

from __future__ import annotations

import asyncio

import click

from ...process.identity import process_name
from ...process.logs import configure_logging
from ...runtime.settings import Settings
from ..options import with_settings


@click.command()
@with_settings("store", "data_dir", "durability", "loop", "log_format", "log_level")
def upkeep(settings: Settings) -> None:
    """Maintain a store: start delayed and scheduled jobs, recover lost ones, delete old ones."""
    from ...process.loop import loop_factory
    from ...runtime.upkeep import keep_up

    configure_logging(settings.log_format, process_name("upkeep"), settings.log_level)
    with asyncio.Runner(loop_factory=loop_factory(settings.loop)) as runner:
        runner.run(keep_up(settings))
