"""How the embedded store's process is started."""

import asyncio
from pathlib import Path

import pytest

from fairlane.store import Durability, open_store


async def allocator_of_store(folder: Path) -> list[str]:
    store = await open_store(f"embedded:{folder}", Durability.MEMORY)
    try:
        process = (await store.client.info("server"))["process_id"]
        environment = await asyncio.to_thread(Path(f"/proc/{process}/environ").read_text)
    finally:
        await store.close()
    variables = environment.split("\0")
    return [variable for variable in variables if variable.startswith("GLIBC_TUNABLES=")]


async def test_the_store_keeps_the_freed_memory_of_a_batch_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    assert await allocator_of_store(tmp_path) == ["GLIBC_TUNABLES=glibc.malloc.tcache_count=1000"]


async def test_long_sets_and_hashes_are_not_packed(tmp_path: Path) -> None:
    store = await open_store(f"embedded:{tmp_path}", Durability.MEMORY)
    try:
        await store.exchange([("ZADD", "set", *(word for n in range(33) for word in (n, f"m{n}")))])
        await store.exchange([("HSET", "hash", *(word for n in range(33) for word in (f"f{n}", n)))])
        encodings = await store.exchange([("OBJECT", "ENCODING", "set"), ("OBJECT", "ENCODING", "hash")])
    finally:
        await store.close()
    assert encodings == [b"skiplist", b"hashtable"]


async def test_a_setting_of_the_operator_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.arena_max=1")
    assert await allocator_of_store(tmp_path) == ["GLIBC_TUNABLES=glibc.malloc.arena_max=1"]
