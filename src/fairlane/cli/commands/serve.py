"""`fairlane serve`: run the API only."""

from __future__ import annotations

import asyncio
import socket

import click

from ...process.identity import process_name
from ...process.logs import configure_logging
from ...runtime.settings import Settings
from ..options import with_settings


@click.command()
@with_settings(
    "host",
    "port",
    "auth",
    "tenant_logs",
    "base_path",
    "metrics_tenants",
    "proxies",
    "store",
    "data_dir",
    "default_rate",
    "default_concurrency",
    "durability",
    "loop",
    "log_format",
    "log_level",
)
@click.option("--no-upkeep", is_flag=True, help="Leave upkeep (delays, schedules, dead workers) to other processes.")
@click.option("--fd", type=int, hidden=True, help="Listen on this inherited socket.")
@click.option("--workers-fd", type=int, hidden=True, help="Read from this inherited file which workers are missing.")
def serve(settings: Settings, no_upkeep: bool, fd: int | None, workers_fd: int | None) -> None:
    """Run the API and the dashboard of a store."""
    from ...process.loop import loop_factory
    from ...runtime.api import serve_api
    from ...runtime.sockets import listen_for_api

    configure_logging(settings.log_format, process_name("api"), settings.log_level)
    if fd is None:
        listener = listen_for_api(settings.host, settings.port, with_tokens=settings.asks_for_tokens)
    else:
        listener = socket.socket(fileno=fd)
    # A supervisor passes the descriptor. It has stored the defaults, and prints the line once everything is ready.
    is_alone = fd is None
    serving = serve_api(
        settings,
        listener,
        with_upkeep=not no_upkeep,
        with_defaults=is_alone,
        workers_fd=workers_fd,
        on_ready=_tell_ready if is_alone else None,
    )
    with asyncio.Runner(loop_factory=loop_factory(settings.loop)) as runner:
        runner.run(serving)


def _tell_ready(url: str) -> None:
    click.echo(f"fairlane ready on {url}")
