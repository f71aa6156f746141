"""The loader takes the contract at its word and refuses a body that disagrees."""

import pytest

from fairlane.engine import scripts
from fairlane.engine.layouts import LAYOUTS, KeptLog, PastAttempt
from fairlane.engine.layouts_in_lua import ContractError, replace_layouts
from fairlane.engine.scripts import LuaFile, Script

GOOD = """#!lua flags=no-writes
-- demo: what it does.
-- KEYS prefix
-- ARGV at id items...
-- RETURNS a word
-- EVENTS none>pending pending>running
-- NEEDS
return prefix .. at .. id .. #items
"""

INCLUDES = {
    "base": "-- base: keys.\n-- KEYS prefix\n-- NEEDS\nlocal key = prefix\n",
    "lanes": "-- lanes: pending jobs.\n-- NEEDS base\nlocal lane = key\n",
    "answers": "-- answers: of repeated calls.\n-- ARGV call_id\n-- NEEDS base\nlocal answer_key = key .. call_id\n",
    "left": "-- left: needs right.\n-- NEEDS right\n",
    "right": "-- right: needs left.\n-- NEEDS left\n",
    "silent": "local nothing = 1\n",
    "needy": "-- needy: has no line for its needs.\n",
}


def parse(name: str, text: str) -> Script:
    return scripts.parse(
        LuaFile(f"{name}.lua", text), lambda include: LuaFile(f"include/{include}.lua", INCLUDES[include])
    )


def test_a_contract_becomes_the_signature() -> None:
    script = parse("demo", GOOD)
    assert (script.name, script.argv, script.rest) == ("demo", ("at", "id"), "items")
    assert script.events == ("none>pending", "pending>running")
    assert (script.keys, script.flags) == (("prefix",), ("no-writes",))


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
        ("-- demo: what", "-- other: what", "must say what it does in its first comment"),
        (" .. id", "", "declares id and never uses it"),
        (" .. #items", "", "declares items and never uses it"),
        ("prefix ..", "'x' ..", "declares prefix and never uses it"),
        ("return prefix", "return KEYS[1] .. prefix", "not KEYS or ARGV"),
        ("return prefix", "return ARGV[2] .. prefix", "not KEYS or ARGV"),
        ("-- KEYS prefix\n", "", "has no KEYS line"),
        ("-- ARGV at id items...\n", "", "has no ARGV line"),
        ("-- RETURNS a word\n", "", "has no RETURNS line"),
        ("-- EVENTS none>pending pending>running\n", "", "has no EVENTS line"),
        ("-- NEEDS\n", "", "has no NEEDS line"),
        ("-- NEEDS\n", "-- NEEDS left\n", "in a circle: left > right > left"),
        ("-- NEEDS\n", "-- NEEDS silent\n", "include/silent.lua must say what it does"),
        ("-- NEEDS\n", "-- NEEDS needy\n", "include/needy.lua has no NEEDS line"),
        ("-- NEEDS\n", "-- NEEDS answers\n", "demo.lua needs include/answers.lua, so it must declare call_id"),
    ],
)
def test_a_body_that_disagrees_with_its_contract_is_refused(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(ContractError, match=said):
        parse("demo", GOOD.replace(old, new))


def test_a_name_in_a_comment_is_not_a_use() -> None:
    with pytest.raises(ContractError, match="declares id and never uses it"):
        parse("demo", GOOD.replace(" .. id", "").replace("#items", "#items -- id"))


def test_a_name_in_a_string_is_not_a_use() -> None:
    with pytest.raises(ContractError, match="declares id and never uses it"):
        parse("demo", GOOD.replace(" .. id", " .. 'id'"))


@pytest.mark.parametrize("needs", ["lanes", "lanes base", "base lanes"])
def test_each_include_comes_once_and_after_those_it_needs(needs: str) -> None:
    script = parse("demo", GOOD.replace("-- NEEDS\n", f"-- NEEDS {needs}\n"))
    assert [file.name for file in script.includes] == ["base", "lanes"]


def test_an_unknown_include_is_refused_with_the_names_of_those_that_exist() -> None:
    with pytest.raises(ContractError, match=r"there is no include nonsense; lua/include has audit, .*, workers"):
        scripts.parse(LuaFile("demo.lua", GOOD.replace("-- NEEDS\n", "-- NEEDS nonsense\n")))


@pytest.mark.parametrize("name", scripts.names())
def test_every_script_but_one_refuses_to_run_where_time_is_not_confirmed(name: str) -> None:
    includes = [file.name for file in scripts.load(name).includes]
    assert includes[:1] == (["base"] if name != "confirm_time" else [])


def test_only_what_makes_jobs_or_keeps_their_requests_is_refused_by_a_full_store() -> None:
    refused = {name for name in scripts.names() if not scripts.load(name).flags}
    assert refused == {"submit", "fire", "set_schedule", "create_token", "create_batch"}


def test_the_place_of_a_field_is_that_in_python() -> None:
    assert replace_layouts("demo.lua", "s[PastAttempt.number] + s[PastAttempt.body]") == "s[1] + s[6]"
    assert PastAttempt.__struct_fields__ == LAYOUTS["PastAttempt"]


def test_a_record_is_written_in_the_order_of_its_fields() -> None:
    lua = """push(list, pack(KeptLog{
      lines = { first, f(a, b) }, token = s[KeptLog.token], -- with a comment, and a comma
      missing = a == b, received = math.max(1, 2), size = size['a,b'],
    }))"""
    expected = "push(list, pack({ s[1], math.max(1, 2), a == b, size['a,b'], { first, f(a, b) } }))"
    assert replace_layouts("demo.lua", lua) == expected
    assert KeptLog.__struct_fields__ == LAYOUTS["KeptLog"]


def test_fields_of_a_packed_record_are_read_without_a_table() -> None:
    lua = "local after, token, attempt = Started.unpack(state, at,\n 'token', 'attempt')"
    expected = "local after, token, attempt = cmsgpack.unpack_limit(state, 2, at + 1)"
    assert replace_layouts("demo.lua", lua) == expected
    assert replace_layouts("demo.lua", "Started.unpack(s, n, 'base', 'worker')") == "cmsgpack.unpack_limit(s, 2, n)"


def test_started_and_ended_jobs_begin_with_the_last_attempt_which_scripts_copy() -> None:
    first = LAYOUTS["LastAttempt"]
    assert LAYOUTS["Started"][: len(first)] == LAYOUTS["Ended"][: len(first)] == first


@pytest.mark.parametrize(
    ("lua", "said"),
    [
        ("Started.unpack(state, 0, 'token', 'base')", "unpack fields of Started that follow each other, not token"),
        ("Started.unpack(state, 0, 'tokn')", "unpack fields of Started that follow each other, not tokn"),
        ("s[Started.tokn]", "demo.lua: Started has no field tokn; it has token, attempt"),
        ("Beat{ id = 1, token = 2, progress = '', lines_before = 0 }", "wrong or missing: lines"),
        ("Beat{ id = 1, token = 2, progress = '', lines_before = 0, lines = {}, more = 1 }", "wrong or missing: more"),
        ("Beat{ id = 1, token = 2, progress = '', lines_before = 0, lines = {}, id = 1 }", "a field twice"),
        ("Beat{ 1, 2 }", "write each field of Beat as `name = value`, not `1`"),
        ("Beat{ id = 1", "has no end"),
    ],
)
def test_a_record_with_another_field_than_in_python_is_refused(lua: str, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        replace_layouts("demo.lua", lua)


def test_a_job_without_options_is_sent_with_the_first_fields_of_submitted() -> None:
    *first, place = LAYOUTS["PlainlySubmitted"]
    assert LAYOUTS["Submitted"][: len(first)] == tuple(first)
    assert place == "place"


def test_lua_knows_the_values_of_missing_fields() -> None:
    lua = replace_layouts("demo.lua", "local DEFAULTS = Header.defaults")
    assert lua.startswith("local DEFAULTS = { [5] = 3, [6] = 300000, ")
    assert "[9] = ''" in lua
