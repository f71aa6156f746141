"""Starts the process of the server, and reads its log."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from ...model.durability import Durability
from . import shim
from .binary import find_server_binary
from .folder import DataFolder, open_private
from .probe import shut_down

MAX_CLIENTS = 4096
MAX_PACKED_MEMBERS = 32
"""Members of a sorted set, and fields of a hash, that the server keeps as a packed list. To find one, it reads the list
from the start: a batch over 500 queues would read lists of 500 fields 500 times."""
_ALLOCATOR = "GLIBC_TUNABLES"
_FREED_FOR_REUSE = "glibc.malloc.tcache_count=1000"
"""How many freed pieces of a size glibc keeps at hand. A script on a batch frees hundreds; by default it keeps 7, and
collecting the others takes a tenth of the store's time."""
MAX_LOG_BYTES = 4 * 1024 * 1024
_LOG_TAIL_BYTES = 8192
_LEAST_ROOM_BYTES = 4096
_LOG_PREFIX = re.compile(r"^\d+:\w \d+ \w+ \d+ [\d:.]+ ([#*.-]) ")


class ServerProcess:
    """One run of the server, a child of the thread that made it.

    The thread must outlive the child: on Linux the child ends with the thread.
    """

    def __init__(self, folder: DataFolder, durability: Durability, socket_path: Path, max_memory: int) -> None:
        self._folder = folder
        self._socket_path = socket_path
        _bound_log(folder.log_path)
        self._log_start = _size(folder.log_path)
        program = str(find_server_binary())
        read_end, self._lifeline = os.pipe()
        command = [sys.executable, "-I", "-S", shim.__file__, str(os.getpid()), str(folder.server_lock_path)]
        command += [str(read_end), "--", program, *_settings(folder, durability, socket_path, max_memory)]
        try:
            with open(open_private(folder.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab") as log:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(read_end,),
                    # Ctrl-C in a terminal must not reach the store before the workers have drained.
                    start_new_session=True,
                    cwd=folder.path,
                    env={_ALLOCATOR: _FREED_FOR_REUSE, **os.environ},
                )
        except BaseException:
            os.close(self._lifeline)
            raise
        finally:
            os.close(read_end)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> int:
        """Wait for the end of the process; its exit code, or minus the signal that ended it."""
        code = self._process.wait()
        os.close(self._lifeline)
        return code

    def terminate(self) -> None:
        """Ask the server to flush its file and end. Repeat this until the process has ended.

        SIGTERM only ends the shim: the server blocks it, and may not listen on its socket yet.
        """
        self._process.terminate()
        shut_down(self._socket_path)

    def kill(self) -> None:
        """End the server at once."""
        self._process.kill()

    def last_words(self) -> str:
        """The most telling line that this run logged."""
        try:
            with open(open_private(self._folder.log_path, os.O_RDONLY), "rb") as log:
                log.seek(max(self._log_start, _size(self._folder.log_path) - _LOG_TAIL_BYTES))
                lines = [line for line in log.read().decode(errors="replace").splitlines() if line.strip()]
            is_full = shutil.disk_usage(self._folder.path).free < _LEAST_ROOM_BYTES
        except OSError as error:
            return f"its log cannot be read: {error.strerror}"
        silence = "its disk is full" if is_full else "it logged nothing"
        grave = [line for line in lines if _is_grave(line)]
        return _LOG_PREFIX.sub("", (grave or lines or [silence])[-1]).strip()


def _is_grave(line: str) -> bool:
    """Whether the line says why the server ended: its own at the level of warnings, or one not of its format."""
    match = _LOG_PREFIX.match(line)
    return match is None or (match[1] == "#" and not line[match.end() :].startswith("WARNING"))


def _settings(folder: DataFolder, durability: Durability, socket_path: Path, max_memory: int) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": str(socket_path),
        "unixsocketperm": "700",
        "dir": str(folder.path),
        "logfile": "",  # it logs to the file that we opened
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": durability.appendfsync,
        "aof-load-truncated": "yes",
        "sanitize-dump-payload": "yes",
        "save": "",
        "maxmemory": str(max_memory),
        "maxmemory-policy": "noeviction",
        "maxclients": str(MAX_CLIENTS),
        "zset-max-listpack-entries": str(MAX_PACKED_MEMBERS),
        "hash-max-listpack-entries": str(MAX_PACKED_MEMBERS),
    }
    return [word for name, value in settings.items() for word in (f"--{name}", value)]


def _bound_log(path: Path) -> None:
    if _size(path) > MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
