"""The OpenAPI 3.1 document, made from the operations' own signatures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from importlib.metadata import version
from inspect import cleandoc
from typing import Any

import msgspec

from ...rest.fields import Key, Name
from ...rest.jobs import BatchItem
from ...rest.many_jobs import SCHEMA_REFERENCE
from ...rest.problems import PROBLEM_TYPE, Problem
from .endpoint import Endpoint, Reply

Json = dict[str, Any]
_ERRORS_OF_ALL = (403, 405, 414, 421, 422, 500, 503)
_ERRORS_OF_BODIES = (400, 408, 413, 415)
_SCHEME = "token"
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "fl_...",
    "description": "An access token. Only a server that runs with `--auth tokens` asks for one.",
}
_PATH_PARAMETER = re.compile(r"{(\w+)}")
_RETRY_AFTER = frozenset({429, 503, 507})


def openapi_document(endpoints: Sequence[Endpoint], base_path: str = "", *, with_tokens: bool = False) -> bytes:
    """The document as JSON text. `base_path` is where clients see the API, such as "/queues".

    `with_tokens`: whether the server asks for access tokens.
    """
    schemas = Schemas(endpoints)
    paths: Json = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "fairlane",
            "version": version("fairlane"),
            "description": "A multi-tenant job queue. Errors are problem details (RFC 9457) with a stable `type`.",
        },
        **({"servers": [{"url": base_path}]} if base_path else {}),
        "security": [{_SCHEME: []}, *([] if with_tokens else [{}])],
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": {_SCHEME: _BEARER}},
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


class Schemas:
    """The JSON schemas of all requests and answers."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        types: list[Any] = [Problem, BatchItem]
        queries: set[str] = set()
        for endpoint in endpoints:
            types += [reply.type for reply in endpoint.replies.values() if reply.type is not None]
            types += [kind for kind in (endpoint.query, endpoint.body) if kind is not None]
            if endpoint.query is not None:
                queries.add(endpoint.query.__name__)
        schemas, components = msgspec.json.schema_components(types, ref_template=SCHEMA_REFERENCE)
        self._by_type = dict(zip(map(repr, types), schemas, strict=True))
        self._queries = {name: components.pop(name) for name in queries}
        for name in _reachable([self.of(endpoint.body) for endpoint in endpoints if endpoint.body], components):
            _describe_defaults(components[name])
        for schema in components.values():
            if "description" in schema:
                schema["description"] = cleandoc(schema["description"])
        self.components = components

    def of(self, kind: Any) -> Json:
        """The schema of a type."""
        return self._by_type[repr(kind)]

    def parameters(self, query: Any) -> Iterator[Json]:
        """Query parameters."""
        parts = self._queries[query.__name__]
        for name, schema in parts["properties"].items():
            required = {"required": True} if name in parts.get("required", ()) else {}
            yield {"name": name, "in": "query", **required, "schema": _without_null(schema)}


def _reachable(schemas: Json | list[Any], components: Json) -> set[str]:
    """The names of all components that the schemas refer to, at any depth."""
    found: set[str] = set()
    pending: list[Any] = [schemas]
    for part in pending:  # grows
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).removeprefix(SCHEMA_REFERENCE.format(name=""))
            if name and name not in found:
                found.add(name)
                pending.append(components[name])
            pending += part.values()
        elif isinstance(part, list | tuple):
            pending += part
    return found


def _describe_defaults(schema: Json) -> None:
    """Put the defaults of a request into words. Generators make a field with `default` a required one."""
    for of in schema.get("properties", {}).values():
        default = of.pop("default", None)
        if default not in (None, "", (), []):
            of["description"] = f"Default: {msgspec.json.encode(default).decode()}."


def _without_null(schema: Json) -> Json:
    """A schema for a value that may be left out, but not null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    if not choices:
        return schema
    kept = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    return kept | choices[0] if len(choices) == 1 else kept | {"anyOf": choices}


def _operation(endpoint: Endpoint, schemas: Schemas) -> Json:
    operation: Json = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.path.split("/")[1]],
        "parameters": list(_parameters(endpoint, schemas)),
        "responses": _responses(endpoint, schemas),
        **({"security": []} if endpoint.audience is None else {}),
    }
    parts = [endpoint.description, _kinds(endpoint)]
    operation["description"] = "\n\n".join(part for part in parts if part)
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": not endpoint.body_optional,
            "content": {"application/json": {"schema": schemas.of(endpoint.body)}},
        }
    return operation


def _kinds(endpoint: Endpoint) -> str:
    """Which tokens allow the operation."""
    if endpoint.audience is None:
        return "Needs no access token."
    kinds = " or ".join(sorted(endpoint.audience))
    return f"Kind of access token: {kinds}."


def _parameters(endpoint: Endpoint, schemas: Schemas) -> Iterator[Json]:
    for name in _PATH_PARAMETER.findall(endpoint.path):
        schema = msgspec.json.schema(Name) if _names_in_path(endpoint) else {"type": "string"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for name, detail in endpoint.headers.items():
        yield {"name": name, "in": "header", "description": detail, "schema": msgspec.json.schema(Key)}
    if endpoint.query is not None:
        yield from schemas.parameters(endpoint.query)


def _names_in_path(endpoint: Endpoint) -> bool:
    """Whether the path has a name in it, which may be invalid. A job's id is unknown rather than invalid."""
    return bool(_PATH_PARAMETER.search(endpoint.path)) and not endpoint.path.startswith("/jobs/")


def _responses(endpoint: Endpoint, schemas: Schemas) -> Json:
    responses: Json = {}
    for status, reply in endpoint.replies.items():
        responses[str(status)] = _success(status, reply, schemas)
    errors = {*_ERRORS_OF_ALL, *endpoint.errors}
    if endpoint.audience is not None:
        errors.add(HTTPStatus.UNAUTHORIZED.value)
    if endpoint.body is not None:
        errors.update(_ERRORS_OF_BODIES)
    for status in sorted(errors):
        responses[str(status)] = _problem(status, schemas)
    return responses


def _success(status: int, reply: Reply, schemas: Schemas) -> Json:
    headers = {
        name: {"description": detail, "required": name in reply.always, "schema": {"type": "string"}}
        for name, detail in reply.headers.items()
    }
    schema = {} if reply.type is None else schemas.of(reply.type)
    response: Json = {"description": HTTPStatus(status).phrase}
    if reply.media:
        response["content"] = {reply.media: {"schema": schema}}
    return response | ({"headers": headers} if headers else {})


def _problem(status: int, schemas: Schemas) -> Json:
    response: Json = {
        "description": HTTPStatus(status).phrase,
        "content": {PROBLEM_TYPE: {"schema": schemas.of(Problem)}},
    }
    if status in _RETRY_AFTER:
        response["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer"}}
        }
    if status == HTTPStatus.UNAUTHORIZED:
        response["headers"] = {
            "WWW-Authenticate": {"description": "`Bearer`", "required": True, "schema": {"type": "string"}}
        }
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        response["headers"] = {
            "Allow": {"description": "The methods of this path.", "required": True, "schema": {"type": "string"}}
        }
    return response
