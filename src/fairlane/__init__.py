"""fairlane: a multi-tenant job queue with a lane for every tenant."""

from .app import App
from .context import JobContext, current
from .control import Cancel, Retry, RetryAfter, Snooze
from .handle import JobHandle, SyncJobHandle
from .middleware import Middleware
from .model.errors import (
    Conflict,
    FairlaneError,
    IdempotencyMismatch,
    InvalidInput,
    JobCancelled,
    JobFailed,
    NotFound,
    PayloadTooLarge,
    RateLimited,
    ResultMismatch,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    Unauthorized,
)
from .model.job import Job, NewJob
from .model.states import State
from .submit import PartlySubmitted
from .submitter import Bound
from .task import AsyncTask, SyncTask, Task

__all__ = [
    "App",
    "AsyncTask",
    "Bound",
    "Cancel",
    "Conflict",
    "FairlaneError",
    "IdempotencyMismatch",
    "InvalidInput",
    "Job",
    "JobCancelled",
    "JobContext",
    "JobFailed",
    "JobHandle",
    "Middleware",
    "NewJob",
    "NotFound",
    "PartlySubmitted",
    "PayloadTooLarge",
    "RateLimited",
    "ResultMismatch",
    "Retry",
    "RetryAfter",
    "Snooze",
    "State",
    "StoreFull",
    "StoreRefused",
    "StoreUnavailable",
    "SyncJobHandle",
    "SyncTask",
    "Task",
    "Unauthorized",
    "current",
]
