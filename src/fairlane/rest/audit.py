"""The audit log."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.audit import AuditEntry
from .listings import Page
from .structs import View


class AuditListing(Page, frozen=True):
    """A page of the audit log, newest first."""


class AuditPage(View, frozen=True):
    """Some changes, and where the next ones begin (null at the end)."""

    entries: Sequence[AuditEntry]
    next_cursor: str | None
