"""The derived pages of docs/reference follow the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.reference import bounds, errors, keys, metrics, rest, settings
from tools.reference.pages import REFERENCE, make_pages

TESTS = Path(__file__).parents[1]
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


def test_each_bound_names_a_test_that_exists() -> None:
    for bound in (bound for section in bounds.SECTIONS.values() for bound in section):
        name, _, function = bound.test.partition("::")
        assert f"def {function}(" in (TESTS / name).read_text(encoding="utf-8"), bound.what
