"""Integrations with other libraries, each an extra: SQLAlchemy, Django, OpenTelemetry."""
