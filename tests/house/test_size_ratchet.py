"""The size ratchet measures what it says."""

import pytest

from tools.size_ratchet import Allowed, measure, offences


def sizes(path: str, source: str) -> dict[str, int]:
    return {size.name: size.size for size in measure(path, source)}


def function(lines: int) -> str:
    return "def long() -> None:\n" + "    pass\n" * (lines - 1)


@pytest.mark.parametrize(
    ("path", "source", "offender"),
    [
        ("src/a.py", "x = 1\n" * 401, "src/a.py: 401 lines, at most 400"),
        ("src/a.lua", "-- x\n" * 401, "src/a.lua: 401 lines, at most 400"),
        ("src/a.py", function(41), "src/a.py:long: 41 lines, at most 40"),
        ("tests/a.py", function(61), "tests/a.py:long: 61 lines, at most 60"),
        ("src/a.lua", "local function f()\n" + "x()\n" * 39 + "end\n", "src/a.lua:f: 41 lines, at most 40"),
        (
            "src/a.py",
            "class C:\n    def __init__(self, a, b, c, *, d, e, f, g, h): ...\n",
            "src/a.py:C: 8 constructor arguments, at most 7",
        ),
    ],
)
def test_one_above_the_limit_is_an_offence(path: str, source: str, offender: str) -> None:
    assert list(offences(list(measure(path, source)), {})) == [offender]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("src/a.py", "x = 1\n" * 400),
        ("src/a.py", function(40)),
        ("tests/a.py", function(60)),
        ("src/a.lua", "local function f()\n" + "x()\n" * 38 + "end\n"),
        ("src/a.py", "class C:\n    def __init__(self, a, b, c, *, d, e, f, g): ...\n"),
    ],
)
def test_the_limit_itself_is_allowed(path: str, source: str) -> None:
    assert not list(offences(list(measure(path, source)), {}))


def test_docstrings_are_free() -> None:
    source = 'def f() -> int:\n    """One.\n\n    Two.\n    """\n    return 1\n'
    assert sizes("src/a.py", source)["src/a.py:f"] == 2


def test_methods_and_inner_functions_are_measured() -> None:
    source = "class C:\n    async def m(self):\n        def inner():\n            pass\n"
    assert sizes("src/a.py", source) == {"src/a.py": 4, "src/a.py:C": 0, "src/a.py:C.m": 3, "src/a.py:C.m.inner": 2}


def test_lua_functions_of_one_line_end_where_they_end() -> None:
    source = "local function one() return 1 end\n\nfunction M.two(a)\n  if a then\n    b()\n  end\nend\n"
    assert sizes("src/a.lua", source) == {"src/a.lua": 7, "src/a.lua:one": 1, "src/a.lua:M.two": 5}


@pytest.mark.parametrize(
    ("head", "arguments"),
    [
        ("class C(msgspec.Struct):", 2),
        ("class C(Struct, frozen=True, kw_only=True):", 0),
        ("@dataclass(slots=True)\nclass C:", 2),
        ("class C(Protocol):", 0),
    ],
)
def test_fields_that_become_arguments_count(head: str, arguments: int) -> None:
    source = f"{head}\n    a: int\n    b: int = 0\n    c: ClassVar[int] = 0\n"
    assert sizes("src/a.py", source)["src/a.py:C"] == arguments


def test_an_exception_raises_one_limit_and_no_further() -> None:
    allowed = {"src/a.py:long": Allowed(45, "one table, read from top to bottom")}
    assert not list(offences(list(measure("src/a.py", function(45))), allowed))
    assert list(offences(list(measure("src/a.py", function(46))), allowed)) == [
        "src/a.py:long: 46 lines, at most 45",
    ]


def test_an_exception_nobody_needs_is_an_offence() -> None:
    allowed = {"src/a.py:long": Allowed(45, "one table, read from top to bottom")}
    assert list(offences(list(measure("src/a.py", function(40))), allowed)) == [
        "src/a.py:long: needs its exception no more, remove it",
    ]
