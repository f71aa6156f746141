"""The verbs over HTTP, against the REST API."""

from .backend import RemoteBackend

__all__ = ["RemoteBackend"]
