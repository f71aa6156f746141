"""Keeps the library of the engine's functions on the store.

The store writes libraries to its files and sends them to its replicas. A library can still be missing: no process of
this version has used the store yet, a client called FUNCTION FLUSH, or another version made room. The process that
misses the library loads it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from valkey.exceptions import ResponseError

from ..model.errors import StoreFull, StoreRefused
from ..store.answers import code_of, meaning_of
from . import library
from .library import NAME_PREFIX
from .scripts import Value

MOST_OTHERS = 4
"""How many libraries of other versions a store keeps. If there are more, the next version to load deletes them all; a
process that still uses one loads it again."""

Command = tuple[Value, ...]
Send = Callable[[list[Command]], Awaitable[list[Any]]]
"""Returns the replies to commands sent in one write, errors among them."""


def is_missing(reply: Any) -> bool:
    """Whether the store does not have the function that was called."""
    return isinstance(reply, ResponseError) and str(reply) == "Function not found"


class StoredLibrary:
    """The library on one store."""

    def __init__(self, send: Send, store_name: str) -> None:
        self.library = library.load()
        self._send = send
        self._store_name = store_name

    async def verify(self) -> None:
        """Load the library if it is missing. Raises StoreRefused if other code stands in its place.

        Comes before the first call, because a data folder from elsewhere may contain any code.
        """
        look: Command = ("FUNCTION", "LIST", "LIBRARYNAME", self.library.name, "WITHCODE")
        (listed,) = await self._send([look])
        if not listed:
            listed = await self.load_and_call(look)
        if isinstance(listed, Exception):
            raise meaning_of(listed, self._store_name) from listed
        for fields in listed:
            if fields[fields.index(b"library_code") + 1] != self.library.code.encode():
                raise StoreRefused(
                    f"store {self._store_name} has other code under the name {self.library.name}, which only fairlane "
                    "uses: find out who loaded it, then delete it with FUNCTION DELETE"
                )

    async def load_and_call(self, command: Command) -> Any:
        """Load the library and send a command, in one transaction so that no flush comes between; the reply.

        Raises StoreFull if the store has no room for the library, and StoreRefused.
        """
        loaded, reply = await self._load_with(command)
        if code_of(loaded) == "OOM" and await self._delete_others(0):
            loaded, reply = await self._load_with(command)
        if code_of(loaded) == "OOM":
            raise StoreFull(
                "the store is at its memory limit and has no room for the functions of this version; "
                "raise maxmemory by 1 MB, or work off jobs with the version that ran before"
            )
        if isinstance(loaded, Exception) and str(loaded) != f"Library '{self.library.name}' already exists":
            raise meaning_of(loaded, self._store_name) from loaded
        await self._delete_others(MOST_OTHERS)
        return reply

    async def _load_with(self, command: Command) -> tuple[Any, Any]:
        """The replies to a load of the library and to a command directly after it."""
        load: Command = ("FUNCTION", "LOAD", self.library.code)
        _, queued, _, replies = await self._send([("MULTI",), load, command, ("EXEC",)])
        if isinstance(replies, Exception):  # the store refused to queue a command
            return queued, replies
        loaded, reply = replies
        return loaded, reply

    async def _delete_others(self, most: int) -> bool:
        """Delete the libraries of all other versions if there are more than `most`. False if there are not."""
        (listed,) = await self._send([("FUNCTION", "LIST", "LIBRARYNAME", f"{NAME_PREFIX}*")])
        if isinstance(listed, Exception):
            raise meaning_of(listed, self._store_name) from listed
        names = {fields[fields.index(b"library_name") + 1].decode() for fields in listed} - {self.library.name}
        if len(names) <= most:
            return False
        await self._send([("FUNCTION", "DELETE", name) for name in names])
        return True
