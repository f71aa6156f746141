"""fairlane: a multi-tenant job queue with a lane for every tenant."""

from .job.context import JobContext, current
from .job.control import Cancel, Retry, RetryAfter, Snooze
from .model.errors import (
    BacklogFull,
    BatchFull,
    BatchSealed,
    Conflict,
    FairlaneError,
    Forbidden,
    IdempotencyMismatch,
    IdTaken,
    InvalidInput,
    JobCancelled,
    JobFailed,
    NotFound,
    NotReplicated,
    PayloadTooLarge,
    RateLimited,
    ResultMismatch,
    StoreFull,
    StoreRefused,
    StoreUnavailable,
    Unauthorized,
    UnknownBatch,
)
from .model.job import Job, NewJob
from .model.states import State
from .sdk.app import App
from .sdk.batch import BatchHandle
from .sdk.call import Bound
from .sdk.handle import JobHandle, SyncJobHandle
from .sdk.middleware import Middleware
from .sdk.submission import PartlySubmitted
from .sdk.task import AsyncTask, SyncTask, Task

__all__ = [
    "App",
    "AsyncTask",
    "BacklogFull",
    "BatchFull",
    "BatchHandle",
    "BatchSealed",
    "Bound",
    "Cancel",
    "Conflict",
    "FairlaneError",
    "Forbidden",
    "IdTaken",
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
    "NotReplicated",
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
    "UnknownBatch",
    "current",
]
