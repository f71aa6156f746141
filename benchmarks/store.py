"""The store that all peers use in turns: a Valkey with an append-only file on a loopback port."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import valkey

from fairlane.store.embedded.binary import find_server_binary


class Store:
    """A running store."""

    def __init__(self, port: int, appendfsync: str) -> None:
        self.port = port
        self.appendfsync = appendfsync
        self._client = valkey.Valkey(port=port, decode_responses=True)

    def empty(self) -> None:
        """Forget all jobs and scripts."""
        self._client.flushall()
        self._client.script_flush()

    def cpu_seconds(self) -> float:
        """The time that the store's main thread has used."""
        cpu = self._info("cpu")
        return float(cpu["used_cpu_user_main_thread"]) + float(cpu["used_cpu_sys_main_thread"])

    def memory_bytes(self) -> int:
        return int(self._info("memory")["used_memory"])

    def _info(self, section: str) -> dict[str, str]:
        return cast(dict[str, str], self._client.info(section))

    def answers(self) -> bool:
        try:
            return bool(self._client.ping())
        except valkey.ConnectionError:
            return False


@contextmanager
def running_store(appendfsync: str) -> Iterator[Store]:
    """A store in a folder that is removed with it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="fl-bench-") as folder:
        command = [str(find_server_binary()), "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""]
        command += ["--appendonly", "yes", "--appendfsync", appendfsync]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            store = Store(port, appendfsync)
            while not store.answers():
                time.sleep(0.02)
            yield store
        finally:
            server.terminate()
            server.wait()
