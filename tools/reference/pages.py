"""Which pages there are, and what each is made from."""

from __future__ import annotations

from pathlib import Path

from tools.reference import bounds, commands, errors, keys, metrics, rest, settings
from tools.reference.server import ask_server

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
_NOTE = "<!-- `make reference` writes this page. Change the code that it describes, and run it again. -->\n\n"


def make_pages() -> dict[str, str]:
    """The text of each derived page, by its file name."""
    answers = ask_server("/openapi.json", "/metrics")
    pages = {
        "bounds.md": bounds.page(),
        "cli.md": commands.page(),
        "errors.md": errors.page(),
        "keys.md": keys.page(),
        "metrics.md": metrics.page(answers["/metrics"]),
        "rest.md": rest.page(answers["/openapi.json"]),
        "settings.md": settings.page(),
    }
    return {name: _NOTE + text.rstrip() + "\n" for name, text in pages.items()}
