"""The Django app of fairlane."""

from django.apps import AppConfig


class FairlaneConfig(AppConfig):
    """Holds the outbox's table."""

    name = "fairlane.contrib.django"
    label = "fairlane"
    default_auto_field = "django.db.models.BigAutoField"
