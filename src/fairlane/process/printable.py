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


def printable_json(text: str) -> str:
    """JSON with the same value, in which nothing can steer the terminal or look like the end of a line."""
    if text.isprintable():
        return text
    # Outside of strings, JSON has no other characters than these.
    return "".join(char if char.isprintable() or char == "\n" else _json_escaped(char) for char in text)


def _json_escaped(char: str) -> str:
    units = char.encode("utf-16-be").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
