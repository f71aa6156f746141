"""Keeps web pages of other origins from using the server, which trusts every client that reaches it."""

from __future__ import annotations

from functools import lru_cache

from ...rest.problems import CROSS_ORIGIN, WRONG_HOST, HttpError

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({b"same-origin", b"none"})


def check_host(headers: dict[bytes, bytes], allowed_hosts: frozenset[str]) -> None:
    """Refuse a request to another host name. Raises HttpError 421."""
    host = headers.get(b"host", b"")
    if host and host_name(host) not in allowed_hosts:
        raise HttpError(WRONG_HOST, "This server does not answer to the name in the Host header.")


def is_safe(method: str) -> bool:
    """Whether requests of this method change nothing."""
    return method in _SAFE_METHODS


def check_origin(headers: dict[bytes, bytes]) -> None:
    """Refuse a request that a browser sends for a page of another origin. Raises HttpError 403.

    Programs send no Origin, and pass.
    """
    host = headers.get(b"host", b"")
    site = headers.get(b"sec-fetch-site")
    origin = headers.get(b"origin")
    if (site is not None and site not in _OWN_SITE) or (origin is not None and origin.partition(b"://")[2] != host):
        raise HttpError(CROSS_ORIGIN, "Pages of another origin may not do this.")


@lru_cache(maxsize=1024)
def host_name(host: bytes) -> str:
    """The name in a Host header, without port, brackets or upper case."""
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".")
