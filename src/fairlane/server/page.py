"""The pages that the server itself shows: plain files, and headers that let them load nothing foreign."""

from __future__ import annotations

from importlib.resources import files

from .answers import Answer, Header

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: tuple[Header, ...] = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)
_TYPES = {
    "html": b"text/html; charset=utf-8",
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
}


def read_page(name: str) -> Answer:
    """A file of the package's `static` folder, as a response."""
    body = files(__package__).joinpath("static", name).read_bytes()
    return Answer(200, body, _TYPES[name.rpartition(".")[2]], _HEADERS)
