"""How Django knows fairlane."""

from django.apps import AppConfig


class FairlaneConfig(AppConfig):
    """The Django app with the outbox's table."""

    name = "fairlane.contrib.django"
    label = "fairlane"
    default_auto_field = "django.db.models.BigAutoField"
