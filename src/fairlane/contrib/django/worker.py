"""What workers run for Django: `fairlane worker fairlane.contrib.django.worker:app`, with DJANGO_SETTINGS_MODULE set.

They run the tasks in the module `tasks` of each installed app.
"""

from __future__ import annotations

import django

from .backend import FairlaneBackend
from .known_tasks import tasks_of_apps
from .running import app, task_for

__all__ = ["app"]

django.setup()
for _task in tasks_of_apps().values():
    if isinstance(_task.get_backend(), FairlaneBackend):
        task_for(_task)
