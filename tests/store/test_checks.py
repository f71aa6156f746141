"""A server that would lose jobs is refused with its remedy; one that changes later is flagged."""

import logging
import time

import pytest
from valkey.asyncio import Valkey

from fairlane.engine import Engine
from fairlane.model.errors import StoreRefused, StoreUnavailable
from fairlane.model.job import NewJob
from fairlane.store import Durability, open_store
from fairlane.store.checks import _version_problems, look
from fairlane.store.watch import FRESH_S
from fairlane.upkeep.check import check
from tests.support.store_servers import SAFE, eventually, free_port, server, tell

SECRET = "hunter2"


async def refusal(url: str, durability: Durability = Durability.DISK) -> str:
    with pytest.raises(StoreRefused) as caught:
        await open_store(url, durability)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("settings", "durability", "remedies"),
    [
        ((), Durability.MEMORY, ["`CONFIG SET appendonly yes`"]),
        ((), Durability.DISK, ["`CONFIG SET appendonly yes`", "`CONFIG SET appendfsync always`"]),
        (("--appendonly", "yes"), Durability.DISK, ["appendfsync is everysec", "choose durability 'memory'"]),
        (("--appendonly", "yes", "--appendfsync", "no"), Durability.MEMORY, ["`CONFIG SET appendfsync everysec`"]),
        (
            (*SAFE, "--maxmemory-policy", "allkeys-lru"),
            Durability.DISK,
            ["maxmemory-policy is allkeys-lru", "`CONFIG SET maxmemory-policy noeviction`"],
        ),
        ((*SAFE, "--cluster-enabled", "yes", "--cluster-port", str(free_port())), Durability.DISK, ["cluster mode"]),
        ((*SAFE, "--replicaof", "127.0.0.1", "1"), Durability.DISK, ["replica of 127.0.0.1:1"]),
    ],
)
async def test_settings_that_lose_jobs_are_refused(
    settings: tuple[str, ...], durability: Durability, remedies: list[str]
) -> None:
    with server(*settings) as port:
        text = await refusal(f"valkey://127.0.0.1:{port}", durability)
        assert f"valkey://127.0.0.1:{port}" in text
        for remedy in remedies:
            assert remedy in text


@pytest.mark.parametrize(("durability", "fsync"), [("disk", "always"), ("memory", "always"), ("memory", "everysec")])
async def test_safe_settings_are_accepted(durability: str, fsync: str) -> None:
    with server("--appendonly", "yes", "--appendfsync", fsync) as port:
        store = await open_store(f"redis://127.0.0.1:{port}/1", Durability(durability))
        try:
            assert await store.client.set("key", "value")
        finally:
            await store.close()


async def test_settings_changed_live_are_flagged() -> None:
    with server(*SAFE) as port:
        store = await open_store(f"valkey://127.0.0.1:{port}")
        try:
            assert await store.check() == []
            tell(port, "CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
            tell(port, "CONFIG", "SET", "appendfsync", "no")
            problems = await store.check()
            assert [problem.partition(" ")[0] for problem in problems] == ["maxmemory-policy", "appendfsync"]
            tell(port, "REPLICAOF", "127.0.0.1", "1")
            assert "replica" in (await store.check())[0]
        finally:
            await store.close()


async def test_doctor_and_upkeep_tell_of_settings_changed_live(caplog: pytest.LogCaptureFixture) -> None:
    with server(*SAFE) as port:
        engine = await Engine.open(await open_store(f"valkey://127.0.0.1:{port}"))
        look = check(engine.maintenance).step
        try:
            await look()
            assert (await engine.maintenance.doctor()).problems == []
            tell(port, "CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
            assert [problem[:32] for problem in (await engine.maintenance.doctor()).problems] == [
                "maxmemory-policy is volatile-ttl"
            ]
            caplog.set_level(logging.INFO, "fairlane.upkeep")
            await look()
            await look()
            tell(port, "CONFIG", "SET", "maxmemory-policy", "noeviction")
            await look()
            told = [
                (record.levelname, "maxmemory-policy is volatile-ttl" in record.message) for record in caplog.records
            ]
            assert told == [("WARNING", True), ("INFO", True)]
        finally:
            await engine.close()


@pytest.mark.parametrize(("denied", "warned"), [("config", "CONFIG GET"), ("info", "INFO")])
async def test_what_could_not_be_checked_is_said(denied: str, warned: str, caplog: pytest.LogCaptureFixture) -> None:
    with server(*SAFE) as port:
        tell(port, "ACL", "SETUSER", "ann", "on", f">{SECRET}", "~*", "&*", "+@all", f"-{denied}")
        with caplog.at_level(logging.WARNING):
            store = await open_store(f"valkey://ann:{SECRET}@127.0.0.1:{port}")
            assert await store.check() == []
            await store.close()
        assert caplog.text.count(warned) == 1
        assert "could not be checked" in caplog.text
        assert SECRET not in caplog.text


class Taciturn(Valkey):
    """A client of a managed service, some of which answer CONFIG GET with an empty list."""

    async def config_get(self, *names: object, **options: object) -> dict[str, str]:
        return {}


async def test_an_empty_answer_is_no_check() -> None:
    with server(*SAFE, "--maxmemory-policy", "allkeys-lru") as port:
        client = Taciturn(port=port)
        findings = await look(client, Durability.DISK)
        await client.aclose()
    assert "maxmemory-policy is allkeys-lru" in findings.problems[0]  # which INFO tells, too
    assert "CONFIG GET" in findings.unchecked[0]


async def test_eviction_is_seen_even_where_the_settings_are_hidden() -> None:
    with server(*SAFE, "--maxmemory-policy", "allkeys-lfu") as port:
        tell(port, "ACL", "SETUSER", "ann", "on", f">{SECRET}", "~*", "&*", "+@all", "-config")
        assert "allkeys-lfu" in await refusal(f"valkey://ann:{SECRET}@127.0.0.1:{port}")


@pytest.mark.parametrize("user", ["", f":wrong-{SECRET}@", f"ann:{SECRET}@"])
async def test_a_wrong_password_is_refused_and_not_repeated(user: str) -> None:
    with server(*SAFE, "--requirepass", "right") as port:
        text = await refusal(f"valkey://{user}127.0.0.1:{port}")
        assert "refuses the user name or password" in text
        assert SECRET not in text


async def test_an_unreachable_server_is_unavailable_at_once() -> None:
    took = []
    for _ in range(3):  # the machine may be busy: once is enough to show that it does not try for long
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await open_store(f"valkey://ann:{SECRET}@127.0.0.1:{free_port()}")
        took.append(time.monotonic() - began)
    assert min(took) < 2, took


@pytest.mark.parametrize(
    ("info", "refused"),
    [
        ({"redis_version": "6.2.14"}, "Redis 6.2.14 is too old"),
        ({"redis_version": "7.0.0"}, None),
        ({"redis_version": "10.0.1"}, None),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, None),
        ({}, None),
    ],
)
def test_old_versions_are_refused(info: dict[str, str], refused: str | None) -> None:
    problems = _version_problems(info)
    assert problems == [] if refused is None else refused in problems[0]


async def test_nothing_is_acknowledged_by_a_store_that_has_come_to_lose_jobs() -> None:
    with server(*SAFE) as port:
        engine = await Engine.open(await open_store(f"valkey://127.0.0.1:{port}"))

        async def submit() -> bool:
            try:
                await engine.jobs.submit([NewJob(id=engine.jobs.new_id("acme"), tenant_id="acme", payload=b"1")])
            except StoreRefused as error:
                assert "appendfsync is no, which is too weak" in str(error)
                return False
            return True

        async def is_refused() -> bool:
            return not await submit()

        try:
            assert await submit()
            tell(port, "CONFIG", "SET", "appendfsync", "no")
            await eventually(is_refused, within_s=FRESH_S + 2)
            tell(port, "CONFIG", "SET", "appendfsync", "always")
            await eventually(submit, within_s=FRESH_S + 2)
        finally:
            await engine.close()
