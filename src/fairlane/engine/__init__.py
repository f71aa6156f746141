"""The verbs on Valkey: each transition of the state machine is one Lua script on one slot."""

from .engine import Engine

__all__ = ["Engine"]
