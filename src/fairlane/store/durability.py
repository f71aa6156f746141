"""When a write may be acknowledged."""

from __future__ import annotations

from enum import StrEnum


class Durability(StrEnum):
    """When the store may acknowledge a write."""

    DISK = "disk"
    """Once it is on disk: a power cut loses nothing that was acknowledged."""
    MEMORY = "memory"
    """Once it is in memory; it is on disk within two seconds."""

    @property
    def appendfsync(self) -> str:
        """The cheapest appendfsync setting with this durability."""
        return "always" if self is Durability.DISK else "everysec"

    @property
    def accepted_appendfsync(self) -> frozenset[str]:
        """The appendfsync settings that suffice."""
        return frozenset({"always"}) if self is Durability.DISK else frozenset({"always", "everysec"})
