"""Reaching Valkey: embedded, standalone or behind Sentinels, with the settings that lose nothing."""

from ..model.durability import Durability
from .embedded.server import EmbeddedServer
from .opening import Store, open_store
from .urls import EmbeddedUrl, SentinelUrl, ServerUrl, parse_store_url, redact_url

__all__ = [
    "Durability",
    "EmbeddedServer",
    "EmbeddedUrl",
    "SentinelUrl",
    "ServerUrl",
    "Store",
    "open_store",
    "parse_store_url",
    "redact_url",
]
