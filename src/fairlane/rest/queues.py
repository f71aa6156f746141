"""Queues."""

from __future__ import annotations

from ..model.overview import QueueInfo
from .structs import View


class QueueList(View, frozen=True):
    """Every queue that has been used."""

    queues: list[QueueInfo]
