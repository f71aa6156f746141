"""A primary, replicas and Sentinels on loopback, for tests that kill the primary or cut it off."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import valkey

from fairlane.store.embedded.binary import find_server_binary
from tests.support.store_servers import SAFE, await_listening, eventually, free_port, replicas_follow, tell

SERVICE = "main"
DOWN_AFTER_MS = 2_000
"""How long a server is silent before the Sentinels take it for dead."""


class SentinelGroup:
    """Servers that hold the same data, and three Sentinels that watch them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self.servers: list[int] = []
        self._sentinels: list[int] = []

    @property
    def url(self) -> str:
        return f"sentinel://{','.join(f'127.0.0.1:{port}' for port in self._sentinels)}/{SERVICE}"

    def primary(self) -> int:
        """The port of the server that the Sentinels name."""
        reply = tell(self._sentinels[0], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        assert isinstance(reply, list)
        return int(reply[1])

    def has_another_primary_than(self, port: int) -> Callable[[], Awaitable[bool]]:
        """Whether the Sentinels name another server."""

        async def ask() -> bool:
            return self.primary() != port

        return ask

    def kill(self, port: int) -> None:
        """The server dies without a word."""
        self._running[port].kill()
        self._running[port].wait()

    def freeze(self, port: int) -> None:
        """The server is cut off: connections to it stay open, and it does not answer."""
        self._running[port].send_signal(signal.SIGSTOP)

    def thaw(self, port: int) -> None:
        """The server goes on as if no time had passed, and believes what it believed before."""
        self._running[port].send_signal(signal.SIGCONT)

    def start(self, port: int, *settings: str) -> None:
        """Start a server, with its earlier data if it has run before."""
        self._start(port, "server", "--bind", "127.0.0.1", "--save", "", "--repl-diskless-sync-delay", "0", *settings)

    async def start_all(self, replicas: int) -> None:
        self.servers = [free_port() for _ in range(1 + replicas)]
        first, *others = self.servers
        self.start(first, *SAFE)
        for port in others:
            self.start(port, *SAFE, "--replicaof", f"127.0.0.1 {first}")
        await replicas_follow(first, replicas)
        self._sentinels = [free_port() for _ in range(3)]
        for port in self._sentinels:
            self._start_sentinel(port, first)
        await eventually(lambda: self._sentinels_know(replicas), 60)

    def end(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()

    async def _sentinels_know(self, replicas: int) -> bool:
        for port in self._sentinels:
            with valkey.Valkey(port=port) as client:
                state = client.sentinel_master(SERVICE)
            if (state["num-other-sentinels"], state["num-slaves"]) != (2, replicas):
                return False
        return True

    def _start_sentinel(self, port: int, primary: int) -> None:
        config = self._folder / f"sentinel-{port}.conf"
        config.write_text(
            f"bind 127.0.0.1\nsentinel monitor {SERVICE} 127.0.0.1 {primary} 2\n"
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        self._start(port, "sentinel", str(config), "--sentinel")

    def _start(self, port: int, name: str, *arguments: str) -> None:
        folder = self._folder / f"{name}-{port}"
        folder.mkdir(exist_ok=True)
        first, rest = (arguments[:1], arguments[1:]) if name == "sentinel" else ((), arguments)
        command = [str(find_server_binary()), *first, "--port", str(port), "--dir", str(folder), *rest]
        command += ["--logfile", str(folder / "log")]
        self._running[port] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        await_listening(port)


@asynccontextmanager
async def sentinel_group(replicas: int) -> AsyncIterator[SentinelGroup]:
    """A primary with replicas, and three Sentinels."""
    with tempfile.TemporaryDirectory(prefix="fl-") as folder:
        group = SentinelGroup(Path(folder))
        try:
            await group.start_all(replicas)
            yield group
        finally:
            await asyncio.to_thread(group.end)
