"""Commands that are told to stop while they still wait for their store: they end at once, exit 0, and leave nothing."""

import fcntl
import signal
from pathlib import Path

import pytest
from valkey.exceptions import BusyLoadingError

from tests.support.running import Running, eventually, fairlane
from tests.support.store_servers import SAFE, server, tell

COMMANDS = {
    "up": ("up", "--port", "0", "--store"),
    "workers": ("worker", "fairlane.builtin:app", "--processes", "2", "--store"),
    "upkeep": ("upkeep", "--store"),
}


def ends_when_told(system: Running, number: int) -> None:
    system.process.send_signal(number)
    assert system.wait(within_s=15) == 0, system.log()
    assert system.survivors() == []
    assert "Error" not in system.log() and "Traceback" not in system.log()


def test_up_that_waits_for_the_server_before(tmp_path: Path) -> None:
    folder = tmp_path / ".fairlane"
    folder.mkdir(mode=0o700)
    with open(folder / "server.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as a server before does that has not ended yet
        with fairlane(tmp_path, "up", "--port", "0") as system:
            eventually((folder / "store.log").exists, 30, "the store is being started")
            ends_when_told(system, signal.SIGTERM)


@pytest.fixture
def long_journal(tmp_path: Path) -> Path:
    """The folder of a server that takes its time to load it."""
    folder = tmp_path / "data"
    folder.mkdir()
    with server(*SAFE, folder=folder) as port:
        script = "for i = 1, 100000 do redis.call('SET', 'key' .. i, i) end"
        tell(port, "EVAL", script, "0")
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_store_that_loads_its_data(tmp_path: Path, long_journal: Path, command: str) -> None:
    with server(*SAFE, "--key-load-delay", "300", folder=long_journal) as port:
        with fairlane(tmp_path, *COMMANDS[command], f"valkey://127.0.0.1:{port}") as system:
            eventually(lambda: clients_of(port) > 0, 30, "it waits for the store")
            ends_when_told(system, signal.SIGINT)
        with pytest.raises(BusyLoadingError):
            tell(port, "PING")


def clients_of(port: int) -> int:
    """How many clients a server has, beside the one that asks."""
    info = tell(port, "INFO", "clients")
    assert isinstance(info, dict)
    return int(info["connected_clients"]) - 1
