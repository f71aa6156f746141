"""Names that users choose, and their alphabet."""

from __future__ import annotations

import re

from .errors import InvalidInput

NAME_LENGTH = 128
NAME_PATTERN = rf"^(?!\.{{1,2}}$)[A-Za-z0-9._:@-]{{1,{NAME_LENGTH}}}$"
IDEMPOTENCY_KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"

_NAME = re.compile(rf"[A-Za-z0-9._:@-]{{1,{NAME_LENGTH}}}", re.ASCII)
_VISIBLE = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


def check_name(value: str, what: str, pointer: str = "") -> str:
    """Return `value`, as a plain str, if it can name a tenant, queue, task or worker.

    Raises InvalidInput otherwise. The alphabet has no separator of the keyspace in it, so that no
    name can steer a key. `.` and `..` are not names, because clients remove them from the path of a URL.
    """
    value = plain_text(value, what, pointer)
    if _NAME.fullmatch(value) is None:
        raise InvalidInput(f"{what} must be 1 to {NAME_LENGTH} of the characters A-Z a-z 0-9 . _ : @ -", pointer)
    if value in (".", ".."):
        raise InvalidInput(f"{what} must not be {value}, which no URL can have as a part of its path", pointer)
    return value


def check_key(value: str, what: str, pointer: str = "") -> str:
    """Return `value`, as a plain str, if it can be an idempotency key or a business key; else raise InvalidInput."""
    value = plain_text(value, what, pointer)
    if _VISIBLE.fullmatch(value) is None:
        raise InvalidInput(f"{what} must be 1 to 255 visible ASCII characters without spaces", pointer)
    return value


def plain_text(value: object, what: str, pointer: str = "") -> str:
    """The text of a str or a subclass of it, as a plain str, which is what can be stored. Raises InvalidInput."""
    if type(value) is str:
        return value
    if not isinstance(value, str):
        raise InvalidInput(f"{what} must be text, not {value!r:.100}", pointer)
    return str.__str__(value)
