"""The data folder of an embedded store: made, checked, locked; and where its socket is."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import stat
import tempfile
from pathlib import Path

from ...model.errors import StoreRefused

# sun_path holds 108 bytes on Linux and 104 on macOS, with the NUL.
MAX_SOCKET_PATH_BYTES = 100
_OURS = {
    *("up.lock", "store.lock", "server.lock", "store.log", "store.log.1"),
    *("store.sock", "store.socket-path", "store.socket-path.new", "appendonlydir"),
}
"""All that a data folder has in it, unless it serves its owner for something else too."""

_log = logging.getLogger(__name__)


class DataFolder:
    """One folder, used by at most one server at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.up_lock_path = self.path / "up.lock"
        self.keeper_lock_path = self.path / "store.lock"
        self.server_lock_path = self.path / "server.lock"
        self.log_path = self.path / "store.log"
        self._socket_record = self.path / "store.socket-path"

    def prepare(self) -> None:
        """Make the folder, mode 0700 unless other files are in it too. Raises StoreRefused where that cannot be."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = stat.S_IMODE(self.path.stat().st_mode)
            if mode & 0o077:
                self._make_private(mode)
            self.keeper_lock_path.touch(mode=0o600)
        except OSError as error:
            raise StoreRefused(f"data folder {self.path} cannot be used: {error.strerror}") from None

    def _make_private(self, mode: int) -> None:
        """Close the folder to others, unless its owner has something else in it."""
        if all(entry.name in _OURS for entry in self.path.iterdir()):
            try:
                self.path.chmod(0o700)
                return
            except PermissionError:
                _log.warning("data folder %s belongs to another user; its mode %o stays", self.path, mode)
        if mode & 0o022:
            raise StoreRefused(f"data folder {self.path} can be written by others: name a new or empty folder")

    def socket_path(self) -> Path:
        """Where the server's socket is, or would be. Raises StoreRefused."""
        recorded = self._recorded_socket_path()
        if recorded is not None:
            return recorded
        path = self.path / "store.sock"
        return path if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES else self._short_socket_path()

    def record_socket_path(self, path: Path) -> None:
        """Tell others, who know the folder by another path or another temporary folder where the socket is."""
        if self._recorded_socket_path() == path:
            return
        scratch = self._socket_record.with_suffix(".new")
        with contextlib.suppress(OSError):  # on a full disk, the server runs for those who find it without
            scratch.touch(mode=0o600)
            scratch.write_text(str(path), "utf-8", "surrogateescape")
            scratch.replace(self._socket_record)

    def _recorded_socket_path(self) -> Path | None:
        try:
            path = Path(self._socket_record.read_text("utf-8", "surrogateescape"))
            # A copy of a folder brings the record of the original along.
            is_within = path.name == "store.sock" and path.parent.samefile(self.path)
            is_ours = is_within or (path.parent.name == self._short_name() and _is_private(path.parent))
        except (OSError, ValueError):
            return None
        return path if is_ours else None

    def _short_name(self) -> str:
        status = self.path.stat()
        return "fairlane-" + hashlib.sha256(f"{status.st_dev}:{status.st_ino}".encode()).hexdigest()[:16]

    def _short_socket_path(self) -> Path:
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        for base in (runtime, tempfile.gettempdir(), "/tmp"):  # noqa: S108 - a private folder within it
            if not base or not os.access(base, os.W_OK):
                continue
            path = Path(base) / self._short_name() / "store.sock"
            if len(os.fsencode(path)) > MAX_SOCKET_PATH_BYTES:
                continue
            path.parent.mkdir(mode=0o700, exist_ok=True)
            if not _is_private(path.parent):
                raise StoreRefused(f"{path.parent} is not a private folder of this user: remove it")
            return path
        raise StoreRefused(f"the path of data folder {self.path} is too long for a unix socket: name a shorter one")


def _is_private(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077


class FolderLock:
    """A right that one holder has at a time; the kernel takes it back when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free. Raises StoreRefused where the folder cannot be locked at all."""
        if self._descriptor is not None:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreRefused(f"{self._path} cannot be opened: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except OSError as error:
            os.close(descriptor)
            raise StoreRefused(f"{self._path} cannot be locked: {error.strerror}") from None
        self._descriptor = descriptor
        # The process id is only informative, and a full disk may have no room for it. It always has the same length, so
        # that a reader never finds half of it.
        with contextlib.suppress(OSError):
            os.pwrite(descriptor, f"{os.getpid():>10}\n".encode(), 0)
        return True

    def is_taken(self) -> bool:
        """Whether another holder has it, in this process or elsewhere. Takes and makes nothing."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return False

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self.forget()

    def forget(self) -> None:
        """In a forked child: drop the copy of a lock that stays its parent's."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def read_pid(path: Path) -> int | None:
    """The process id that a lock file names; None where it names none, as on a disk that was full."""
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
