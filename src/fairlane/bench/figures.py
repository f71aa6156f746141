"""The results of a measurement."""

from __future__ import annotations

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One number. `goal` says in words what we want it to be, or is empty."""

    name: str
    value: float
    unit: str
    goal: str = ""
