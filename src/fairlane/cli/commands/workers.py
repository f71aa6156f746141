"""`fairlane workers`: show workers, and drain them."""

from __future__ import annotations

import time

import click

from ...runtime.settings import Settings
from ..options import client_settings, output_option
from ..terminal.output import print_json, print_table


@click.group()
def workers() -> None:
    """Show workers, and drain them."""


@workers.command("list")
@client_settings
@output_option
def list_(settings: Settings, output: str) -> None:
    """List the workers whose last heartbeat is recent."""
    from ..connection import ask

    found = ask(settings, lambda backend: backend.workers.list())
    if output == "json":
        from ...rest.workers import WorkerList, WorkerView

        print_json(WorkerList(workers=[WorkerView.of(worker) for worker in found]))
        return
    rows = [
        (
            worker.id,
            ", ".join(worker.queues) or "all",
            f"{worker.running} of {worker.slots}",
            f"{max(0.0, time.time() - worker.heartbeat_at):.0f} s ago",
            "draining" if worker.draining else "",
        )
        for worker in found
    ]
    print_table(["worker", "queues", "busy slots", "heartbeat", ""], rows)


@workers.command()
@click.argument("worker_id")
@client_settings
def drain(settings: Settings, worker_id: str) -> None:
    """Tell a worker to claim no more, let its jobs end, and exit. Its supervisor does not replace it."""
    from ..connection import ask

    ask(settings, lambda backend: backend.workers.drain(worker_id))
    click.echo(f"{worker_id} drains")
