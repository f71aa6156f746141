"""`fairlane up` where it cannot run: one clear line, exit 1, nothing left running."""

import contextlib
import signal
import socket
from pathlib import Path

import pytest

from tests.support.running import Running, eventually, fairlane, run, up
from tests.support.store_servers import server


def refusal_of(system: Running, code: int = 1) -> str:
    """The one line with which it refuses."""
    assert system.wait() == code
    assert system.survivors() == []
    assert system.rest_of_stdout() == ""
    [line] = system.log().splitlines()
    assert line.startswith("Error: ")
    return line


def test_a_folder_in_use_is_told_with_its_process(tmp_path: Path) -> None:
    with up(tmp_path) as first:
        api = first.await_ready()
        with up(tmp_path) as second:
            line = refusal_of(second)
            assert f"data folder {tmp_path}/.fairlane is in use" in line
            assert str(first.process.pid) in line
        port = api.url.rpartition(":")[2]
        with fairlane(tmp_path, "up", "--port", port) as second:
            assert f"in use by another fairlane, process {first.process.pid}" in refusal_of(second)
        assert first.survivors() != []
        api.await_state([api.submit("acme", "default", 1)], "completed")


def test_two_at_once_on_a_folder_make_one(tmp_path: Path) -> None:
    with up(tmp_path) as one, up(tmp_path) as other:
        first, second = (other, one) if _has_ended(one, other) is one else (one, other)
        refusal_of(second)
        first.await_ready()


def _has_ended(one: Running, other: Running) -> Running:
    eventually(lambda: one.process.poll() is not None or other.process.poll() is not None, 60, "one gives up")
    return one if one.process.poll() is not None else other


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with fairlane(tmp_path, "up", "--port", str(port)) as system:
            assert f"port {port} on 127.0.0.1 is taken" in refusal_of(system)
    assert not (tmp_path / ".fairlane").exists()


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nothing")):
        with up(tmp_path, "--data-dir", str(folder)) as system:
            assert f"data folder {folder} cannot be used" in refusal_of(system)


def test_a_store_whose_settings_lose_jobs_is_told(tmp_path: Path) -> None:
    with server() as port, up(tmp_path, "--store", f"valkey://127.0.0.1:{port}") as system:
        assert "appendonly" in refusal_of(system)


def test_a_store_that_is_not_there_is_told(tmp_path: Path) -> None:
    with up(tmp_path, "--store", "valkey://127.0.0.1:1") as system:
        assert "valkey://127.0.0.1:1 cannot be reached" in refusal_of(system)


def test_listening_beyond_loopback_is_refused(tmp_path: Path) -> None:
    with up(tmp_path, "--host", "192.0.2.1") as system:
        assert "tokens" in refusal_of(system, code=2)


@pytest.mark.parametrize(
    ("app", "told"),
    [
        ("nowhere:app", "No module named 'nowhere'"),
        ("broken:app", "ZeroDivisionError"),
        ("broken", "module:attr"),
        ("json:dumps", "not a fairlane App"),
    ],
)
def test_an_app_that_cannot_be_loaded_ends_the_start(tmp_path: Path, app: str, told: str) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    with fairlane(tmp_path, "up", app, "--port", "0") as system:
        assert system.wait() in (1, 2)
        assert system.survivors() == []
        assert system.rest_of_stdout() == ""
        assert told in system.log()


def test_a_damaged_data_folder_is_refused_and_repaired(tmp_path: Path) -> None:
    with up(tmp_path) as system:
        job_id = system.await_ready().submit("acme", "default", 1)
        system.process.send_signal(signal.SIGTERM)
        assert system.wait() == 0
    (tmp_path / ".fairlane" / "appendonlydir" / "appendonly.aof.manifest").unlink()
    with up(tmp_path) as system:
        assert system.wait() == 1
        assert "fairlane repair --data-dir" in refusal_of(system)
    done = run(tmp_path, "repair", "--yes")
    assert done.stdout.startswith("rebuilt appendonly.aof.manifest from the names of the files\nrepaired; ")
    with up(tmp_path) as system:
        assert system.await_ready().job(job_id)["id"] == job_id
        assert "stop it first" in run(tmp_path, "repair", "--yes", code=1).stderr
    assert run(tmp_path, "repair", "--yes").stdout == "nothing is damaged\n"
