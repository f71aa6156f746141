"""The report of several runs, as a table in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from .run import Verdict

FIGURES = ("accepted", "refused", "unanswered", "leases", "faults", "kills")


def table(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """A line for each case: its seeds, the sums of its figures, and the verdict."""
    yield f"| case | fault | seeds | {' | '.join(FIGURES)} | verdict |"
    yield f"|---|---|---|{'--:|' * len(FIGURES)}---|"
    for _, group in groupby(verdicts, key=lambda verdict: verdict.case.number):
        runs = list(group)
        case = runs[0].case
        seeds = ", ".join(run.seed for run in runs)
        figures = " | ".join(f"{sum(run.figures[name] for run in runs):,}" for name in FIGURES)
        yield f"| {case.number} | {case.title} | {seeds} | {figures} | {_verdict(runs)} |"


def _verdict(runs: list[Verdict]) -> str:
    broken = [run for run in runs if not run.is_clean]
    return "; ".join(f"seed {run.seed}: {', '.join(run.violations)}" for run in broken) or "clean"
