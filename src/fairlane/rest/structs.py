"""What all requests and answers are made from, and how they become the model's values."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import msgspec


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """A JSON object that a client sends, in camelCase. Unknown fields are refused.

    Fields with their default are not sent, so that a newer client can talk to an older server.
    """


class Query(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Query parameters in camelCase."""


class View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A JSON object that the server answers with, in camelCase."""


class NoQuery(Query, frozen=True):
    """No parameters."""


def same_fields(source: type[msgspec.Struct], target: type[msgspec.Struct], *without: str) -> _SameFields:
    """A function that takes a `source` and returns, by name, its fields that `target` has too.

    A field that is added to both under one name needs no further code. `without` names the fields to convert by hand.
    """
    names = [name for name in source.__struct_fields__ if name in target.__struct_fields__ and name not in without]
    values = attrgetter(*names)
    return lambda struct: dict(zip(names, values(struct), strict=True))


_SameFields = Callable[[msgspec.Struct], dict[str, Any]]
