"""Sizes, waits and page lengths of the API."""

from __future__ import annotations

from ..model.job import MAX_PAYLOAD_BYTES

SMALL_BODY = 256 * 1024
"""Bytes of a request body, unless the operation takes more."""
JOB_BODY = MAX_PAYLOAD_BYTES + 64 * 1024
"""Bytes of `POST /jobs`: the payload and all other fields."""
LARGE_BODY = 16 * 1024 * 1024
"""Bytes of a request with many items."""
ITEM_BYTES = LARGE_BODY // 2
"""Bytes of the items that our client puts into one request."""

MAX_URI = 16 * 1024
"""Bytes of a path with its query. Percent-encoded, a cursor alone may need 12,000."""

MAX_PAGE = 100
DEFAULT_PAGE = 50
MAX_CURSOR = 1_000
"""Characters."""
MAX_BULK = 10_000
"""Jobs that one bulk call changes."""
MAX_WAIT_SECONDS = 30
"""The longest long poll. The server answers a longer one after this time."""
MAX_BACKOFF_SECONDS = 30 * 86_400
MAX_ECHO = 300
"""Characters of a refused field's name or value that an error repeats."""
STORE_RETRY_SECONDS = 1
"""When to repeat a call for which the store was not available."""
