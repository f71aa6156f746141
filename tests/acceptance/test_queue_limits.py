"""The limits of a queue hold over all tenants and workers, while workers are killed and limits change."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import httpx

from tests.support.running import Api, Running, eventually, kill, run, up

OPTIONS = ("--default-rate", "off", "--default-concurrency", "off", "--processes", "2", "--workers", "4")
MOST, RATE, WINDOW = 3, 20, timedelta(seconds=1)
TENANTS = ("ant", "bee", "cat")
JOBS = 25
"""Of each tenant."""


def test_a_limited_queue_keeps_its_limits_while_workers_are_killed(tmp_path: Path) -> None:
    with up(tmp_path, *OPTIONS) as system:
        api = system.await_ready()
        limit(api, {"concurrency": MOST, "startRate": {"limit": RATE, "windowSeconds": WINDOW.total_seconds()}})
        jobs = [
            api.submit(tenant, "demo.sleep", {"seconds": 0.2 if n % 8 else 0.01}, queue="mail", maxAttempts=9)
            for n in range(JOBS)
            for tenant in TENANTS
        ]
        for round_number in range(6):
            before = completed(api)
            limit(api, {"concurrency": MOST - round_number % 2})
            victim = f"worker-{1 + round_number % 2}"
            pid = system.pid_of(victim)
            kill(pid)
            eventually(partial(is_started_again, system, victim, pid), 30, f"{victim} is started again")
            eventually(partial(more_are_done, api, min(before + 1, len(jobs))), 30, "more are done")
        tries = [one for job in api.await_state(jobs, "completed", 90) for one in job["attempts"]]
        assert len(tries) >= len(jobs)
        check_limits([(time_of(one["startedAt"]), time_of(one["endedAt"])) for one in tries])
        run(tmp_path, "doctor")


def completed(api: Api) -> int:
    return int(api.get("/jobs/metrics")["completed"])


def is_started_again(system: Running, name: str, killed: int) -> bool:
    return system.pid_of(name) != killed


def more_are_done(api: Api, least: int) -> bool:
    return completed(api) >= least


def limit(api: Api, limits: dict[str, object]) -> None:
    assert httpx.put(f"{api.url}/queues/mail", json=limits, timeout=30).status_code == 200


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def check_limits(tries: list[tuple[datetime, datetime]]) -> None:
    """By the times that the store noted. At one time, ends come before starts."""
    starts = sorted(start for start, _ in tries)
    for first, after_the_window in zip(starts, starts[RATE:], strict=False):
        assert after_the_window - first >= WINDOW - timedelta(milliseconds=1)  # the store notes milliseconds
    running = 0
    for _, change in sorted([*((start, 1) for start in starts), *((end, -1) for _, end in tries)]):
        running += change
        assert running <= MOST
