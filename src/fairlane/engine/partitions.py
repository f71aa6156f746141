"""Which partition is whose."""

from __future__ import annotations

from collections.abc import Sequence

from ..model import ids


def by_partition(job_ids: Sequence[str], partitions: int) -> dict[int, list[int]]:
    """Positions in `job_ids` by partition; ids of no partition are left out."""
    groups: dict[int, list[int]] = {}
    for i, job_id in enumerate(job_ids):
        if ids.is_job_id(job_id) and ids.partition_of_job(job_id) < partitions:
            groups.setdefault(ids.partition_of_job(job_id), []).append(i)
    return groups
