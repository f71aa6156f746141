"""Dead letters, grouped by their task and error."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from .job import JobSummary, Time

COMPARED = 1_000
"""The newest dead letters that are grouped. Bulk calls take as many ids."""
_VARIES = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8,}|\d+", re.IGNORECASE)
"""Numbers and ids, which differ between messages of the same fault."""


class DeadLetterGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Dead letters of one task whose errors differ in numbers and ids at most."""

    task: str
    error_type: str
    message: str
    """Of the newest one."""
    count: int
    tenants: int
    """How many tenants they belong to."""
    newest_at: Time | None
    oldest_at: Time | None
    job_ids: list[str]
    """All of them, the newest first."""


def group_dead_letters(jobs: Iterable[JobSummary]) -> list[DeadLetterGroup]:
    """The groups of these jobs, the largest first. The jobs come newest first."""
    groups: dict[tuple[str, str, str], list[JobSummary]] = {}
    for job in jobs:
        error_type, message = ("", "") if job.error is None else (job.error.type, job.error.message)
        groups.setdefault((job.task, error_type, _VARIES.sub("0", message)), []).append(job)
    return [_group(error_type, some) for (_, error_type, _), some in sorted(groups.items(), key=_size, reverse=True)]


def _size(item: tuple[object, list[JobSummary]]) -> int:
    return len(item[1])


def _group(error_type: str, jobs: list[JobSummary]) -> DeadLetterGroup:
    newest, oldest = jobs[0], jobs[-1]
    return DeadLetterGroup(
        task=newest.task,
        error_type=error_type,
        message="" if newest.error is None else newest.error.message,
        count=len(jobs),
        tenants=len({job.tenant_id for job in jobs}),
        newest_at=newest.finished_at,
        oldest_at=oldest.finished_at,
        job_ids=[job.id for job in jobs],
    )
