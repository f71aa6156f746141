"""The derived pages of docs/reference follow the code."""

from __future__ import annotations

import ast
import re
from math import prod
from pathlib import Path

import pytest

from tools.reference import bounds, errors, keys, metrics, rest, settings
from tools.reference.pages import REFERENCE, make_pages

TESTS = Path(__file__).parents[1]
PAGE_SOURCE = ast.parse(Path(bounds.__file__).read_text(encoding="utf-8"))
PAGES = ("bounds.md", "cli.md", "errors.md", "keys.md", "metrics.md", "rest.md", "settings.md")


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return make_pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_derived_page_is_up_to_date(name: str, made: dict[str, str]) -> None:
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == made[name], f"docs/reference/{name} is out of date: run `make reference`"


def test_each_derived_page_is_checked(made: dict[str, str]) -> None:
    assert tuple(made) == PAGES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (settings.page(), "| `--port` | `FAIRLANE_PORT` | `8000` |"),
        (errors.page(), "| `RateLimited` | `rate_limited` | 429 |"),
        (errors.page(), "| `wrong_host` | 421 |"),
        (keys.page(), "| `leases` | "),
        (metrics.page("# HELP a_b Said of it.\n# TYPE a_b gauge\na_b 1\n"), "| `a_b` | gauge | Said of it. |"),
    ],
)
def test_a_page_has_rows_from_the_code(text: str, expected: str) -> None:
    assert expected in text


def test_calls_bodies_and_bounds_come_from_the_document() -> None:
    document = """{
      "paths": {"/things": {"post": {
        "summary": "Make a thing.",
        "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 5}}],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
        "responses": {"202": {"description": "Accepted"}, "404": {"description": "Not Found"}}
      }}, "/all": {"get": {"summary": "All.", "parameters": [], "responses": {"404": {"description": "Not Found"}}}}},
      "components": {"schemas": {
        "Thing": {"properties": {"name": {"$ref": "#/components/schemas/Kind"}}, "required": ["name"]},
        "Kind": {"enum": ["a", "b"]}
      }}
    }"""
    text = rest.page(document)
    assert "## POST /things\n\nMake a thing.\n" in text
    assert "| `limit` | query | integer (at most 5) |" in text
    assert "Body: [Thing](#thing).\n\nAnswers: 202 Accepted.\n" in text
    assert "| `name` | [Kind](#kind) | yes |" in text
    assert '## Kind\n\n`"a"` or `"b"`.\n' in text


BOUNDS = [bound for section in bounds.SECTIONS.values() for bound in section]
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "": 1}


def numbers_of(text: str) -> set[int]:
    """The numbers that a row of the page gives, in bytes where they have a unit."""
    return {int(number.replace(",", "")) * UNITS[unit] for number, unit in re.findall(r"([\d,]*\d) ?([KM]iB|)", text)}


def constants_of(bound: bounds.Bound) -> set[str]:
    """The names from which the page derives the number of this row."""
    calls = (node for node in ast.walk(PAGE_SOURCE) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Bound")
    most = next(call.args[1] for call in calls if ast.literal_eval(call.args[0]) == bound.what)
    return {node.attr for node in ast.walk(most) if isinstance(node, ast.Attribute)}


def numbers_in(source: ast.AST) -> set[int]:
    """The integers that are written in a test, also as products such as 256 * 1024."""
    return {number for node in ast.walk(source) if (number := _number(node)) is not None}


def _number(node: ast.AST) -> int | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        factors = [_number(node.left), _number(node.right)]
        return None if None in factors else prod(factor or 0 for factor in factors)
    return None


@pytest.mark.parametrize("bound", BOUNDS, ids=[bound.what for bound in BOUNDS])
def test_each_bound_names_a_test_that_stands_at_it(bound: bounds.Bound) -> None:
    name, _, function = bound.test.partition("::")
    text = (TESTS / name).read_text(encoding="utf-8")
    source = ast.parse(text)
    assert function in {node.name for node in source.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    numbers = numbers_of(bound.most)
    beyond = numbers | {number + 1 for number in numbers}
    named = any(re.search(rf"\b{constant}\b", text) for constant in constants_of(bound))
    assert not numbers or named or beyond & numbers_in(source), "the test uses neither the constant nor its number"
