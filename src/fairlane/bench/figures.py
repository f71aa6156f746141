"""What a measurement says."""

from __future__ import annotations

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One number. `goal` is what we want of it, in words, or empty."""

    name: str
    value: float
    unit: str
    goal: str = ""
