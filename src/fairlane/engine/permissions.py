"""Checks, before anything is written, that the store permits every command of the engine.

A script that lacks a permission would fail after its first writes.
"""

from __future__ import annotations

import json

from ..model.errors import StoreRefused
from ..store.answers import LEAST_ACL_RULE
from . import keys
from .calls import Calls

_ON_A_KEY = (
    "DEL", "EXISTS", "GET", "GETRANGE", "HDEL", "HEXISTS", "HGET", "HGETALL", "HINCRBY", "HKEYS", "HLEN", "HMGET",
    "HSCAN", "HSET", "HSETNX", "HVALS", "INCR", "INCRBY", "LINDEX", "LLEN", "LPOP", "LPUSH", "LRANGE", "LTRIM",
    "MGET", "PTTL", "RPUSH", "SADD", "SCARD", "SET", "SISMEMBER", "SMEMBERS", "SMISMEMBER", "SPOP", "SRANDMEMBER",
    "SREM", "SSCAN", "UNLINK", "ZADD", "ZCARD", "ZCOUNT", "ZLEXCOUNT", "ZMSCORE", "ZPOPMAX", "ZPOPMIN",
    "ZRANDMEMBER", "ZRANGE", "ZRANGEBYLEX", "ZRANGEBYSCORE", "ZRANK", "ZREM", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE",
    "ZREVRANGE", "ZSCAN", "ZSCORE",
)  # fmt: skip
_KEY = keys.prefix(0) + "permissions"
_CHECK = """
local denied = {}
for i, command in ipairs(cjson.decode(ARGV[1])) do
  if not redis.acl_check_cmd(unpack(command)) then denied[#denied + 1] = i end
end
return denied
"""


def needed_commands(*, waits: bool) -> list[tuple[str, ...]]:
    """A harmless example of every command that the engine and its scripts call, and of every key and channel name.

    `waits`: for replicas, too.
    """
    return [
        *((command, _KEY) for command in _ON_A_KEY),
        ("MSET", _KEY, "1"),
        ("HGET", keys.META, "partitions"),
        ("FCALL", "", "1", _KEY),
        ("FUNCTION", "LOAD", ""),
        ("FUNCTION", "LIST"),
        ("FUNCTION", "DELETE", ""),
        ("MULTI",),
        ("EXEC",),
        ("SCAN", "0"),
        ("RENAME", _KEY, _KEY),
        ("TIME",),
        ("PUBLISH", keys.prefix(0) + keys.ENDED, ""),
        ("SUBSCRIBE", keys.prefix(0) + keys.ENDED),
        *([("WAIT", "0", "1"), ("WAITAOF", "0", "0", "1")] if waits else []),
    ]


async def check_permissions(calls: Calls) -> None:
    """Raises StoreRefused, which names each missing permission and what to grant."""
    needed = needed_commands(waits=calls.store.durability.replicas > 0)
    denied = await calls.command("EVAL", _CHECK, 0, json.dumps(needed))
    if denied:
        missing = ", ".join(_grant(needed[number - 1]) for number in denied)
        raise StoreRefused(
            f"store {calls.store.name} does not permit its user everything that fairlane needs: grant {missing}; "
            f"the rule `{LEAST_ACL_RULE}` suffices"
        )


def _grant(command: tuple[str, ...]) -> str:
    """What permits this command, as arguments of ACL SETUSER."""
    name, *arguments = command
    grant = f"+{name.lower()}"
    match name:
        case "PUBLISH" | "SUBSCRIBE":
            return f"{grant} &fl:*"
        case "FUNCTION":
            return f"{grant}|{arguments[0].lower()}"
        case "MULTI" | "EXEC" | "SCAN" | "TIME" | "WAIT" | "WAITAOF":
            return grant
        case _:
            return f"{grant} ~fairlane:*" if keys.META in arguments else f"{grant} ~fl:*"
