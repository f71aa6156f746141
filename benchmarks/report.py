"""Medians, their spread and ratios, as a table, as JSON and as pictures."""

from __future__ import annotations

import platform
from pathlib import Path
from statistics import median

import msgspec

from .measure import Figures
from .peers import PEERS
from .plot import bar_chart

FIGURES: dict[str, tuple[str, str]] = {
    "submit_one": ("submit one, awaited", "jobs/s"),
    "submit_many": ("submit many", "jobs/s"),
    "drain": ("drain, one process", "jobs/s"),
    "drain_two": ("drain, two processes", "jobs/s"),
    "idle_p50": ("idle start, p50", "ms"),
    "idle_p99": ("idle start, p99", "ms"),
    "submit_one_store": ("store time, submit one", "us/job"),
    "submit_many_store": ("store time, submit many", "us/job"),
    "drain_store": ("store time, drain", "us/job"),
    "bytes_a_job": ("store memory, waiting job", "bytes"),
}


def write_report(results: dict[str, list[Figures]], folder: Path, *, appendfsync: str, rounds: int) -> str:
    """Write results.json, results.md and a picture of each figure into the folder. Returns the table."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_bytes(
        msgspec.json.format(msgspec.json.encode({"appendfsync": appendfsync, "rounds": results}), indent=1)
    )
    for figure, (title, unit) in FIGURES.items():
        values = {name: _values(found, figure) for name, found in results.items()}
        bars = [(name, median(numbers), min(numbers), max(numbers)) for name, numbers in values.items() if numbers]
        (folder / f"{figure.replace('_', '-')}.svg").write_text(bar_chart(f"{title} ({unit})", bars))
    table = _table(results)
    head = f"{rounds} rounds in turns, medians (lowest to highest); Valkey with appendfsync {appendfsync}; "
    machine = f"{platform.machine()}, Python {platform.python_version()} for fairlane.\n\n"
    (folder / "results.md").write_text(f"# Results\n\n{head}{machine}{table}\n{_guarantees(results)}")
    return table


def _table(results: dict[str, list[Figures]]) -> str:
    head = "| | " + " | ".join(f"{title}, {unit}" for title, unit in FIGURES.values()) + " |\n"
    lines = [head, "|---" * (len(FIGURES) + 1) + "|\n"]
    for name, found in results.items():
        cells = [_cell(_values(found, figure)) for figure in FIGURES]
        lines.append(f"| {name} | " + " | ".join(cells) + " |\n")
    return "".join(lines)


def _guarantees(results: dict[str, list[Figures]]) -> str:
    lines = ["\n## What a job is promised in these settings\n\n"]
    lines += [f"- {peer.name}: {peer.guarantees}.\n" for peer in PEERS if peer.name in results]
    return "".join(lines)


def _values(found: list[Figures], figure: str) -> list[float]:
    return [measured[figure] for measured in found if figure in measured]


def _cell(values: list[float]) -> str:
    if not values:
        return "–"
    return f"{_short(median(values))} ({_short(min(values))} to {_short(max(values))})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
