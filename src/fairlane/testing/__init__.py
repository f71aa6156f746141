"""For tests of apps: `App.testing()` returns a `Testing`; `plugin` has a fixture for pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .kit import Testing

__all__ = ["Testing"]


def __getattr__(name: str) -> Any:
    """Load the kit when it is first asked for: every run of pytest loads this package, for the plugin."""
    if name != "Testing":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .kit import Testing

    return Testing
