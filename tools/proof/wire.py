"""A TCP proxy: the network between a client and a server, with its faults."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import libvalkey


class Wire:
    """A TCP proxy in front of a server on this machine.

    While `silent`, all bytes vanish and nothing is closed; while `loses_replies`, the server's bytes vanish; while
    `refuses`, new connections are closed at once.
    """

    def __init__(self, target: int, host: str = "127.0.0.1") -> None:
        self._target = host, target
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.silent = False
        self.loses_replies = False
        self.refuses = False
        self.accepted = 0
        self.replies_to_cut = 0
        """How many of the next replies are lost: their connections are cut instead."""
        self.replies_before = 0
        """How many replies come through before the first cut."""
        self.replies_to_halve = 0
        """How many of the next replies come through half, and then their connections are cut."""
        self.delay_s = 0.0
        """How long everything takes, each way."""
        self.bytes_per_s = 0
        """How fast each connection is, each way; 0: as fast as it can."""
        self.error = ""
        """While set, the answer to every command, which then does not reach the server."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.close()
            return
        self.accepted += 1
        try:
            there, back = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, back}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, back, lambda: self.silent, answer=writer.write))
                group.create_task(self._pump(there, writer, lambda: self.silent or self.loses_replies, replies=True))
        finally:
            writer.close()
            back.close()

    def cut(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        loses: Callable[[], bool],
        *,
        replies: bool = False,
        answer: Callable[[bytes], None] | None = None,
    ) -> None:
        commands = libvalkey.Reader()
        with suppress(OSError):
            while data := await reader.read(65536):
                if replies and self.replies_before:
                    self.replies_before -= 1
                elif replies and self.replies_to_cut:
                    self.replies_to_cut -= 1
                    break
                elif replies and self.replies_to_halve:
                    self.replies_to_halve -= 1
                    writer.write(data[: len(data) // 2])
                    break
                await self._travel(len(data))
                if answer is not None and self.error:
                    commands.feed(data)
                    while commands.gets():
                        answer(f"-{self.error}\r\n".encode())
                elif not loses():
                    writer.write(data)
                    await writer.drain()
        writer.close()

    async def _travel(self, size: int) -> None:
        """Take as long as the network takes for this many bytes."""
        takes = self.delay_s + (size / self.bytes_per_s if self.bytes_per_s else 0.0)
        if takes:
            await asyncio.sleep(takes)


@asynccontextmanager
async def wire(target: int, host: str = "127.0.0.1") -> AsyncIterator[Wire]:
    """A proxy to the server on port `target`."""
    proxy = Wire(target, host)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        proxy.cut()
