"""Commands run in the process of the tests. They set up logging for the whole process, which is undone here."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from fairlane.process import logs


@pytest.fixture(autouse=True)
def undone_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    own = logging.getLogger("fairlane")
    own_level = own.level
    monkeypatch.setattr(logs, "_setup", logs._setup)
    yield
    root.handlers, root.level = handlers, level
    own.setLevel(own_level)
    logging.captureWarnings(False)
