"""What a running server says of itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

_READY = re.compile(r"ready on (http://\S+)")


def ask_server(*paths: str) -> dict[str, str]:
    """The answers of an API on an empty store. Raises RuntimeError if it does not start."""
    with TemporaryDirectory(prefix="fairlane-") as folder:
        command = [str(Path(sys.executable).with_name("fairlane")), "serve", "--port", "0", "--data-dir", folder]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
            try:
                ready = _READY.search(server.stdout.readline() if server.stdout else "")
                if ready is None:
                    raise RuntimeError("fairlane serve did not start; its log is above")
                return {path: _get(ready[1] + path) for path in paths}
            finally:
                server.terminate()


def _get(url: str) -> str:
    with urlopen(url, timeout=30) as answer:  # noqa: S310, since the URL is our own server's
        text: str = answer.read().decode()
        return text
