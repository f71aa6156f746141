"""Reads the figures that `fairlane top` shows."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ...backend import Backend
from ...model.monitor import Overview
from ...model.tenant import Tenant

_PAGE = 100
MOST_TENANTS = 500
"""A sample holds no more tenants, because each one costs a read."""


@dataclass(frozen=True)
class Sample:
    """The figures at one moment."""

    taken_at: float
    overview: Overview
    tenants: list[Tenant]
    all_tenants: bool


async def look(backend: Backend) -> Sample:
    """Take a sample."""
    taken_at = time.monotonic()
    overview = await backend.monitor.overview()
    tenants: list[Tenant] = []
    cursor: str | None = None
    while True:
        page, cursor = await backend.tenants.list(_PAGE, cursor)
        tenants += page
        if cursor is None or len(tenants) >= MOST_TENANTS:
            return Sample(taken_at, overview, tenants, cursor is None)
