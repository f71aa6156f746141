"""One library of functions of all scripts: each call begins with its own variables, whatever the call before left."""

from __future__ import annotations

import pytest
from valkey.exceptions import ResponseError

from fairlane.engine import Engine, library, scripts
from fairlane.engine.layouts_in_lua import ContractError
from fairlane.engine.scripts import LuaFile, Script

INCLUDES = {
    "counter": """-- counter: counts.
-- KEYS prefix
-- NEEDS
local seen, last = 0
local names = {
  prefix,
}
if prefix == 'refused' then
  return redis.error_reply('FLTEST refused')
end

local function count(name)
  seen = seen + 1
  names[#names + 1] = name -- the list grows
  last = name
end
""",
    "double": """-- double: counts twice.
-- NEEDS counter
local function count_twice(name)
  count(name)
  count(name)
end
""",
    "other": "-- other: a counter too.\n-- NEEDS\nlocal seen = 0\n",
}
HEAD = """#!lua flags=no-writes
-- {name}: a script.
-- KEYS prefix
-- ARGV {argv}
-- RETURNS
-- EVENTS
-- NEEDS {needs}
"""
BODY = """local before = { seen, last or '' }
local function report(more)
  return { before[1], before[2], seen, last, #names, items[1], more }
end
count_twice(items[1])
return report(may_write)
"""


def script(name: str, needs: str, body: str, argv: str = "items...") -> Script:
    text = HEAD.format(name=name, argv=argv, needs=needs) + body
    return scripts.parse(LuaFile(f"{name}.lua", text), lambda need: LuaFile(f"include/{need}.lua", INCLUDES[need]))


async def send(engine: Engine, *command: str) -> object:
    return await engine.store.client.execute_command(*command)  # type: ignore[no-untyped-call]


async def call(engine: Engine, function: str, *arguments: str) -> object:
    return await send(engine, "FCALL", function, "1", *arguments)


async def test_variables_begin_each_call_again_and_are_shared_within_it(engine: Engine) -> None:
    made = library.build([script("report", "counter double", BODY), script("plain", "counter", "return seen\n", "")])
    await send(engine, "FUNCTION", "LOAD", made.code)
    try:
        for word in (b"one", b"two"):
            answer = await call(engine, made.function("report"), "p", word.decode())
            assert answer == [0, b"", 2, word, 3, word, None]  # may_write is false
        assert await call(engine, made.function("plain"), "p") == 0
        with pytest.raises(ResponseError, match="FLTEST refused"):
            await call(engine, made.function("report"), "refused", "one")
    finally:
        await send(engine, "FUNCTION", "DELETE", made.name)


def test_the_name_follows_from_the_code() -> None:
    one, other = (library.build([script("plain", "counter", f"return seen + {n}\n", "")]) for n in (1, 2))
    assert one.name != other.name
    assert one == library.build([script("plain", "counter", "return seen + 1\n", "")])
    assert one.name in one.function("plain")


def test_two_includes_that_define_one_name_are_refused() -> None:
    with pytest.raises(ContractError, match=r"include/other.lua and include/counter.lua both define seen; rename one"):
        library.build([script("plain", "counter other", "return seen\n", "")])
