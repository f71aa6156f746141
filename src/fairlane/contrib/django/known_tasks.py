"""The tasks of a Django project, by path. A job never decides what is imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from types import ModuleType

from django.apps import apps

from .compat import Task
from .running import enqueued_task


def known_task(path: str) -> Task | None:
    """The task at this path: enqueued here, in a loaded module, or in the module `tasks` of an installed app."""
    return enqueued_task(path) or _in_loaded_module(path) or tasks_of_apps().get(path)


@cache
def tasks_of_apps() -> dict[str, Task]:
    """The tasks in the modules `tasks` of the installed apps, by path."""
    names = [f"{config.name}.tasks" for config in apps.get_app_configs()]
    modules = [importlib.import_module(name) for name in names if find_spec(name) is not None]
    return {task.module_path: task for module in modules for task in _tasks_in(module)}


def _in_loaded_module(path: str) -> Task | None:
    name = path
    while name := name.rpartition(".")[0]:
        module = sys.modules.get(name)
        if module is not None:
            return next((task for task in _tasks_in(module) if task.module_path == path), None)
    return None


def _tasks_in(module: ModuleType) -> Iterator[Task]:
    return (value for value in vars(module).values() if isinstance(value, Task))
