"""The verbs over HTTP, against the REST API."""

from .queue import RemoteQueue

__all__ = ["RemoteQueue"]
