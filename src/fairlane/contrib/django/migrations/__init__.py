"""Changes of the outbox's table."""
