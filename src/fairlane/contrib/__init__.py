"""fairlane beside other libraries, each an extra: SQLAlchemy, Django, OpenTelemetry."""
