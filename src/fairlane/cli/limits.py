"""Limits as options of commands, and as facts that commands print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from msgspec import UNSET

from ..model.durations import format_duration, parse_duration_ms
from ..model.errors import InvalidInput
from ..model.overview import QueueInfo
from ..model.queue_limits import QueueLimitsChange
from ..model.tenant import OFF, PolicyChange, Rate, TenantPolicy, parse_limit

Command = Callable[..., Any]


def limit_options(rate_flag: str) -> Callable[[Command], Command]:
    """Give a command an option for each limit. `change_of` reads the arguments that they become."""
    options = (
        click.option(rate_flag, "submit_rate", metavar="RATE|off", help='Submission rate, such as "10/1m".'),
        click.option("--concurrency", metavar="N|off", help="Number of jobs that run at once."),
        click.option("--start-rate", metavar="RATE|off", help='Start rate, such as "100/1s".'),
        click.option("--weight", type=float, help="Share relative to other tenants [default: 1]."),
        click.option("--max-waiting", metavar="N|off", help="Number of jobs that are scheduled or pending at once."),
        click.option(
            "--keep-completed", metavar="TIME", help='How long to keep completed and cancelled jobs, such as "1h".'
        ),
        click.option("--keep-completed-max", type=int, help="Number of completed and of cancelled jobs to keep."),
        click.option("--keep-failed", metavar="TIME", help='How long to keep failed jobs, such as "14d".'),
        click.option("--keep-failed-max", type=int, help="Number of failed jobs to keep."),
    )

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def change_of(limits: dict[str, str | float | None]) -> PolicyChange:
    """The change that the given options ask for. Raises InvalidInput."""
    given: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}
    if not given:
        raise InvalidInput("say what to change, such as --concurrency 5; --help lists the limits")
    for name in ("submit_rate", "start_rate"):
        if name in given:
            given[name] = Rate.parse(given[name])
    for name in ("concurrency", "max_waiting"):
        if name in given:
            given[name] = parse_limit(given[name], f"--{name.replace('_', '-')}")
    for name in ("keep_completed", "keep_failed"):
        if name in given:
            given[f"{name}_seconds"] = parse_duration_ms(given.pop(name), f"--{name.replace('_', '-')}") / 1000
    return PolicyChange(**given)


def queue_change_of(concurrency: str | None, start_rate: str | None) -> QueueLimitsChange:
    """The change of a queue's limits that the given options ask for. Raises InvalidInput."""
    if concurrency is None and start_rate is None:
        raise InvalidInput('say what to change, such as --start-rate 14/1s or --concurrency 5; "off" lifts a limit')
    return QueueLimitsChange(
        concurrency=UNSET if concurrency is None else parse_limit(concurrency, "--concurrency"),
        start_rate=UNSET if start_rate is None else Rate.parse(start_rate),
    )


_HELD_BACK = {"queue_concurrency": "at its limit", "queue_start_rate": "rate limited"}


def held_back(queue: QueueInfo) -> str:
    """What keeps the jobs of a queue from starting; empty if nothing does."""
    return "paused" if queue.paused else _HELD_BACK.get(queue.limit_reached or "", "")


def limit_facts(policy: TenantPolicy) -> list[tuple[str, object]]:
    """The limits, each with its label."""
    return [
        ("submit rate", policy.submit_rate or OFF),
        ("concurrency", policy.concurrency or OFF),
        ("start rate", policy.start_rate or OFF),
        ("weight", f"{policy.weight:g}"),
        ("max waiting", policy.max_waiting or OFF),
        ("keeps completed", _kept(policy.keep_completed_seconds, policy.keep_completed_max)),
        ("keeps failed", _kept(policy.keep_failed_seconds, policy.keep_failed_max)),
    ]


def _kept(seconds: float, most: int) -> str:
    return f"{format_duration(round(seconds * 1000))}, at most {most}"
