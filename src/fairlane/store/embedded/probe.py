"""Short questions to the embedded server: whether it is ready, and the command to shut down."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any, cast

from valkey import Valkey
from valkey.backoff import NoBackoff
from valkey.exceptions import BusyLoadingError, ValkeyError
from valkey.retry import Retry

from ...model.errors import StoreUnavailable

START_LIMIT_S = 15.0
LOAD_STALL_LIMIT_S = 60.0
_PROBE_TIMEOUT_S = 2.0


class Readiness:
    """Waits for a server for as long as it makes progress."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._loaded = -1
        self._patient_until = time.monotonic() + START_LIMIT_S

    def note_absent(self) -> None:
        """The server did not answer. Raises StoreUnavailable when that has lasted too long."""
        if time.monotonic() > self._patient_until:
            raise StoreUnavailable(f"{self._what} did not answer in time")

    def note_loading(self, loaded_bytes: int) -> None:
        """The server is reading its data. Raises StoreUnavailable after a time without progress."""
        now = time.monotonic()
        if loaded_bytes > self._loaded:
            self._loaded, self._patient_until = loaded_bytes, now + LOAD_STALL_LIMIT_S
        elif now > self._patient_until:
            raise StoreUnavailable(f"{self._what} is loading its data and makes no progress")


def probe_socket(path: Path, readiness: Readiness, expected_pid: int | None = None) -> bool:
    """Whether the server on this socket is ready, and has this process id. Otherwise, notes why in `readiness`."""
    client = _client(path)
    try:
        client.ping()
        if expected_pid is None or _info(client, "server").get("process_id") == expected_pid:
            return True
        readiness.note_absent()
    except BusyLoadingError:
        readiness.note_loading(_loaded_bytes(client))
    except ValkeyError:
        readiness.note_absent()
    finally:
        client.close()  # type: ignore[no-untyped-call]
    return False


def shut_down(path: Path) -> None:
    """Send SHUTDOWN to the server on this socket, if there is one. NOSAVE also ends a script that runs."""
    client = _client(path)
    # The answer is the end of the connection.
    with contextlib.suppress(ValkeyError):
        client.shutdown(nosave=True)
    client.close()  # type: ignore[no-untyped-call]


def _client(path: Path) -> Valkey:
    return Valkey(
        unix_socket_path=str(path),
        socket_timeout=_PROBE_TIMEOUT_S,
        socket_connect_timeout=_PROBE_TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
        lib_name=None,
        lib_version=None,
    )


def _loaded_bytes(client: Valkey) -> int:
    try:
        return int(_info(client, "persistence").get("loading_loaded_bytes", 0))
    except ValkeyError:
        return 0


def _info(client: Valkey, section: str) -> dict[str, Any]:
    # The types of the library allow for an asynchronous client here.
    return cast("dict[str, Any]", client.info(section))
