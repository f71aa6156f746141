"""Limits texts, headers and errors to what can be stored."""

from __future__ import annotations

import msgspec

from .errors import InvalidInput
from .job import MAX_ERROR_BYTES, MAX_HEADERS_BYTES, JobError
from .names import plain_text

_MAX_TYPE = 200
_MAX_MESSAGE = 2_000
_CUT = " …"
_encode = msgspec.json.Encoder().encode


def job_error(kind: str, message: str, trace: str | None = None) -> JobError:
    """An error small enough to be stored. Of a long traceback, the end is kept: it says most."""
    tail = storable(trace[-MAX_ERROR_BYTES:]) if trace else None
    error = JobError(_cut(kind, _MAX_TYPE), _cut(message, _MAX_MESSAGE), tail)
    while error.traceback and len(_encode(error)) > MAX_ERROR_BYTES:
        excess = len(_encode(error)) - MAX_ERROR_BYTES
        kept = max(0, len(error.traceback) - max(excess // 6, 100))
        shorter = _CUT + error.traceback[len(error.traceback) - kept :] if kept else None
        error = JobError(error.type, error.message, shorter)
    return error


def check_headers(headers: dict[str, str]) -> dict[str, str]:
    """Return `headers`, as plain texts, if their JSON, which is stored, is not too large.

    Raises InvalidInput otherwise.
    """
    plain = {
        plain_text(name, "the name of a header", "/headers"): plain_text(value, f"header {name}", "/headers")
        for name, value in headers.items()
    }
    try:
        size = len(_encode(plain))
    except UnicodeEncodeError as error:
        raise InvalidInput(f"headers must be texts: {error}", "/headers") from None
    if size > MAX_HEADERS_BYTES:
        raise InvalidInput(f"headers must have {MAX_HEADERS_BYTES} bytes at most, written as JSON", "/headers")
    return plain


def _cut(text: str, limit: int) -> str:
    text = storable(text[: limit + 1])
    return text if len(text) <= limit else text[:limit] + _CUT


def storable(text: str) -> str:
    """`text` without lone surrogates, which JSON cannot carry."""
    return text.encode("utf-8", "backslashreplace").decode()
