"""JSON text that is kept as it is, and that every client can read back."""

from __future__ import annotations

import re
from itertools import accumulate

import msgspec

from .errors import InvalidInput

MAX_DEPTH = 200
"""Nesting of arrays and objects. Common parsers fail at little more."""

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[{]}", b"\x02\x02\x00\x00")
_any_json = msgspec.json.Decoder()


def check_json(raw: bytes, pointer: str = "") -> None:
    """Check that this is JSON in UTF-8 that every client can read back; else raise InvalidInput.

    Some clients cannot read numbers out of range, nor nesting that exhausts their parser's stack.
    """
    try:
        _any_json.decode(raw)
    except RecursionError:
        raise too_deep(pointer) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(str(error), pointer) from None
    # Nearly all texts are too short for deep nesting.
    if len(raw) > 2 * MAX_DEPTH and raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
        raise too_deep(pointer)


def too_deep(pointer: str) -> InvalidInput:
    return InvalidInput(f"arrays and objects may be nested {MAX_DEPTH} deep at most", pointer)


def _depth(raw: bytes) -> int:
    brackets = _STRINGS.sub(b"", raw).translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(step - 1 for step in brackets), default=0)
