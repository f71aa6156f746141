"""Paths as clients build them."""

from __future__ import annotations

from ..model.errors import NotFound
from ..model.ids import is_job_id
from ..model.names import check_name


def job_path(job_id: str, action: str = "") -> str:
    """The path of a job. Raises NotFound for text that is not a job id and could become another path."""
    if not is_job_id(job_id):
        raise NotFound(f"there is no job {job_id}")
    return f"/jobs/{job_id}{action}"


def batch_path(batch_id: str, action: str = "") -> str:
    """The path of a batch. Raises NotFound, as `job_path`."""
    if not is_job_id(batch_id):
        raise NotFound(f"there is no batch {batch_id}")
    return f"/batches/{batch_id}{action}"


def tenant_path(tenant_id: str, action: str = "") -> str:
    """The path of a tenant. Raises InvalidInput for text that is not a valid name."""
    return _named_path("tenants", tenant_id, "the tenant's id", action)


def schedule_path(tenant_id: str, name: str, action: str = "") -> str:
    """The path of a schedule. Raises InvalidInput for text that is not a valid name."""
    return tenant_path(tenant_id, _named_path("schedules", name, "the schedule's name", action))


def queue_path(name: str, action: str = "") -> str:
    """The path of a queue. Raises InvalidInput for text that is not a valid name."""
    return _named_path("queues", name, "the queue's name", action)


def token_path(name: str, action: str = "") -> str:
    """The path of a token. Raises InvalidInput for text that is not a valid name."""
    return _named_path("tokens", name, "the token's name", action)


def worker_path(worker_id: str, action: str = "") -> str:
    """The path of a worker. Raises InvalidInput for text that is not a valid name."""
    return _named_path("workers", worker_id, "the worker's id", action)


def _named_path(folder: str, name: str, what: str, action: str) -> str:
    # Dots are escaped, since clients and proxies take a step of dots for a move up the tree.
    return f"/{folder}/{check_name(name, what).replace('.', '%2E')}{action}"
