"""Checks whether a server would lose jobs: its version, role and settings. Each problem comes with its remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from valkey.asyncio import Valkey
from valkey.exceptions import BusyLoadingError, ResponseError

from ..model.durability import Durability
from .answers import is_denied

MINIMUM_VERSION = (7, 0)
_SETTINGS = ("appendonly", "appendfsync", "maxmemory-policy")


class Findings(NamedTuple):
    """One line each."""

    problems: list[str]
    """Reasons not to use the server."""
    unchecked: list[str]
    """Checks that the server did not permit."""


async def look(client: Valkey, durability: Durability) -> Findings:
    """Check this server. Raises the client's errors when it is away or loading."""
    unchecked = []
    info = await _read_info(client)
    if info is None:
        unchecked.append("it does not permit INFO: its version and role could not be checked")
        info = {}
    if info.get("loading"):  # INFO and CONFIG are answered meanwhile; other commands are not
        raise BusyLoadingError("the server is loading its data")
    problems = _version_problems(info) + _role_problems(info)
    if problems:
        return Findings(problems, unchecked)
    settings = await _read_settings(client)
    if not set(_SETTINGS) <= settings.keys():
        fsync = " or ".join(sorted(durability.accepted_appendfsync))
        unchecked.append(
            f"it does not permit or answer CONFIG GET: make sure that appendonly is yes, appendfsync is {fsync} "
            "and maxmemory-policy is noeviction, since this could not be checked"
        )
    if "maxmemory_policy" in info:
        settings.setdefault("maxmemory-policy", info["maxmemory_policy"])
    return Findings(_settings_problems(settings, durability) + _write_problems(info), unchecked)


async def _read_info(client: Valkey) -> dict[str, Any] | None:
    try:
        return dict(await client.info())
    except ResponseError as error:
        if not is_denied(error):
            raise
        return None


async def _read_settings(client: Valkey) -> dict[str, str]:
    try:
        found = await client.config_get(*_SETTINGS)  # type: ignore[arg-type]
    except ResponseError as error:
        if not is_denied(error):
            raise
        return {}
    return {_text(name): _text(value) for name, value in found.items()}


def _version_problems(info: Mapping[str, Any]) -> list[str]:
    name = "Valkey" if "valkey_version" in info else "Redis"
    version = str(info.get("valkey_version") or info.get("redis_version") or "")
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if not numbers or numbers >= MINIMUM_VERSION:
        return []
    return [f"{name} {version} is too old: fairlane needs Valkey 7.2 or Redis 7.0, or newer"]


def _role_problems(info: Mapping[str, Any]) -> list[str]:
    if info.get("cluster_enabled") == 1:
        return ["it runs in cluster mode, which this version does not support: name a standalone server"]
    role = info.get("role", "master")
    if role == "master":
        return []
    primary = f"{info.get('master_host')}:{info.get('master_port')}"
    return [f"it is a replica of {primary}: name the primary instead, or promote it with `REPLICAOF NO ONE`"]


def _settings_problems(settings: Mapping[str, str], durability: Durability) -> list[str]:
    problems = []
    policy = settings.get("maxmemory-policy", "noeviction")
    if policy != "noeviction":
        problems.append(
            f"maxmemory-policy is {policy}, which drops jobs when memory is short: "
            "`CONFIG SET maxmemory-policy noeviction`"
        )
    if settings.get("appendonly", "yes") != "yes":
        problems.append("appendonly is no, so that a restart loses jobs: `CONFIG SET appendonly yes`")
    fsync = settings.get("appendfsync", durability.appendfsync)
    if fsync not in durability.accepted_appendfsync:
        problems.append(
            f"appendfsync is {fsync}, which is too weak for durability {durability.value!r}: "
            f"`CONFIG SET appendfsync {durability.appendfsync}`"
            + (", or choose durability 'memory'" if fsync == "everysec" else "")
        )
    return problems


def _write_problems(info: Mapping[str, Any]) -> list[str]:
    if info.get("aof_last_write_status", "ok") == "ok":
        return []
    return ["its append-only file cannot be written: free some space on its disk"]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
