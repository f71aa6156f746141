"""Connections to a store, with explicit timeouts and no hidden retries."""
