"""The library on a store: loaded by who misses it, compared with ours, beside those of other versions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fairlane.engine import Engine, library
from fairlane.engine.functions import MOST_OTHERS
from fairlane.model.errors import StoreFull, StoreRefused
from fairlane.store import open_store
from tests.support.acting import submit
from tests.support.store_servers import SAFE, eventually, server, tell

OURS = library.load()


def other(number: int, functions: str = "ping") -> str:
    """The code of another version."""
    name = f"{library.NAME_PREFIX}{number:032x}"
    return f"#!lua name={name}\nredis.register_function('{functions}{number}', function() return 'pong' end)"


def libraries(port: int) -> set[str]:
    listed = tell(port, "FUNCTION", "LIST")
    assert isinstance(listed, list)
    return {fields[1].decode() for fields in listed}


@pytest.fixture
def port() -> Iterator[int]:
    with server(*SAFE) as port:
        yield port


async def opened(port: int) -> Engine:
    store = await open_store(f"valkey://127.0.0.1:{port}")
    try:
        return await Engine.open(store)
    except BaseException:
        await store.close()
        raise


async def test_a_promoted_replica_has_the_functions(port: int) -> None:
    with server(*SAFE) as replica:
        tell(replica, "REPLICAOF", "127.0.0.1", str(port))
        engine = await opened(port)
        await submit(engine, "acme")
        await engine.close()

        async def has_them() -> bool:
            return OURS.name in libraries(replica) and tell(replica, "DBSIZE") == tell(port, "DBSIZE")

        await eventually(has_them)
        tell(replica, "REPLICAOF", "NO", "ONE")
        promoted = await opened(replica)
        await submit(promoted, "acme")
        await promoted.close()
        loads = tell(replica, "INFO", "commandstats")
        assert isinstance(loads, dict)
        assert loads["cmdstat_fcall"]["rejected_calls"] == loads["cmdstat_fcall"]["failed_calls"] == 0


async def test_other_code_under_our_name_is_refused(port: int) -> None:
    tell(port, "FUNCTION", "LOAD", OURS.code.replace("return 0", "return 1", 1))
    with pytest.raises(StoreRefused, match=f"has other code under the name {OURS.name}.*FUNCTION DELETE"):
        await opened(port)


async def test_our_function_in_other_code_is_refused(port: int) -> None:
    tell(port, "FUNCTION", "LOAD", other(1).replace("ping1", OURS.function("submit")))
    with pytest.raises(StoreRefused, match=f"Function {OURS.function('submit')} already exists"):
        await opened(port)


async def test_versions_stay_side_by_side_until_they_are_many(port: int) -> None:
    for number in range(MOST_OTHERS):
        tell(port, "FUNCTION", "LOAD", other(number))
    await (await opened(port)).close()
    assert len(libraries(port)) == MOST_OTHERS + 1
    tell(port, "FUNCTION", "DELETE", OURS.name)
    tell(port, "FUNCTION", "LOAD", other(MOST_OTHERS))
    await (await opened(port)).close()
    assert libraries(port) == {OURS.name}


async def test_a_full_store_drops_the_code_of_another_version_for_ours(port: int) -> None:
    tell(port, "FUNCTION", "LOAD", other(1) + "\n--" + "x" * 2_000_000)
    engine = await opened(port)
    tell(port, "FUNCTION", "DELETE", OURS.name)
    await fill(port)
    await engine.queues.list()
    assert libraries(port) == {OURS.name}
    await engine.close()


async def test_a_full_store_without_room_for_the_functions_says_so(port: int) -> None:
    await fill(port)
    with pytest.raises(StoreFull, match="no room for the functions of this version; raise maxmemory"):
        await opened(port)


async def fill(port: int) -> None:
    used = tell(port, "INFO", "memory")
    assert isinstance(used, dict)
    tell(port, "CONFIG", "SET", "maxmemory", str(used["used_memory"] - 100_000))
