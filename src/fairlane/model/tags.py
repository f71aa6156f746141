"""Tags: words by which users find jobs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .errors import InvalidInput
from .job import MAX_TAG_LENGTH, MAX_TAGS
from .names import plain_text

TAG_PATTERN = rf"^[A-Za-z0-9._:@=/-]{{1,{MAX_TAG_LENGTH}}}$"
_TAG = re.compile(TAG_PATTERN[1:-1], re.ASCII)


def check_tag(value: str, what: str = "a tag", pointer: str = "/tag") -> str:
    """Return `value`, as a plain str, if it can be a tag; else raise InvalidInput."""
    value = plain_text(value, what, pointer)
    if _TAG.fullmatch(value) is None:
        raise InvalidInput(f"{what} must be 1 to {MAX_TAG_LENGTH} of the characters A-Z a-z 0-9 . _ : @ = / -", pointer)
    return value


def check_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags as a tuple if a job can have them; else raise InvalidInput."""
    if isinstance(tags, str):
        raise InvalidInput(f"tags must be a list of texts, not the text {tags!r:.100}", "/tags")
    checked = tuple(check_tag(tag, pointer=f"/tags/{i}") for i, tag in enumerate(tags))
    if len(checked) > MAX_TAGS:
        raise InvalidInput(f"a job can have {MAX_TAGS} tags at most", "/tags")
    if len(set(checked)) < len(checked):
        raise InvalidInput("a job can have each tag once", "/tags")
    return checked
