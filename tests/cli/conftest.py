"""Commands run in the process of the tests. They set up logging for the whole process, which is undone here."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fairlane.cli.main import cli
from fairlane.process import logs
from fairlane.store import Durability, EmbeddedServer
from tests.support.commands import Run


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


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a store that runs while this file's tests do."""
    server = EmbeddedServer(tmp_path_factory.mktemp("store"), Durability.MEMORY)
    server.start()
    yield server.data_dir
    server.stop()


@pytest.fixture
def run(data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAIRLANE_DATA_DIR", str(data_dir))
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")

    def run(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == code, result.output
        return result

    return run
