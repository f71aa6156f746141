"""Waits for the lock of the data folder, then becomes the server. The server is killed when its keeper ends.

Run as a file by a bare interpreter, so it imports nothing from fairlane:
`python -I -S shim.py KEEPER_PID LOCK_FILE PIPE_FD -- PROGRAM ARGUMENT...`
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import sys
import time

WAIT_FOR_LOCK_S = 10.0
_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    keeper, lock_file, pipe_fd = int(arguments[0]), arguments[1], int(arguments[2])
    program = arguments[4:]
    os.umask(0o077)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        os.close(pipe_fd)
        _die_with_parent(keeper)
    else:
        _fork_watchdog(pipe_fd)
    _lock_folder(lock_file)
    # The server keeps this mask. A stop signal sent to every process must not end it before the workers have drained;
    # its keeper stops it with the command SHUTDOWN.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    os.execv(program[0], program)


def _die_with_parent(keeper: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != keeper:
        sys.exit("the keeper ended while the store was starting")


def _fork_watchdog(pipe_fd: int) -> None:
    """Fork a watchdog that kills this process (its parent) when the keeper's end of the pipe closes."""
    server = os.getpid()
    if os.fork():
        os.close(pipe_fd)
        return
    os.read(pipe_fd, 1)
    if os.getppid() == server:
        os.kill(server, signal.SIGKILL)
    os._exit(0)


def _lock_folder(lock_file: str) -> None:
    """Lock the folder for as long as the server lives, which inherits the descriptor.

    Two servers on one append-only file would ruin it, and the previous server may not have ended yet.
    """
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + WAIT_FOR_LOCK_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = os.read(descriptor, 32).decode(errors="replace").strip()
                sys.exit(f"another server (pid {holder}) still serves this folder")
            time.sleep(0.02)
    # The process id is only informative, and a full disk may have no room for it. It always has the same length,
    # so that a reader never finds half of it.
    with contextlib.suppress(OSError):
        os.pwrite(descriptor, f"{os.getpid():>10}\n".encode(), 0)
    os.set_inheritable(descriptor, True)


if __name__ == "__main__":
    main(sys.argv[1:])
