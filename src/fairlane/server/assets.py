"""Serves the files of the dashboard: read once, compressed for clients that accept it, and cached by browsers."""

from __future__ import annotations

import base64
import gzip
import hashlib
import posixpath
import re
from functools import cached_property, lru_cache
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable

from .http.answers import Answer, Header
from .http.call import Call

_TYPES = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "mjs": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
}
_IMPORTED = re.compile(r'\bfrom\s*"([^"]+)"')
_MAPPED = re.compile(r'"([^"]+)": "{assets}/([^"]+)"')
_IMPORT_MAP = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)
_NOSNIFF: Header = (b"x-content-type-options", b"nosniff")


class Asset:
    """One file and its headers."""

    def __init__(self, name: str, body: bytes, headers: tuple[Header, ...]) -> None:
        self._body = body
        self._type = _TYPES[name.rpartition(".")[2]]
        self._headers = (*headers, _NOSNIFF, (b"vary", b"accept-encoding"))
        self._digest = hashlib.sha256(body).hexdigest()[:20]

    @cached_property
    def _gzipped(self) -> bytes:
        return gzip.compress(self._body, mtime=0)

    def answer(self, call: Call) -> Answer:
        """The file, or 304 if the client already has it."""
        zipped = accepts_gzip(call.header(b"accept-encoding") or "")
        etag = f'"{self._digest}{"-gzip" if zipped else ""}"'.encode()
        headers: list[Header] = [*self._headers, (b"etag", etag)]
        if etag.decode() in re.split(r"\s*,\s*", call.header(b"if-none-match") or ""):
            return Answer(HTTPStatus.NOT_MODIFIED, b"", b"", headers)
        if not zipped:
            return Answer(HTTPStatus.OK, self._body, self._type, headers)
        return Answer(HTTPStatus.OK, self._gzipped, self._type, [*headers, (b"content-encoding", b"gzip")])


class Dashboard:
    """All files of a folder. Pages have fixed names; the path of the other files changes whenever one of them does."""

    def __init__(self, folder: Traversable) -> None:
        bodies = {name: found.read_bytes() for name, found in _walk(folder, "") if name.rpartition(".")[2] in _TYPES}
        digest = hashlib.sha256()
        for name in sorted(bodies):
            digest.update(b"%b\0%d\0%b" % (name.encode(), len(bodies[name]), bodies[name]))
        self.fingerprint = digest.hexdigest()[:12]
        forever = ((b"cache-control", b"public, max-age=31536000, immutable"),)
        self._assets = {name: Asset(name, body, forever) for name, body in bodies.items() if not _is_page(name)}
        modules = imported_by("js/main.js", bodies)
        self._pages = {
            name: self._page(name, body.decode(), modules) for name, body in bodies.items() if _is_page(name)
        }

    def page(self, name: str) -> Asset:
        """A page, such as `index.html`."""
        return self._pages[name]

    def asset(self, fingerprint: str, path: str) -> Asset | None:
        """A file that pages load. None if the version differs or the file does not exist."""
        return self._assets.get(path) if fingerprint == self.fingerprint else None

    def _page(self, name: str, text: str, preloads: list[str]) -> Asset:
        text = text.replace(
            "{preloads}", "\n".join(f'<link rel="modulepreload" href="{{assets}}/{path}">' for path in preloads)
        )
        text = text.replace("{assets}", f"/assets/{self.fingerprint}")
        headers = (
            (b"content-security-policy", content_security_policy(text).encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cache-control", b"no-cache"),
        )
        return Asset(name, text.encode(), headers)


@lru_cache(maxsize=1)
def dashboard() -> Dashboard:
    """The dashboard of this package."""
    return Dashboard(files(__package__).joinpath("dashboard"))


def content_security_policy(page: str) -> str:
    """The policy of a page: it loads our own files only, and its import map is the only inline script."""
    maps = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in _IMPORT_MAP.findall(page)]
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in maps)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def imported_by(module: str, bodies: dict[str, bytes]) -> list[str]:
    """The paths of all modules that it imports, directly or not, so that a browser can load them at once."""
    mapped = dict(_MAPPED.findall(bodies["index.html"].decode()))
    found = [module]
    for path in found:  # grows while it is read
        for name in _IMPORTED.findall(bodies[path].decode()):
            imported = mapped.get(name) or posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            if imported not in found:
                found.append(imported)
    return found[1:]


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for part in header.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return re.fullmatch(r"\s*q=0(\.0*)?\s*", quality) is None
    return False


def _is_page(name: str) -> bool:
    return name.endswith(".html")


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _walk(entry, f"{prefix}{entry.name}/")
        else:
            found.append((prefix + entry.name, entry))
    return found
