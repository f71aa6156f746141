"""Reaching Valkey: embedded or standalone, with the settings that lose nothing."""

from .durability import Durability
from .embedded.server import EmbeddedServer
from .opening import Store, open_store
from .urls import EmbeddedUrl, ServerUrl, parse_store_url, redact_url

__all__ = [
    "Durability",
    "EmbeddedServer",
    "EmbeddedUrl",
    "ServerUrl",
    "Store",
    "open_store",
    "parse_store_url",
    "redact_url",
]
