"""What workers run for Django: `fairlane worker fairlane.contrib.django.worker:app`, with DJANGO_SETTINGS_MODULE set.

The tasks are those found in the module `tasks` of each installed app.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec

import django
from django.apps import apps

from .backend import FairlaneBackend
from .compat import Task
from .running import app, task_for

__all__ = ["app"]


def _find_tasks() -> None:
    for config in apps.get_app_configs():
        name = f"{config.name}.tasks"
        if find_spec(name) is None:
            continue
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, Task) and isinstance(value.get_backend(), FairlaneBackend):
                task_for(value)


django.setup()
_find_tasks()
