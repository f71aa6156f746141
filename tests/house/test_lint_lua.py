"""`make lint` finds Lua that uses what it does not name, and names what it does not use."""

import shutil
from pathlib import Path

import pytest

from fairlane.engine.scripts import LuaFile
from tools import lint_lua

BASE = LuaFile(
    "include/base.lua", "-- base: keys.\n-- KEYS prefix\n-- NEEDS\nlocal function key(x) return prefix .. x end\n"
)
COUNT = LuaFile("include/count.lua", "-- count: totals.\n-- NEEDS base\nlocal count, total = 0, key('a')\n")
HEAD = "#!lua\n-- demo: what it does.\n-- KEYS prefix\n-- ARGV id\n-- RETURNS a word\n-- EVENTS\n"


def faults(needs: str, code: str) -> list[str]:
    demo = LuaFile("demo.lua", f"{HEAD}-- NEEDS {needs}\n{code}\n")
    return list(lint_lua.faults_of_needs({"demo": demo}, {"base": BASE, "count": COUNT}))


def test_what_a_file_uses_and_needs_may_be_the_same() -> None:
    assert faults("base count", "return key(id) .. count .. total") == []


def test_an_include_that_is_used_must_be_needed() -> None:
    assert faults("count", "return key(id) .. count .. total") == ["demo.lua: uses key; add base to the NEEDS line"]


@pytest.mark.parametrize(
    "code",
    [
        "return count + total -- key",
        "return count + total + #'key'",
        "return { count + total, key = 1 }",
        "return count + total + id.key",
        "local key = 1; return count + total + key",
        "local function f(key) return key end; return f(count + total)",
        "for key in pairs(id) do f(count + total + key) end",
    ],
)
def test_a_need_that_is_not_used_is_found_whatever_else_has_the_name(code: str) -> None:
    assert faults("base count", code) == ["demo.lua: needs base and uses nothing of it; take it out of the NEEDS line"]


def test_a_name_of_an_include_that_no_file_uses_is_found() -> None:
    assert faults("base count", "return key(count)") == ["include/count.lua: no file uses total; delete it"]


@pytest.mark.skipif(shutil.which("luacheck") is None, reason="no luacheck here")
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("return call('GET', id)", None),
        ("return cal('GET', id)", "accessing undefined variable"),
        ("return os.time()", "accessing undefined variable"),
        ("local unused = id", "unused variable"),
        ("total = id", "setting non-standard global variable"),
    ],
)
def test_luacheck_sees_the_names_that_a_script_may_use(
    code: str, said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lint_lua, "LUA", tmp_path)
    demo = LuaFile("demo.lua", f"{HEAD}-- NEEDS base\n{code}\n")
    (tmp_path / demo.path).write_text(demo.text)
    base = LuaFile("include/base.lua", "-- base: keys.\n-- NEEDS\nlocal call = redis.call\n")
    assert lint_lua.luacheck(lint_lua.luacheck_config({"demo": demo}, {"base": base})) == (1 if said else 0)
    assert said is None or said in capfd.readouterr().out
