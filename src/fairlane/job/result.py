"""The result of a job as the store keeps it."""

from __future__ import annotations

import inspect
from typing import Any

from ..model.errors import InvalidInput
from ..model.job import MAX_RESULT_BYTES
from ..model.json_text import check_json
from .json_values import encode

_NOT_AWAITED = (
    "the task returned a coroutine, which nothing awaits: a function around an async function must be `async def` too"
)


class InvalidResult(Exception):
    """The result cannot be kept. The job fails without a retry: the next attempt would end alike."""

    def __init__(self, message: str, kind: str = "InvalidResult") -> None:
        """`kind` is the type of the job's error."""
        super().__init__(message)
        self.kind = kind


def result_text(result: Any) -> bytes:
    """The result as JSON text. Raises InvalidResult."""
    if inspect.iscoroutine(result):
        result.close()  # or Python warns that nothing awaits it
        raise InvalidResult(_NOT_AWAITED)
    try:
        text = encode(result, "the result")
    except InvalidInput as error:
        raise InvalidResult(error.detail) from error
    if len(text) > MAX_RESULT_BYTES:
        raise InvalidResult(f"the result has {len(text)} bytes, {MAX_RESULT_BYTES} at most; store it elsewhere")
    try:
        check_json(text)  # a msgspec.Raw may hold anything
    except InvalidInput as error:
        raise InvalidResult(f"the result cannot be stored: {error.detail}") from error
    return text
