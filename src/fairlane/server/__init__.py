"""The REST API: ASGI handlers that parse, call a verb and answer."""
