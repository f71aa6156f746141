"""Renders the view of `fairlane top`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ...model.states import State
from ...model.tenant import Tenant
from ...process.printable import printable
from ..limits import held_back

if TYPE_CHECKING:
    from .sample import Sample

_MOST_ROWS = 20
_RATES = ("submitted", "completed", "failed", "retried")
_BAR = 12
_BLOCKED = {"concurrency": "at its limit", "start_rate": "rate limited", "paused": "paused"}


def view(now: Sample, before: Sample) -> RenderableType:
    """One frame: totals and their rates since `before`, lanes, queues and workers."""
    return Group(_totals(now, before), _lanes(now, before), _queues(now), _workers(now))


def as_data(now: Sample, before: Sample) -> dict[str, Any]:
    """The view for programs: as `GET /overview` and `GET /tenants`, and rates a second since `before`."""
    from ...rest.monitor import OverviewView

    seconds = now.taken_at - before.taken_at
    counters, old = now.overview.counters, before.overview.counters
    return {
        "overview": OverviewView.of(now.overview),
        "rates": {name: (getattr(counters, name) - getattr(old, name)) / seconds for name in _RATES},
        "tenants": now.tenants,
    }


def trouble(error: Exception) -> RenderableType:
    """The view while the store is away."""
    return Text(f"{printable(error)}; trying again", style="bold red")


def _totals(now: Sample, before: Sample) -> RenderableType:
    states, counters, old = now.overview.states, now.overview.counters, before.overview.counters
    line = Text()
    for state in State:
        line.append(f"{state.value} ", "dim")
        line.append(f"{states.get(state, 0):,}   ", "bold")
    rates = Text()
    for name in _RATES:
        rate = _rate(getattr(counters, name), getattr(old, name), now, before)
        rates.append(f"{name} ", "dim")
        rates.append(f"{rate}/s   ", "bold")
    at = now.overview.at.strftime("%H:%M:%S UTC")
    return Group(Text(f"fairlane top  {at}", "bold"), line, rates)


def _lanes(now: Sample, before: Sample) -> RenderableType:
    """The tenants with the most unfinished jobs."""
    earlier = {tenant.id: tenant for tenant in before.tenants}
    busiest = sorted(now.tenants, key=lambda tenant: (-tenant.running, -tenant.pending, tenant.id))
    busiest = [tenant for tenant in busiest if tenant.running or tenant.pending or tenant.id in earlier]
    rows = []
    for tenant in busiest[:_MOST_ROWS]:
        old = earlier.get(tenant.id, tenant)
        rows.append(
            (
                tenant.id,
                f"{tenant.running}" + ("" if tenant.concurrency is None else f"/{tenant.concurrency}"),
                f"{tenant.pending:,}",
                _bar(tenant, now.tenants),
                _seconds(tenant.oldest_wait_seconds),
                _rate(tenant.started, old.started, now, before),
                _rate(tenant.completed, old.completed, now, before),
                _rate(tenant.failed, old.failed, now, before),
                _BLOCKED.get(tenant.blocked_by or "", tenant.blocked_by or ""),
            )
        )
    columns = ["tenant", "running", "pending", "lane", "oldest", "started/s", "completed/s", "failed/s", "held back"]
    more = len(now.tenants) - len(rows)
    rest = "" if not more and now.all_tenants else f", and {more}{'' if now.all_tenants else ' or more'} others"
    return _table(f"tenants{rest}", columns, rows)


def _queues(now: Sample) -> RenderableType:
    rows = [
        (queue.name, f"{queue.pending:,}", queue.runnable_tenants, held_back(queue))
        for queue in sorted(now.overview.queues, key=lambda queue: (-queue.pending, queue.name))[:_MOST_ROWS]
    ]
    return _table("queues", ["queue", "pending", "tenants that can start", ""], rows)


def _workers(now: Sample) -> RenderableType:
    rows = [
        (
            worker.id,
            ",".join(worker.queues) or "all",
            f"{worker.running}/{worker.slots}",
            _seconds(now.overview.at.timestamp() - worker.heartbeat_at),
            "draining" if worker.draining else "",
        )
        for worker in now.overview.workers[:_MOST_ROWS]
    ]
    return _table("workers", ["worker", "queues", "running", "last heard", ""], rows)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title=Text(title, "bold"), title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    return table


def _bar(tenant: Tenant, tenants: Sequence[Tenant]) -> str:
    longest = max((each.pending for each in tenants), default=0)
    return "█" * -(-tenant.pending * _BAR // longest) if longest else ""


def _rate(value: int, old: int, now: Sample, before: Sample) -> str:
    seconds = now.taken_at - before.taken_at
    return f"{(value - old) / seconds:,.1f}" if seconds > 0 else "–"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{max(0.0, seconds):,.1f} s"
