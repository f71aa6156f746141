"""A store whose user lacks a permission is refused at opening, before anything is written."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

import fairlane.engine
from fairlane.engine import Engine
from fairlane.engine.permissions import needed_commands
from fairlane.model.errors import StoreRefused, StoreUnavailable
from fairlane.model.job import NewJob
from fairlane.store import Durability, open_store
from fairlane.store.answers import LEAST_ACL_RULE
from tests.support.store_servers import SAFE, server, tell


async def engine_for(port: int, *rules: str, durability: Durability = Durability.DISK) -> Engine:
    tell(port, "ACL", "SETUSER", "ann", "reset", "on", ">secret", *LEAST_ACL_RULE.split(), *rules)
    store = await open_store(f"valkey://ann:secret@127.0.0.1:{port}", durability)
    try:
        return await Engine.open(store)
    except BaseException:
        await store.close()
        raise


async def submit(engine: Engine) -> None:
    await engine.jobs.submit([NewJob(id=engine.jobs.new_id("acme"), tenant_id="acme", payload=b"1")])


async def test_the_least_rule_suffices() -> None:
    with server(*SAFE) as port:
        engine = await engine_for(port)
        try:
            await submit(engine)
            with engine._subscription.idle_claim(["default"]) as claim:
                await asyncio.wait_for(claim.event.wait(), 30)  # it is set once all channels are subscribed to
        finally:
            await engine.close()
        denied = tell(port, "ACL", "LOG")
        assert denied == []


@pytest.mark.parametrize(
    ("rule", "grant"),
    [
        (("-publish",), "+publish &fl:*;"),
        (("-zadd",), "+zadd ~fl:*;"),
        (("-subscribe",), "+subscribe &fl:*;"),
        (("-@pubsub",), "+publish &fl:*, +subscribe &fl:*;"),
        (("resetchannels",), "+publish &fl:*, +subscribe &fl:*"),
        (("resetkeys", "~fl:*"), "+hget ~fairlane:*;"),
        (("-fcall",), "+fcall ~fl:*;"),
        (("-function|load",), "+function|load;"),
        (("-function",), "+function|load, +function|list, +function|delete;"),
        (("-eval",), "no permissions to run the 'eval' command"),
        (("-time",), "+time;"),
        (("-multi",), "+multi;"),
        (("-exec",), "+exec;"),
    ],
)
async def test_each_missing_permission_is_named(rule: tuple[str, ...], grant: str) -> None:
    with server(*SAFE) as port:
        with pytest.raises(StoreRefused) as refused:
            await engine_for(port, *rule)
        assert grant in str(refused.value)
        assert "secret" not in str(refused.value)
        assert tell(port, "DBSIZE") == 0


async def test_waiting_for_replicas_needs_no_more_and_is_asked_for() -> None:
    with server(*SAFE) as port:
        engine = await engine_for(port, durability=Durability("replicas:1"))
        await engine.close()
        with pytest.raises(StoreRefused, match=r"grant \+waitaof; the rule"):
            await engine_for(port, "-waitaof", durability=Durability("replicas:1"))


async def test_a_permission_that_is_taken_away_later_is_told() -> None:
    with server(*SAFE) as port:
        engine = await engine_for(port)
        try:
            tell(port, "ACL", "SETUSER", "ann", "-fcall")
            with pytest.raises(StoreUnavailable, match=r"does not permit this: .*fcall.* its user needs `~fl"):
                await submit(engine)
        finally:
            await engine.close()


def test_every_command_of_the_scripts_is_asked_for() -> None:
    folder = Path(fairlane.engine.__file__).parent
    words: set[str] = set()
    for script in folder.glob("lua/**/*.lua"):
        words |= set(re.findall(r"'([A-Z]{3,})'", script.read_text()))
    for module in folder.glob("*.py"):
        words |= set(re.findall(r'"([A-Z]{3,})"', module.read_text()))
    words -= {"INFO", "EVAL", "KEYS"}  # optional; asks for the others; a word of the script headers
    with server(*SAFE) as port:
        listed = tell(port, "COMMAND LIST")
        assert isinstance(listed, list)
    commands = words & {name.decode().upper() for name in listed}
    assert len(commands) > 40
    assert commands <= {command for command, *_ in needed_commands(waits=True)}


def test_the_documented_rule_is_the_least_rule() -> None:
    page = Path(__file__).parents[2] / "docs" / "operations" / "production.md"
    assert LEAST_ACL_RULE in " ".join(page.read_text().split())
