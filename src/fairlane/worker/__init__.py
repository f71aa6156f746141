"""The worker: claims jobs, runs them, keeps their leases, and reports how they ended."""

from .options import WorkerOptions
from .run import run_worker
from .worker import Worker

__all__ = ["Worker", "WorkerOptions", "run_worker"]
