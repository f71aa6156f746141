"""Serves the files of the dashboard: read once, compressed for clients that accept it, and cached by browsers."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import re
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from .http.answers import Header
from .http.files import UNCHANGED_ONLY, File

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


class Dashboard:
    """All files of a folder. Pages have fixed names; the path of the other files changes whenever one of them does."""

    def __init__(self, folder: Traversable, base_path: str = "") -> None:
        """`base_path` is where clients see the API, such as "/queues"."""
        self._base = base_path
        bodies = {name: found.read_bytes() for name, found in _walk(folder, "") if _ending(name) in _TYPES}
        digest = hashlib.sha256()
        for name in sorted(bodies):
            digest.update(b"%b\0%d\0%b" % (name.encode(), len(bodies[name]), bodies[name]))
        self.fingerprint = digest.hexdigest()[:12]
        forever = ((b"cache-control", b"public, max-age=31536000, immutable"),)
        self._assets = {name: _file(name, body, forever) for name, body in bodies.items() if not _is_page(name)}
        modules = imported_by("js/main.js", bodies)
        self._pages = {
            name: self._page(name, body.decode(), modules) for name, body in bodies.items() if _is_page(name)
        }

    def page(self, name: str) -> File:
        """A page, such as `index.html`."""
        return self._pages[name]

    def asset(self, fingerprint: str, path: str) -> File | None:
        """A file that pages load. None if the version differs or the file does not exist."""
        return self._assets.get(path) if fingerprint == self.fingerprint else None

    def _page(self, name: str, text: str, preloads: list[str]) -> File:
        text = text.replace(
            "{preloads}", "\n".join(f'<link rel="modulepreload" href="{{assets}}/{path}">' for path in preloads)
        )
        text = text.replace("{assets}", f"{self._base}/assets/{self.fingerprint}").replace("{base}", self._base)
        headers = (
            (b"content-security-policy", content_security_policy(text).encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"cross-origin-opener-policy", b"same-origin"),
            UNCHANGED_ONLY,
        )
        return _file(name, text.encode(), headers)


@lru_cache(maxsize=1)
def dashboard(base_path: str = "") -> Dashboard:
    """The dashboard of this package."""
    return Dashboard(files(__package__).joinpath("dashboard"), base_path)


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


def _file(name: str, body: bytes, headers: tuple[Header, ...]) -> File:
    return File(body, _TYPES[_ending(name)], headers)


def _ending(name: str) -> str:
    return name.rpartition(".")[2]


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
