"""Steps that the tests of Django's tasks share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fairlane.model.job import Job
from fairlane.testing import Testing


def drain(testing: Testing) -> list[Job]:
    return asyncio.run(testing.drain())


def tasks() -> Any:
    from tests.contrib.shop import tasks

    return tasks


@contextmanager
def hearing(receiver: Callable[..., None], *signals: Any) -> Iterator[None]:
    """Meanwhile, this receiver is connected."""
    for signal in signals:
        signal.connect(receiver)
    try:
        yield
    finally:
        for signal in signals:
            signal.disconnect(receiver)
