"""What an acknowledgement means."""

from __future__ import annotations

from enum import StrEnum


class Durability(StrEnum):
    """When the store may acknowledge a write."""

    DISK = "disk"
    """Once it is on disk: nothing acknowledged is lost with the power."""
    MEMORY = "memory"
    """Once it is in memory; it is on disk within two seconds."""

    @property
    def appendfsync(self) -> str:
        """The setting of the store that gives this durability at the least cost."""
        return "always" if self is Durability.DISK else "everysec"

    @property
    def accepted_appendfsync(self) -> frozenset[str]:
        """All settings of the store that are good enough."""
        return frozenset({"always"}) if self is Durability.DISK else frozenset({"always", "everysec"})
