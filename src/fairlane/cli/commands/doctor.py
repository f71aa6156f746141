"""`fairlane doctor`: check the invariants of the store."""

from __future__ import annotations

import sys

import click

from ...model.overview import StoreMemory, StoreReport
from ...process.printable import printable
from ...runtime.settings import Settings
from ..options import client_settings, output_option
from ..terminal.output import print_facts, print_json
from ..terminal.progress import progress_bar


@click.command()
@client_settings
@output_option
def doctor(settings: Settings, output: str) -> None:
    """Check the invariants of the store. Exits with 1 if one is broken."""
    from ..connection import ask_store

    with progress_bar("reading the store") as show:
        report: StoreReport = ask_store(settings, lambda upkeep: upkeep.doctor(show))
    if output == "json":
        print_json(report)
    else:
        offset = report.clock_offset_seconds
        print_facts(
            [
                *sorted(report.jobs.items()),
                ("keys", report.keys),
                ("idempotency keys", report.idempotency_keys),
                ("memory", _memory(report.memory) if report.memory else None),
                ("clock offset", f"{offset:+,.1f} s: the store's clock was set" if abs(offset) >= 0.1 else None),
            ]
        )
        for problem in report.problems:
            click.echo(f"broken: {printable(problem)}")
        if report.healthy:
            click.echo("Everything is in order.")
    sys.exit(0 if report.healthy else 1)


def _memory(memory: StoreMemory) -> str:
    used = f"{memory.used_bytes / 1e6:,.1f} MB"
    if memory.limit_bytes is None:
        return f"{used}, without a limit"
    state = ": nearly full, so completed jobs are deleted early" if memory.is_nearly_full else ""
    return f"{used} of {memory.limit_bytes / 1e6:,.1f} MB{state}"
