"""A store with `fairlane up`'s settings, and a worker process for an example's app."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.running import Running

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Starts the command of an example, `fairlane up MODULE:jobs`, with options, in a separate folder."""
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("FAIRLANE_URL", f"embedded:{tmp_path / '.fairlane'}")
    with ExitStack() as ends:

        def start(app: str, *options: str) -> None:
            running = Running(tmp_path, "up", app, "--port", "0", *options)
            ends.callback(running.end)
            running.await_ready()

        yield start
