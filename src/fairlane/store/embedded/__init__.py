"""The embedded store: a Valkey server on a private socket in a data folder."""
