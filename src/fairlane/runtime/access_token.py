"""The access token that clients and workers send to an API."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..model.errors import InvalidInput
from ..process.environment import TOKEN_VARIABLE
from .settings import Settings

_MOST_BYTES = 1_000


def access_token(settings: Settings) -> str | None:
    """The token in the file that the settings name, or in FAIRLANE_TOKEN; None without either.

    Raises InvalidInput for a file that cannot be read, or that all users of the machine can read.
    """
    if settings.token_file:
        return _read(Path(settings.token_file).expanduser())
    return os.environ.get(TOKEN_VARIABLE) or None


def take_access_token(settings: Settings) -> str | None:
    """As `access_token`; and remove FAIRLANE_TOKEN, so that tasks and their processes do not inherit it."""
    token = access_token(settings)
    os.environ.pop(TOKEN_VARIABLE, None)
    return token


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & stat.S_IROTH:
                raise InvalidInput(f"all users can read the token file {path}: run chmod 600 on it")
            return file.read(_MOST_BYTES).decode("ascii", "replace").strip()
    except OSError as error:
        raise InvalidInput(f"the token file {path} cannot be read: {error.strerror}") from None
