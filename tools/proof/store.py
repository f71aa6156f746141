"""The private store of a run, whose process, disk and clock the driver disturbs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import valkey.asyncio

from fairlane.store.embedded.binary import find_server_binary

ALWAYS = {"appendonly": "yes", "appendfsync": "always", "save": "", "maxmemory-policy": "noeviction"}
"""What `disk` durability asks of a server."""
EVERYSEC = ALWAYS | {"appendfsync": "everysec"}
"""What `memory` durability asks of a server."""
START_S = 60
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


class StoreServer:
    """A Valkey server on a loopback port."""

    def __init__(self, folder: Path, settings: Mapping[str, str], clock: FakeClock | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self._settings = dict(settings)
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self.restarting = asyncio.Lock()
        """Held by the one fault that ends it and starts it again."""
        folder.mkdir(exist_ok=True)

    @property
    def url(self) -> str:
        return f"valkey://127.0.0.1:{self.port}"

    @property
    def append_file(self) -> Path:
        """The file that the server appends its writes to now."""
        return max(self.folder.glob("appendonlydir/*.incr.aof"), key=lambda path: int(path.name.split(".")[-3]))

    async def start(self) -> None:
        """Start it, and wait until it has loaded its data."""
        settings = [word for name, value in self._settings.items() for word in (f"--{name}", value)]
        command = [str(find_server_binary()), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--dir", str(self.folder), "--logfile", str(self.folder / "log"), *settings]
        environment = os.environ | (self._clock.environment if self._clock else {})
        null = subprocess.DEVNULL
        self._process = subprocess.Popen(command, env=environment, stdout=null, stderr=null)  # noqa: ASYNC220
        async with asyncio.timeout(START_S):
            while True:
                try:
                    await self.tell("DBSIZE")
                    return
                except (OSError, valkey.ValkeyError):
                    if self._process.poll() is not None:
                        log = (self.folder / "log").read_text(errors="replace")
                        raise RuntimeError(f"the store did not start: {log[-2_000:]}") from None
                    await asyncio.sleep(0.02)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the store was not started")
        return self._process

    def send(self, number: int) -> None:
        """Send it a signal."""
        self._running.send_signal(number)

    async def kill(self) -> None:
        self.send(signal.SIGKILL)
        await self._gone()

    async def revive(self) -> None:
        """Return once it answers. Start it again if it has ended by itself, as a supervisor would."""
        while True:
            try:
                await self.tell("PING")
                return
            except (OSError, valkey.ValkeyError):
                if self._process is not None and self._process.poll() is not None:
                    await self.start()
            await asyncio.sleep(0.05)

    def set_clock(self, offset_s: int) -> None:
        """Have its clock show this many seconds more than the machine's."""
        if self._clock is not None:
            self._clock.set(offset_s)

    async def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
            await self._gone()

    async def _gone(self) -> None:
        await asyncio.to_thread(self._running.wait)

    async def tell(self, *command: str | bytes | int) -> Any:
        """Send a command past all wires."""
        client = valkey.asyncio.Valkey(host="127.0.0.1", port=self.port, socket_timeout=30)
        try:
            return await client.execute_command(*command)  # type: ignore[no-untyped-call]
        finally:
            await client.aclose()

    async def insist(self, *command: str | int) -> None:
        """Send a command until it is answered without an error: other faults may work on the server too."""
        async with asyncio.timeout(START_S):
            while True:
                try:
                    await self.tell(*command)
                    return
                except (OSError, valkey.ValkeyError):
                    await asyncio.sleep(0.05)

    async def change(self, settings: Mapping[str, str]) -> None:
        """Change settings while it runs."""
        for name, value in settings.items():
            await self.insist("CONFIG", "SET", name, value)

    def cut_back(self, size: int, torn: bytes = b"") -> None:
        """Power loss, after `kill`: of the append-only file these bytes are left, and then half a write."""
        with self.append_file.open("r+b") as file:
            file.truncate(size)
            file.seek(0, os.SEEK_END)
            file.write(torn)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


class Unavailable(Exception):
    """This machine cannot run the case. The text says what is missing."""


class FakeClock:
    """A clock for a server's process, that can be set while it runs."""

    def __init__(self, folder: Path) -> None:
        """Raises Unavailable without libfaketime."""
        if not FAKETIME.exists():
            raise Unavailable("the store's clock cannot be set without libfaketime: apt-get install libfaketime")
        self._file = folder / "clock"
        self.environment = {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set(0)

    def set(self, offset_s: int) -> None:
        """Have the server's clock show this many seconds more than the machine's."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset_s:+d}\n")
        fresh.replace(self._file)


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[None]:
    """A file system of this size at a folder. Raises Unavailable without the rights to mount it."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise Unavailable("a small file system cannot be mounted here: that takes the rights of root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
