"""The data folder of an embedded store: its files, its locks and its socket.

The folder may lie in a current folder with foreign files. No symlink in it is followed, and no file of another
user is used.
"""

from __future__ import annotations

import contextlib
import errno
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
_FILES = ("up.lock", "store.lock", "server.lock", "store.log", "store.log.1", "store.socket-path", "store.initialized")
_TYPES = dict.fromkeys([*_FILES, "store.socket-path.new"], stat.S_IFREG) | {
    "store.sock": stat.S_IFSOCK,
    "appendonlydir": stat.S_IFDIR,
}
"""The entries of a data folder, with their types. Its owner may keep other files in it, too."""

_TYPE_NAMES = {stat.S_IFDIR: "a folder", stat.S_IFREG: "a file", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}

_log = logging.getLogger(__name__)


class DataFolder:
    """One folder, which at most one server uses at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.up_lock_path = self.path / "up.lock"
        self.keeper_lock_path = self.path / "store.lock"
        self.server_lock_path = self.path / "server.lock"
        self.log_path = self.path / "store.log"
        self._socket_record = self.path / "store.socket-path"
        self._initialized_mark = self.path / "store.initialized"

    def prepare(self) -> None:
        """Create the folder, with mode 0700 unless it also holds other files. Raises StoreRefused."""
        if self.path.is_symlink():  # it may come with a repository, and point to any folder of the user
            raise StoreRefused(f"data folder {self.path} is a symlink: name the folder that it points to")
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = stat.S_IMODE(self.path.stat().st_mode)
            if mode & 0o077:
                self._make_private(mode)
            self._check_entries()
            os.close(open_private(self.keeper_lock_path, os.O_RDWR | os.O_CREAT))
        except OSError as error:
            raise StoreRefused(f"data folder {self.path} cannot be used: {error.strerror}") from None

    def _make_private(self, mode: int) -> None:
        """Close the folder to others, unless it also holds other files."""
        if all(entry.name in _TYPES for entry in self.path.iterdir()):
            try:
                self.path.chmod(0o700)
                return
            except PermissionError:
                _log.warning("data folder %s belongs to another user; its mode %o stays", self.path, mode)
        if mode & 0o022:
            raise StoreRefused(f"data folder {self.path} can be written by others: name a new or empty folder")

    def _check_entries(self) -> None:
        """Raises StoreRefused for a symlink, an entry of the wrong type, or one that belongs to another user."""
        for entry in self.path.iterdir():
            expected = _TYPES.get(entry.name)
            if expected is not None:
                check_entry(entry, expected)
            if expected == stat.S_IFDIR:
                for file in entry.iterdir():
                    check_entry(file, stat.S_IFREG)

    @property
    def is_initialized(self) -> bool:
        """Whether a server has run on this folder before, so that it must hold data."""
        return self._initialized_mark.exists()

    def mark_initialized(self) -> None:
        """Note that the folder holds data from now on."""
        with contextlib.suppress(OSError):  # a full disk
            os.close(open_private(self._initialized_mark, os.O_WRONLY | os.O_CREAT))

    def socket_path(self) -> Path:
        """The path of the server's socket, whether it exists or not. Raises StoreRefused."""
        recorded = self._recorded_socket_path()
        if recorded is not None:
            return recorded
        path = self.path / "store.sock"
        return path if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES else self._short_socket_path()

    def record_socket_path(self, path: Path) -> None:
        """Record the socket for processes that know the folder by another path, or have another temporary folder."""
        if self._recorded_socket_path() == path:
            return
        scratch = self._socket_record.with_suffix(".new")
        with contextlib.suppress(OSError):  # a full disk; most processes find the socket without the record
            with open(open_private(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as record:
                record.write(os.fsencode(path))
            scratch.replace(self._socket_record)

    def _recorded_socket_path(self) -> Path | None:
        try:
            with open(open_private(self._socket_record, os.O_RDONLY), "rb") as record:
                path = Path(os.fsdecode(record.read()))
            # A copy of a folder contains the record of the original.
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


def open_private(path: Path, flags: int) -> int:
    """Open a file of the data folder. Raises OSError; StoreRefused if it is not a regular file of this user."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise StoreRefused(f"{path} is a symlink: remove it") from None
        raise
    try:
        _check_status(path, os.fstat(descriptor), stat.S_IFREG)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def check_entry(path: Path, expected: int) -> None:
    """Raises StoreRefused unless `path` is of this type (as in `stat.S_IFREG`) and belongs to this user."""
    with contextlib.suppress(FileNotFoundError):  # another process removed it
        _check_status(path, path.lstat(), expected)


def _check_status(path: Path, status: os.stat_result, expected: int) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise StoreRefused(f"{path} is a symlink: remove it")
    if stat.S_IFMT(status.st_mode) != expected:
        raise StoreRefused(f"{path} is {_TYPE_NAMES.get(stat.S_IFMT(status.st_mode), 'not a file')}: remove it")
    if status.st_uid != os.geteuid():
        raise StoreRefused(
            f"{path} belongs to another user (uid {status.st_uid}): run as that user, or `chown` the folder"
        )


def _is_private(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o077


class FolderLock:
    """A file lock. The kernel releases it when the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free. Raises StoreRefused if the folder cannot be locked."""
        if self._descriptor is not None:
            return True
        try:
            descriptor = open_private(self._path, os.O_RDWR | os.O_CREAT)
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
        """Whether this process or another one holds the lock. Takes and creates nothing."""
        try:
            descriptor = open_private(self._path, os.O_RDONLY)
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
        """Release the lock."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            self.forget()

    def forget(self) -> None:
        """In a forked child, close the copy of a lock that belongs to the parent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def read_pid(path: Path) -> int | None:
    """The process id in a lock file; None if it is empty, as after a full disk."""
    try:
        with open(open_private(path, os.O_RDONLY), "rb") as file:
            return int(file.read(32))
    except (OSError, ValueError):
        return None
