"""When a write may be acknowledged."""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec

from .errors import InvalidInput

_FORM = re.compile(r"disk|memory|replicas:[1-9]")


class Durability(msgspec.Struct, frozen=True):
    """`disk`, `memory`, or `replicas:N`. Raises InvalidInput for other texts."""

    value: str

    DISK: ClassVar[Durability]
    """Once it is on disk: a power cut loses nothing that was acknowledged."""
    MEMORY: ClassVar[Durability]
    """Once it is in memory; it is on disk within two seconds."""

    def __post_init__(self) -> None:
        if not _FORM.fullmatch(self.value):
            raise InvalidInput(f"durability {self.value!r} must be disk, memory or replicas:N, with N from 1 to 9")

    @property
    def replicas(self) -> int:
        """The number of replicas that must have a new job on disk too, before it is accepted."""
        return int(self.value.removeprefix("replicas:")) if self.value.startswith("replicas:") else 0

    @property
    def appendfsync(self) -> str:
        """The cheapest appendfsync setting with this durability."""
        return "everysec" if self == Durability.MEMORY else "always"

    @property
    def accepted_appendfsync(self) -> frozenset[str]:
        """The appendfsync settings that suffice."""
        return frozenset({"always", self.appendfsync})


Durability.DISK = Durability("disk")
Durability.MEMORY = Durability("memory")
