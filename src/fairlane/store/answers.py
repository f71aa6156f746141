"""The error replies of a store: which ones pass by themselves, and what to do about the others."""

from __future__ import annotations

import re

from valkey.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    InvalidResponse,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,
)

from ..model.errors import FairlaneError, StoreFull, StoreRefused, StoreUnavailable
from .client.exchange import ConnectionReplaced

PATIENCE_S = 2.0
"""How long a call is repeated while the store is away."""
PATIENCE_WITH_ANSWERS_S = 5.0
"""How long a call is repeated while the store answers that it cannot serve it yet, such as BUSY."""
PATIENCE_WHEN_MOVED_S = 10.0
"""How long a call is repeated while the store gets another primary. More than the time of READ_TIMEOUT_S, within which
the call may have waited for the previous primary."""
LEAST_ACL_RULE = (
    "~fl:* ~fairlane:* &fl:* +@read +@write +@scripting +@connection +@pubsub -@dangerous +info +config|get +time "
    "+multi +exec"
)
"""What a store's user must be permitted."""

StoreError = (ResponseError, ConnectionError, TimeoutError, InvalidResponse, OSError)
"""Whatever can go wrong with a call to the store."""

_CODES: dict[type[Exception], str] = {
    AuthenticationError: "WRONGPASS",
    BusyLoadingError: "LOADING",
    NoPermissionError: "NOPERM",
    OutOfMemoryError: "OOM",
    ReadOnlyError: "READONLY",
}
"""The client removes these codes from the text of their errors."""
_PASSING = {
    "BUSY": "another client's script blocks it; end that with SCRIPT KILL or FUNCTION KILL",
    "CLUSTERDOWN": "its cluster is down",
    "LOADING": "it is loading its data",
    "MASTERDOWN": "it is a replica that has lost its primary; name the primary, or wait for the failover to end",
    "NOREPLICAS": "fewer replicas are connected than min-replicas-to-write demands",
    "READONLY": "it is a read-only replica; name the primary, or wait for the failover to end",
    "TRYAGAIN": "its cluster is moving keys",
}
_FROM_REPLICA = frozenset({"MASTERDOWN", "READONLY"})
_CLUSTER = frozenset({"ASK", "CROSSSLOT", "MOVED"})
_AUTHENTICATION = frozenset({"NOAUTH", "WRONGPASS"})
_CODE = re.compile(r"[A-Z]{2,}\b")


def code_of(error: BaseException) -> str:
    """The first word of an error reply, such as BUSY; empty for other errors."""
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return code
    match = _CODE.match(str(error)) if isinstance(error, ResponseError) else None
    return match[0] if match else ""


def passes(error: BaseException) -> bool:
    """Whether a repeat may succeed: the store is away, or busy with something that ends."""
    code = code_of(error)
    if code:
        return code in _PASSING
    return isinstance(error, StoreError) and not isinstance(error, ResponseError)


def is_from_replica(error: BaseException) -> bool:
    """Whether the server that answered this error is a replica, perhaps since a failover."""
    return code_of(error) in _FROM_REPLICA


def patience_with(error: BaseException) -> float:
    """How long (s) a call that meets this error is repeated, if the error passes."""
    if isinstance(error, ConnectionReplaced):
        return PATIENCE_WHEN_MOVED_S
    return PATIENCE_WITH_ANSWERS_S if code_of(error) else PATIENCE_S


def is_denied(error: ResponseError) -> bool:
    """Whether the store does not offer a command to this user, or to anyone (as some managed services)."""
    return code_of(error) == "NOPERM" or "unknown command" in str(error).lower()


def meaning_of(error: BaseException, name: str) -> FairlaneError:
    """The error for our callers. `name` is the store's URL, without secrets."""
    code = code_of(error)
    if code == "OOM" or "OOM command not allowed" in str(error):
        return StoreFull("the store is at its memory limit; submit again when jobs have been worked off")
    if code == "MISCONF":
        return StoreUnavailable(f"store {name} cannot write to its disk: {error}")
    if code in _PASSING:
        return StoreUnavailable(f"store {name} does not serve this now: {_PASSING[code]} ({code})")
    if code in _AUTHENTICATION:
        return StoreRefused(f"store {name} refuses the user name or password: {error}")
    if code == "NOPERM":
        return StoreRefused(f"store {name} does not permit this: {error}; its user needs `{LEAST_ACL_RULE}`")
    if code in _CLUSTER:
        return StoreRefused(f"store {name} runs in cluster mode, which this version does not support ({code})")
    if isinstance(error, ResponseError):
        return StoreRefused(f"store {name} answered an unexpected error: {error}")
    if isinstance(error, TimeoutError):
        return StoreUnavailable(f"store {name} does not answer: {error}")
    return StoreUnavailable(f"store {name} cannot be reached: {error}")
