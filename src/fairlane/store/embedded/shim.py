"""Becomes the server, once nobody else serves the folder; ends it when its keeper is gone.

Run as a file by a bare interpreter, so it imports nothing of ours:
`python -I -S shim.py KEEPER_PID LOCK_FILE PIPE_FD -- PROGRAM ARGUMENT...`
"""

from __future__ import annotations

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
    os.execv(program[0], program)


def _die_with_parent(keeper: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        sys.exit(f"prctl failed: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != keeper:
        sys.exit("the keeper ended while the store was starting")


def _fork_watchdog(pipe_fd: int) -> None:
    """Leave a child behind that ends this process (its parent) when the keeper's end of the pipe closes."""
    server = os.getpid()
    if os.fork():
        os.close(pipe_fd)
        return
    os.read(pipe_fd, 1)
    if os.getppid() == server:
        os.kill(server, signal.SIGTERM)
    os._exit(0)


def _lock_folder(lock_file: str) -> None:
    """Lock the folder for as long as the server lives: it inherits the descriptor.

    A server whose keeper was killed may still be writing its last; two servers on one
    append-only file would ruin it.
    """
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
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
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except OSError:
        pass  # a full disk: whom the file names only helps those who read it
    os.set_inheritable(descriptor, True)


if __name__ == "__main__":
    main(sys.argv[1:])
