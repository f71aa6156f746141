"""Types of single fields, with the bounds that the API publishes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from ..model.errors import InvalidInput
from ..model.ids import JOB_ID_PATTERN
from ..model.job import MAX_ATTEMPTS, MAX_DELAY_MS, MAX_PRIORITY, MAX_TAG_LENGTH, MAX_TIMEOUT_MS, Large, Time
from ..model.lease import MAX_CLAIM_QUEUES, MAX_LEASE_MS, MIN_LEASE_MS
from ..model.names import IDEMPOTENCY_KEY_PATTERN, NAME_PATTERN
from ..model.tags import TAG_PATTERN
from ..model.times import check_time
from .limits import MAX_BACKOFF_SECONDS, MAX_BULK, MAX_CURSOR, MAX_PAGE

# Patterns are for readers of the OpenAPI document. check_name and check_key enforce them.
Name = Annotated[str, Meta(extra_json_schema={"pattern": NAME_PATTERN, "minLength": 1, "maxLength": 128})]
Key = Annotated[str, Meta(extra_json_schema={"pattern": IDEMPOTENCY_KEY_PATTERN, "minLength": 1, "maxLength": 255})]
Tag = Annotated[str, Meta(extra_json_schema={"pattern": TAG_PATTERN, "minLength": 1, "maxLength": MAX_TAG_LENGTH})]
JobId = Annotated[str, Meta(extra_json_schema={"pattern": JOB_ID_PATTERN})]
AnyId = Annotated[str, Meta(max_length=255)]
"""A job id in the worker protocol. If there is no such job, the lease is stale."""
Token = Annotated[str, Meta(min_length=1, max_length=255)]
Queues = Annotated[tuple[Name, ...], Meta(max_length=MAX_CLAIM_QUEUES)]

Priority = Annotated[int, Meta(ge=0, le=MAX_PRIORITY)]
Attempts = Annotated[int, Meta(ge=1, le=MAX_ATTEMPTS)]
TimeoutSeconds = Annotated[float, Meta(ge=0.001, le=MAX_TIMEOUT_MS / 1000)]
DelaySeconds = Annotated[float, Meta(ge=0, le=MAX_DELAY_MS / 1000)]
ExpirySeconds = Annotated[float, Meta(ge=0.001, le=MAX_DELAY_MS / 1000)]
BackoffSeconds = Annotated[float, Meta(ge=0, le=MAX_BACKOFF_SECONDS)]
LeaseSeconds = Annotated[float, Meta(ge=MIN_LEASE_MS / 1000, le=MAX_LEASE_MS / 1000)]
WaitSeconds = Annotated[float, Meta(ge=0)]

PageSize = Annotated[int, Meta(ge=1, le=MAX_PAGE)]
BulkSize = Annotated[int, Meta(ge=1, le=MAX_BULK)]
Cursor = Annotated[str, Meta(max_length=MAX_CURSOR)]
_LARGE = f"({'|'.join(Large)})"
Included = Annotated[str, Meta(extra_json_schema={"pattern": f"^{_LARGE}(,{_LARGE})*$"})]
"""Large parts of a job, separated by commas."""
TimeText = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""A time in a query, whose numbers would be taken for Unix times."""


def time_of(text: str | None, pointer: str) -> datetime | None:
    """The time that is written out. Raises InvalidInput."""
    try:
        return None if text is None else check_time(msgspec.convert(text, Time), pointer)
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error), pointer) from None


def ms_of(seconds: float) -> int:
    """Seconds as whole milliseconds, the unit of the model."""
    return round(seconds * 1000)
