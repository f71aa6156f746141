"""URLs of APIs."""

from __future__ import annotations


def is_remote(url: str) -> bool:
    """Whether this is the URL of an API rather than of a store."""
    return url.startswith(("http://", "https://"))
