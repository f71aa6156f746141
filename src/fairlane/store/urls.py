"""Store URLs: what each scheme means, and how to show one without its password."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from ..model.errors import InvalidInput

ACCEPTED = "embedded:DIR, unix:///PATH, valkey://, valkeys://, redis:// or rediss://"
DEFAULT_PORT = 6379

_TCP_SCHEMES = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}
_LATER_SCHEMES = frozenset({"cluster", "sentinel"})
_TLS_OPTIONS = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_KNOWN_SCHEME = re.compile(r"embedded:|(?:valkeys?|rediss?|cluster|sentinel|unix|https?):(?://)?", re.IGNORECASE)
_PASSWORD_OPTION = re.compile(r"((?:password|username|passwd|user|pass|auth|token|secret)=)[^&#]*", re.IGNORECASE)


class EmbeddedUrl(msgspec.Struct, frozen=True):
    """A store that fairlane starts itself, with its data in a folder."""

    data_dir: Path

    def __str__(self) -> str:
        return f"embedded:{self.data_dir}"


class ServerUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A store that runs elsewhere: over TCP, TLS, or a unix socket if `path` is set."""

    host: str = "localhost"
    port: int = DEFAULT_PORT
    path: str | None = None
    database: int = 0
    username: str | None = None
    password: str | None = None
    tls: bool = False
    tls_files: dict[str, str] = {}
    """`ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`: paths of PEM files."""

    def __str__(self) -> str:
        """The URL without user name and password."""
        suffix = f"/{self.database}" if self.database else ""
        if self.path is not None:
            return f"unix://{self.path}" + (f"?db={self.database}" if self.database else "")
        host = f"[{self.host}]" if ":" in self.host else self.host
        secret = "***@" if self.username or self.password else ""
        return f"{'valkeys' if self.tls else 'valkey'}://{secret}{host}:{self.port}{suffix}"

    __repr__ = __str__


StoreUrl = EmbeddedUrl | ServerUrl


def redact_url(url: str) -> str:
    """`url` with user name and password replaced by `***`, however malformed it is."""
    scheme = _KNOWN_SCHEME.match(url)
    prefix = scheme[0] if scheme else ""
    rest = url[len(prefix) :]
    if prefix.lower() != "embedded:" and "@" in rest:
        rest = "***@" + rest.rpartition("@")[2]
    return _PASSWORD_OPTION.sub(r"\1***", prefix + rest)


def parse_store_url(url: str) -> StoreUrl:
    """The store that `url` names. Raises InvalidInput, without passwords in the text."""
    match = _SCHEME.match(url)
    scheme = match[1].lower() if match else ""
    if scheme in _LATER_SCHEMES:
        raise InvalidInput(f"{scheme}:// stores are not supported yet in this version; use {ACCEPTED}")
    if scheme == "embedded":
        return _parse_embedded(url.partition(":")[2])
    if scheme == "unix" or scheme in _TCP_SCHEMES:
        try:
            return _parse_server(scheme, url)
        except ValueError as error:
            raise InvalidInput(f"store URL {redact_url(url)} cannot be read: {error}") from None
    raise InvalidInput(f"store URL {redact_url(url)!r} must be {ACCEPTED}")


def _parse_embedded(folder: str) -> EmbeddedUrl:
    if not folder or "\0" in folder:
        raise InvalidInput("embedded: needs a folder, as in embedded:.fairlane")
    if folder.startswith("//") and not folder.startswith("///"):
        # A host would stand there, and taken for a path it would be one at the top of the file system.
        name = folder[2:] or ".fairlane"
        raise InvalidInput(
            f"store URL embedded:{folder} can mean two folders: write embedded:{name} for one below the current "
            f"folder, or embedded:/{name} for one at the top"
        )
    return EmbeddedUrl(Path(folder).expanduser())


def _parse_server(scheme: str, url: str) -> ServerUrl:
    """Raises ValueError, whose text quotes no part of the user name or password."""
    parts = urlsplit(url)
    if "://" not in url:
        raise ValueError(f"it must begin with {scheme}://")
    if parts.fragment:
        raise ValueError("a # in it must be written %23")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    database = options.pop("db", None)
    if scheme == "unix":
        if parts.netloc.rpartition("@")[2] or len(parts.path) < 2:
            raise ValueError("the socket's path must be absolute, as in unix:///run/valkey.sock")
    elif parts.path not in ("", "/"):
        database = parts.path[1:]
    tls = _TCP_SCHEMES.get(scheme, False)
    unknown = sorted(set(options) - (_TLS_OPTIONS if tls else frozenset()))
    if unknown:
        raise ValueError(f"option {unknown[0]!r} is not known")
    return ServerUrl(
        host=parts.hostname or "localhost",
        port=_port(parts.netloc),
        path=unquote(parts.path) if scheme == "unix" else None,
        database=_database(database),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
        tls_files=options,
    )


def _port(netloc: str) -> int:
    port = re.search(r":(\d*)$", netloc.rpartition("@")[2].rpartition("]")[2])
    if port is None:
        if ":" in netloc.rpartition("@")[2].rpartition("]")[2]:
            raise ValueError("its port must be 1 to 65535")
        return DEFAULT_PORT
    number = int(port[1] or DEFAULT_PORT)
    if not 1 <= number <= 65_535:
        raise ValueError("its port must be 1 to 65535")
    return number


def _database(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 5:
        raise ValueError("its database must be a number")
    return int(text)
