"""Log lines of a worker about its start and about each attempt that ends. In JSON, they have fields."""

from __future__ import annotations

import logging
from collections.abc import Collection
from importlib.metadata import version

from ..model.lease import Outcome, OutcomeKind
from ..process.logs import FIELDS
from .log_capture import fields_of
from .options import WorkerOptions
from .running import RunningJob

log = logging.getLogger("fairlane.worker")

_MOST_NAMED = 20


def log_start(options: WorkerOptions, tasks: Collection[str]) -> None:
    """Say what the worker runs."""
    release = version("fairlane")
    named = ", ".join(sorted(tasks)[:_MOST_NAMED]) + (" ..." if len(tasks) > _MOST_NAMED else "")
    log.info(
        "fairlane %s runs %d tasks (%s) of %s in %d slots",
        release,
        len(tasks),
        named,
        f"the queues {', '.join(options.queues)}" if options.queues else "all queues",
        options.slots,
        extra={
            FIELDS: {
                "worker": options.worker_id,
                "version": release,
                "tasks": sorted(tasks),
                "queues": list(options.queues),
                "slots": options.slots,
            }
        },
    )


def log_end(job: RunningJob, outcome: Outcome | None, label: str, seconds: float | None) -> None:
    """Say how an attempt ended: a warning if it failed or its lease is lost, else a line for debugging."""
    went_wrong = outcome is None or outcome.kind is OutcomeKind.FAILED
    level = logging.WARNING if went_wrong else logging.DEBUG
    if not log.isEnabledFor(level):
        return
    duration_ms = None if seconds is None else round(seconds * 1000, 1)
    fields = fields_of(job.context) | {"outcome": label, "duration_ms": duration_ms}
    if outcome is None:
        log.log(level, "%s lost its lease; its outcome is dropped", job, extra={FIELDS: fields})
    elif outcome.kind is OutcomeKind.FAILED and outcome.error is not None:
        error = outcome.error
        log.log(level, "%s failed: %s: %s", job, error.type, error.message, extra={FIELDS: fields})
    else:
        log.log(level, "%s ended: %s after %s ms", job, label, duration_ms, extra={FIELDS: fields})
