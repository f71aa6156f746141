"""Settings of the tests' Django project; SHOP_DATABASE names its SQLite file."""

import importlib.util
import os

SECRET_KEY = "for tests only"
USE_TZ = True
HAS_DJANGO_TASKS = importlib.util.find_spec("django_tasks") is not None
INSTALLED_APPS = ["fairlane.contrib.django", "tests.contrib.shop", *(["django_tasks"] if HAS_DJANGO_TASKS else [])]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("SHOP_DATABASE", ":memory:")}}
TASKS = {
    "default": {
        "BACKEND": "fairlane.contrib.django.backend.FairlaneBackend",
        "QUEUES": ["default", "mail"],
        "OPTIONS": {"max_attempts": 2, "timeout": "1m"},
    },
    "critical": {
        "BACKEND": "fairlane.contrib.django.backend.FairlaneBackend",
        "OPTIONS": {"max_attempts": 10, "timeout": "1h"},
    },
}
