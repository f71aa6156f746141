"""The settings, from the struct that declares them."""

from __future__ import annotations

from fairlane.runtime.settings import NAMES, default_of, description_of, flag_of, variable_of
from tools.reference.markdown import table

_INTRODUCTION = """# Settings

A flag wins over the environment variable, that over the file `fairlane.toml` in the current folder, and that over
the default. In the file, a setting is named as its flag without the dashes in front: `default-rate = "100/1m"`.
`fairlane config` prints each value and where it comes from. [The commands](cli.md) list which flags each of them
takes.

Durations are written `500ms`, `30s`, `10m`, `2h` or `7d`, rates `10/1m`, and sizes `512MB`.

"""


def page() -> str:
    """The text of docs/reference/settings.md."""
    rows = [
        (f"`{flag_of(name)}`", f"`{variable_of(name)}`", _default(name), description_of(name)) for name in sorted(NAMES)
    ]
    return _INTRODUCTION + table(["flag", "variable", "default", "meaning"], rows)


def _default(name: str) -> str:
    default = default_of(name)
    return "" if default in ("", None) else f"`{default}`"
