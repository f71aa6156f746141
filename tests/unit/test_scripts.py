"""The loader takes the contract at its word and refuses a body that disagrees."""

import hashlib

import pytest

from fairlane.engine import scripts
from fairlane.engine.scripts import ContractError, parse

GOOD = """#!lua flags=no-writes
-- demo: what it does.
-- KEYS prefix
-- ARGV at id items...
-- RETURNS a word
-- EVENTS none>pending pending>running
return prefix .. at .. id .. #items
"""


def test_a_contract_becomes_the_signature() -> None:
    script = parse("demo", GOOD)
    assert (script.name, script.argv, script.rest) == ("demo", ("at", "id"), "items")
    assert script.events == ("none>pending", "pending>running")
    assert script.source.startswith(
        "#!lua flags=no-writes\nlocal prefix = KEYS[1] local at = ARGV[1] local id = ARGV[2] "
    )
    assert "local items = { unpack(ARGV, 3) }\n" in script.source
    assert script.sha == hashlib.sha1(script.source.encode(), usedforsecurity=False).hexdigest()


def test_values_are_sent_in_the_order_of_the_contract() -> None:
    assert parse("demo", GOOD).arguments({"id": "j", "at": 5}, [b"x", b"y"]) == [5, "j", b"x", b"y"]


@pytest.mark.parametrize("values", [{"at": 1}, {"at": 1, "job": 2}, {"at": 1, "id": 2, "more": 3}])
def test_a_call_with_other_names_is_refused(values: dict[str, scripts.Value]) -> None:
    with pytest.raises(TypeError, match="demo takes"):
        parse("demo", GOOD).arguments(values, [])


def test_further_values_are_refused_where_the_contract_has_none() -> None:
    script = parse("demo", GOOD.replace(" items...", "").replace(" .. #items", ""))
    assert script.rest is None
    with pytest.raises(TypeError, match="demo takes"):
        script.arguments({"at": 1, "id": 2}, [b"x"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("#!lua flags=no-writes", "-- lua", "must begin with #!lua"),
        ("-- demo: what", "-- other: what", "must say on its second line what demo does"),
        (" .. id", "", "declares id and never uses it"),
        (" .. #items", "", "declares items and never uses it"),
        ("prefix ..", "'x' ..", "declares prefix and never uses it"),
        ("return prefix", "return KEYS[1] .. prefix", "not KEYS or ARGV"),
        ("return prefix", "return ARGV[2] .. prefix", "not KEYS or ARGV"),
        ("-- KEYS prefix\n", "", "has no KEYS line"),
        ("-- ARGV at id items...\n", "", "has no ARGV line"),
        ("-- RETURNS a word\n", "", "has no RETURNS line"),
        ("-- EVENTS none>pending pending>running\n", "", "has no EVENTS line"),
    ],
)
def test_a_body_that_disagrees_with_its_contract_is_refused(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(ContractError, match=said):
        parse("demo", GOOD.replace(old, new))


def test_a_name_in_a_comment_is_not_a_use() -> None:
    with pytest.raises(ContractError, match="declares id and never uses it"):
        parse("demo", GOOD.replace(" .. id", "").replace("#items", "#items -- id"))


@pytest.mark.parametrize("name", scripts.names())
def test_every_script_that_there_is_loads(name: str) -> None:
    assert scripts.load(name).source.count("-- include ") == 0


def test_only_what_makes_jobs_or_keeps_their_requests_is_refused_by_a_full_store() -> None:
    refused = {name for name in scripts.names() if scripts.load(name).source.startswith("#!lua\n")}
    assert refused == {"submit", "fire", "set_schedule"}
