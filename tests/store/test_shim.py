"""The shim that becomes the server ends with its keeper on every system."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from fairlane.store.embedded import shim

WITHOUT_PDEATHSIG = """
import runpy, sys
sys.platform = "elsewhere"
path, sys.argv[1:] = sys.argv[1], sys.argv[2:]
sys.argv[0] = path
runpy.run_path(path, run_name="__main__")
"""


def test_where_the_kernel_cannot_a_watchdog_ends_the_server(tmp_path: Path) -> None:
    """The way of systems without PR_SET_PDEATHSIG, whose keeper holds the other end of a pipe."""
    read_end, write_end = os.pipe()
    command = [sys.executable, "-c", WITHOUT_PDEATHSIG, shim.__file__, str(os.getpid())]
    command += [str(tmp_path / "server.lock"), str(read_end), "--", shutil.which("sleep") or "/bin/sleep", "60"]
    process = subprocess.Popen(command, pass_fds=(read_end,), start_new_session=True)
    try:
        os.close(read_end)
        deadline = time.monotonic() + 30
        while not _executes(process.pid, "sleep"):
            assert time.monotonic() < deadline, "the program does not run"
        os.close(write_end)
        assert process.wait(timeout=30) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait()


def _executes(pid: int, name: str) -> bool:
    arguments = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return Path(arguments.stdout.strip()).name == name
