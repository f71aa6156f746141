"""The cookie that keeps a person signed in on the dashboard.

It holds a secret of the session, not the access token. Scripts cannot read it, and browsers send it to this server
only.
"""

from __future__ import annotations

from .answers import Header, Scope

_NAME = "fairlane_session"


def set_cookie(scope: Scope, base_path: str, secret: str, lasts_s: float) -> Header:
    """The header that begins a session of `lasts_s` seconds. It ends a session with 0."""
    secure = "; Secure" if _is_secure(scope) else ""
    value = f"{name_of(scope, base_path)}={secret}; Path={base_path}/; Max-Age={round(lasts_s)}"
    cookie = f"{value}; HttpOnly; SameSite=Strict{secure}"
    return b"set-cookie", cookie.encode()


def secret_in(scope: Scope, headers: dict[bytes, bytes], base_path: str) -> bytes | None:
    """The secret in the cookie of a request, if there is one."""
    cookies = headers.get(b"cookie")
    if cookies is None:
        return None
    wanted = name_of(scope, base_path).encode()
    for cookie in cookies.split(b";"):
        name, _, value = cookie.strip().partition(b"=")
        if name == wanted:
            return value
    return None


def name_of(scope: Scope, base_path: str) -> str:
    """The name of the cookie. Behind TLS, its prefix keeps other hosts and plain HTTP from setting it (RFC 6265bis)."""
    if not _is_secure(scope):
        return _NAME
    # The prefix __Host- requires the path "/", which would send the token to the neighbours of the base path.
    return f"__Secure-{_NAME}" if base_path else f"__Host-{_NAME}"


def _is_secure(scope: Scope) -> bool:
    return bool(scope["scheme"] == "https")
