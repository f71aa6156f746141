"""Who may call: keeps pages of other origins away, and asks for an access token."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ...model.errors import Forbidden, Unauthorized
from ...model.token import Token, TokenKind
from ...rest.problems import CROSS_ORIGIN, MALFORMED_REQUEST, WRONG_HOST, HttpError

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_SINGLE = (b"authorization", b"content-type", b"idempotency-key", b"last-event-id", b"origin", b"sec-fetch-site")
_OWN_SITE = frozenset({b"same-origin", b"none"})


def check_single(fields: Sequence[tuple[bytes, bytes]], headers: dict[bytes, bytes]) -> None:
    """Refuse a request that sends a header of _SINGLE more than once. Raises HttpError 400."""
    if len(headers) == len(fields):
        return
    names = [name for name, _ in fields]
    for name in _SINGLE:
        if names.count(name) > 1:
            raise HttpError(MALFORMED_REQUEST, f"The header {name.decode().title()} must be given once.")


def check_host(headers: dict[bytes, bytes], allowed_hosts: frozenset[str] | None) -> None:
    """Refuse a request to another host name. Raises HttpError 421."""
    host = headers.get(b"host", b"")
    if allowed_hosts is not None and host and host_name(host) not in allowed_hosts:
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


def secret_of(headers: dict[bytes, bytes]) -> bytes | None:
    """The token in the Authorization header; None without that header. Raises Unauthorized for another scheme."""
    header = headers.get(b"authorization")
    if header is None:
        return None
    if header[:7].lower() != b"bearer ":
        raise no_token()
    return header[7:].strip()


def no_token() -> Unauthorized:
    """The error for a request without an access token."""
    return Unauthorized("this server asks for an access token: send the header Authorization: Bearer fl_...")


def check_allowed(token: Token, audience: frozenset[TokenKind], *, writes: bool) -> None:
    """Refuse an operation that tokens like this may never call. Raises Forbidden."""
    if token.kind not in audience:
        raise Forbidden(f"a {token.kind} token does not allow this call")
    if token.read_only and writes:
        raise Forbidden("this token may only read")


@lru_cache(maxsize=1024)
def host_name(host: bytes) -> str:
    """The name in a Host header, without port, brackets or upper case."""
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".")
