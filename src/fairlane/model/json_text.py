"""JSON text that is kept word for word: what every client can read back."""

from __future__ import annotations

import re
from itertools import accumulate

import msgspec

from .errors import InvalidInput

MAX_DEPTH = 200
"""Nesting of arrays and objects. Clients' own parsers give up not far above."""

_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[{]}", b"\x02\x02\x00\x00")
_any_json = msgspec.json.Decoder()


def check_json(raw: bytes, pointer: str = "") -> None:
    """Refuse what is no JSON in UTF-8, or JSON that not every client could read back. Raises InvalidInput.

    The latter is: numbers that no common parser holds, and nesting that exhausts their stacks.
    """
    try:
        _any_json.decode(raw)
    except RecursionError:
        raise too_deep(pointer) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(str(error), pointer) from None
    # Short text, which nearly all is, holds no such nesting.
    if len(raw) > 2 * MAX_DEPTH and raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
        raise too_deep(pointer)


def too_deep(pointer: str) -> InvalidInput:
    return InvalidInput(f"arrays and objects may be nested {MAX_DEPTH} deep at most", pointer)


def _depth(raw: bytes) -> int:
    brackets = _STRINGS.sub(b"", raw).translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(step - 1 for step in brackets), default=0)
