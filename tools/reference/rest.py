"""The REST API, from its OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tools.reference.markdown import table

Json = dict[str, Any]

_INTRODUCTION = """# REST API

JSON in camelCase, times in UTC as ISO 8601. A running server has the same description at `/docs`, and as OpenAPI
3.1 at `/openapi.json`. [Errors](errors.md) are problem details (RFC 9457). A call refuses query parameters and
fields that it does not know.

A *name* (of a tenant, queue, task or schedule) is 1 to 128 of `A-Z a-z 0-9 . _ : @ -`, except `.` and `..`.

"""
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "`{}`",
    "format": "{}",
}


def page(document: str) -> str:
    """The text of docs/reference/rest.md."""
    api: Json = json.loads(document)
    operations = [
        (f"{method.upper()} {path}", operation)
        for path, methods in api["paths"].items()
        for method, operation in methods.items()
    ]
    common = set.intersection(*(set(operation["responses"]) for _, operation in operations))
    schemas = api["components"]["schemas"]
    return (
        _INTRODUCTION
        + f"Every call can answer {', '.join(sorted(common))}.\n\n"
        + "".join(_operation(title, operation, common) for title, operation in operations)
        + "# Bodies\n\n"
        + "".join(_schema(name, schemas[name]) for name in sorted(schemas))
    )


def _operation(title: str, operation: Json, common: set[str]) -> str:
    parts = [
        f"## {title}\n\n",
        *(f"{operation[key]}\n\n" for key in ("summary", "description") if key in operation),
    ]
    rows = (
        (f"`{parameter['name']}`", parameter["in"], _kind(parameter["schema"]), parameter.get("description", ""))
        for parameter in operation["parameters"]
    )
    parts.append(table(["parameter", "in", "type", "meaning"], rows))
    for content in operation.get("requestBody", {}).get("content", {}).values():
        parts.append(f"Body: {_kind(content['schema'])}.\n\n")
    parts.append("Answers: " + ", ".join(_answers(operation["responses"], common)) + ".\n\n")
    return "".join(parts)


def _answers(responses: Json, common: set[str]) -> Iterator[str]:
    """Each status that not all calls have, with the body of a success."""
    for status, response in responses.items():
        if status in common:
            continue
        schemas = [content["schema"] for content in response.get("content", {}).values() if content["schema"]]
        is_body = status < "300" and schemas
        yield f"{status} {_kind(schemas[0])}" if is_body else f"{status} {response['description']}"


def _schema(name: str, schema: Json) -> str:
    required = schema.get("required", [])
    rows = (
        (f"`{field}`", _kind(of), "yes" if field in required else "", of.get("description", ""))
        for field, of in schema.get("properties", {}).items()
    )
    text = " ".join(schema.get("description", "").split("\n\n")[0].split())
    if "properties" not in schema:
        text = f"{text} {_kind(schema)}.".strip()
    return f"## {name}\n\n" + (f"{text}\n\n" if text else "") + table(["field", "type", "always", "meaning"], rows)


def _kind(schema: Json) -> str:
    """A schema in words."""
    if schema.get("pattern", "").startswith("^(?!"):
        return "name"
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        text = " or ".join(map(_kind, schema["anyOf"]))
    elif "enum" in schema:
        text = " or ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    elif schema.get("type") == "array":
        text = f"list of {_kind(schema['items'])}" if schema.get("items") else "list"
    elif isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
        text = f"map of {_kind(schema['additionalProperties'])}"
    else:
        text = schema.get("type", "any JSON value")
    bounds = [words.format(schema[key]) for key, words in _BOUNDS.items() if key in schema]
    if schema.get("default") not in (None, "", [], {}):
        bounds.append(f"default `{json.dumps(schema['default'])}`")
    return f"{text} ({', '.join(bounds)})" if bounds else text
