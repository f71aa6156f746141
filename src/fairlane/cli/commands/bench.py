"""`fairlane bench`: measure speed and memory on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

import click

from ...model.errors import InvalidInput
from ...process.loop import new_event_loop
from ..options import output_option
from ..terminal.output import print_json, print_table
from ..terminal.progress import progress_bar

if TYPE_CHECKING:
    from ...bench.figures import Figure

    Measure = Callable[[Sequence[str]], AsyncIterator[Figure]]


@click.command()
@click.argument("subjects", nargs=-1, metavar="[SUBJECT]...")
@output_option
def bench(subjects: Sequence[str], output: str) -> None:
    """Measure speed and memory on private stores.

    SUBJECT: engine, client, worker, latency, api, neighbour, tenants or depth.
    """
    from ...bench.run import SUBJECTS, run_subjects

    for subject in subjects:
        if subject not in SUBJECTS:
            raise InvalidInput(f"unknown subject {subject!r}: choose from {', '.join(SUBJECTS)}")

    names = list(subjects) or list(SUBJECTS)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        figures = runner.run(_measure(names, run_subjects))
    if output == "json":
        print_json(figures)
    else:
        rows = [(figure.name, f"{figure.value:,.2f}", figure.unit, figure.goal) for figure in figures]
        print_table(["measured", "value", "unit", "goal"], rows)


async def _measure(names: Sequence[str], measure: Measure) -> list[Figure]:
    figures = []
    with progress_bar("measuring", len(names)) as show:
        for done, name in enumerate(names, 1):
            async for figure in measure([name]):
                # All of it takes minutes, so print each figure at once.
                click.echo(f"{figure.name}: {figure.value:,.2f} {figure.unit}", err=True)
                figures.append(figure)
            show(done)
    return figures
