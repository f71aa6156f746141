"""Restarts workers when source files change, in development."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ..model.errors import InvalidInput
from .child import Child
from .retrying import insist

_log = logging.getLogger(__name__)


def check_can_reload() -> None:
    """Raises InvalidInput if watchfiles is not installed."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise InvalidInput("--reload needs the package watchfiles: pip install 'fairlane[reload]'") from None


@asynccontextmanager
async def reloading(children: Sequence[Child], wanted: bool) -> AsyncIterator[None]:
    """If `wanted`, restart the children meanwhile whenever a Python file below the current folder changes."""
    if not wanted:
        yield
        return
    task = asyncio.create_task(insist("watching the source files", lambda: _restart_on_change(children)))
    try:
        yield
    finally:
        task.cancel()


async def _restart_on_change(children: Sequence[Child]) -> None:
    from watchfiles import PythonFilter, awatch

    async for changes in awatch(Path.cwd(), watch_filter=PythonFilter()):
        names = sorted({Path(path).name for _, path in changes})
        _log.info("%s changed; restarting the workers", ", ".join(names[:3]) + (" ..." if len(names) > 3 else ""))
        await asyncio.gather(*(child.restart() for child in children))
