"""`fairlane bench`: the figures that the docs quote, measured on this machine."""

from __future__ import annotations

import asyncio

import click

from .options import output_option
from .output import print_json, print_table


@click.command()
@click.argument("subjects", nargs=-1)
@output_option
def bench(subjects: tuple[str, ...], output: str) -> None:
    """Measure SUBJECTS (engine, worker, latency, api, tenants, depth), or all, each on a private store."""
    from ..bench import SUBJECTS, Figure, run_subjects

    unknown = [name for name in subjects if name not in SUBJECTS]
    if unknown:
        raise click.UsageError(f"there is no {unknown[0]!r}; there are {', '.join(SUBJECTS)}")

    async def collect() -> list[Figure]:
        return [figure async for figure in run_subjects(subjects)]

    figures = asyncio.run(collect())
    if output == "json":
        print_json(figures)
    else:
        rows = [(figure.name, f"{figure.value:,.2f}", figure.unit, figure.goal) for figure in figures]
        print_table(("what", "measured", "unit", "goal"), rows)
