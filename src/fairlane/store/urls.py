"""Store URLs: what each scheme means, and how to show one without its password."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

import msgspec

from ..model.errors import InvalidInput

ACCEPTED = "embedded:DIR, unix:///PATH, valkey://, valkeys://, redis://, rediss://, sentinel:// or sentinels://"
DEFAULT_PORT = 6379
SENTINEL_PORT = 26379

_TCP_SCHEMES = {"valkey": False, "redis": False, "valkeys": True, "rediss": True}
_SENTINEL_SCHEMES = {"sentinel": False, "sentinels": True}
_LATER_SCHEMES = frozenset({"cluster", "clusters"})
_TLS_OPTIONS = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_KNOWN_SCHEME = re.compile(r"embedded:|(?:valkeys?|rediss?|clusters?|sentinels?|unix|https?):(?://)?", re.IGNORECASE)
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
        secret = "***@" if self.username or self.password else ""
        return f"{'valkeys' if self.tls else 'valkey'}://{secret}{_bracketed(self.host)}:{self.port}{suffix}"

    __repr__ = __str__


class SentinelUrl(msgspec.Struct, frozen=True, kw_only=True):
    """A store whose primary is found by asking Sentinels."""

    sentinels: tuple[tuple[str, int], ...]
    """Hosts and ports."""
    service: str
    """What the Sentinels call the store."""
    sentinel_username: str | None = None
    sentinel_password: str | None = None
    server: ServerUrl
    """How to reach each server of the store. Its host and port are not used."""

    def __str__(self) -> str:
        """The URL without user names and passwords."""
        secret = "***@" if self.server.username or self.server.password else ""
        hosts = ",".join(f"{_bracketed(host)}:{port}" for host, port in self.sentinels)
        database = f"?db={self.server.database}" if self.server.database else ""
        return f"{'sentinels' if self.server.tls else 'sentinel'}://{secret}{hosts}/{quote(self.service)}{database}"

    __repr__ = __str__


StoreUrl = EmbeddedUrl | ServerUrl | SentinelUrl


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


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
    if scheme == "unix" or scheme in _TCP_SCHEMES or scheme in _SENTINEL_SCHEMES:
        try:
            return _parse_sentinel(scheme, url) if scheme in _SENTINEL_SCHEMES else _parse_server(scheme, url)
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
    parts, options = _split(scheme, url)
    database = options.pop("db", None)
    if scheme == "unix":
        if parts.netloc.rpartition("@")[2] or len(parts.path) < 2:
            raise ValueError("the socket's path must be absolute, as in unix:///run/valkey.sock")
    elif parts.path not in ("", "/"):
        database = parts.path[1:]
    tls = _TCP_SCHEMES.get(scheme, False)
    _refuse_unknown(options, _TLS_OPTIONS if tls else frozenset())
    return ServerUrl(
        host=parts.hostname or "localhost",
        port=_port(parts.netloc, DEFAULT_PORT),
        path=unquote(parts.path) if scheme == "unix" else None,
        database=_database(database),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
        tls_files=options,
    )


def _parse_sentinel(scheme: str, url: str) -> SentinelUrl:
    """Raises ValueError, whose text quotes no part of the user names and passwords."""
    authority, slash, path = url.partition("://")[2].partition("/")
    userinfo, at, names = authority.rpartition("@")
    parts, options = _split(scheme, f"{scheme}://{userinfo}{at}{slash}{path}")  # urlsplit refuses several [::1]
    hosts = [f"//{name}" for name in names.split(",")]
    sentinels = tuple((urlsplit(host).hostname or "", _port(host, SENTINEL_PORT)) for host in hosts)
    service = unquote(parts.path[1:])
    if not service or "/" in service or not all(host for host, _ in sentinels):
        raise ValueError(f"it needs the hosts of Sentinels and the service, as in {scheme}://host1,host2/main")
    database = options.pop("db", None)
    username, password = options.pop("sentinel_username", None), options.pop("sentinel_password", None)
    tls = _SENTINEL_SCHEMES[scheme]
    _refuse_unknown(options, _TLS_OPTIONS if tls else frozenset())
    return SentinelUrl(
        sentinels=sentinels,
        service=service,
        sentinel_username=username,
        sentinel_password=password,
        server=ServerUrl(
            database=_database(database),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=tls,
            tls_files=options,
        ),
    )


def _split(scheme: str, url: str) -> tuple[SplitResult, dict[str, str]]:
    """The parts of a URL, and its options."""
    parts = urlsplit(url)
    if "://" not in url:
        raise ValueError(f"it must begin with {scheme}://")
    if parts.fragment:
        raise ValueError("a # in it must be written %23")
    return parts, dict(parse_qsl(parts.query, keep_blank_values=True))


def _refuse_unknown(options: dict[str, str], known: frozenset[str]) -> None:
    unknown = sorted(set(options) - known)
    if unknown:
        raise ValueError(f"option {unknown[0]!r} is not known")


def _port(netloc: str, default: int) -> int:
    port = re.search(r":(\d*)$", netloc.rpartition("@")[2].rpartition("]")[2])
    if port is None:
        if ":" in netloc.rpartition("@")[2].rpartition("]")[2]:
            raise ValueError("its port must be 1 to 65535")
        return default
    number = int(port[1] or default)
    if not 1 <= number <= 65_535:
        raise ValueError("its port must be 1 to 65535")
    return number


def _database(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 5:
        raise ValueError("its database must be a number")
    return int(text)
