"""Text for a terminal or a log, in which control characters are inert."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


def printable(value: Any) -> str:
    """`value` as text in which nothing can steer the terminal."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    text = bytes(value).decode(errors="replace") if isinstance(value, msgspec.Raw) else str(value)
    return "".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
