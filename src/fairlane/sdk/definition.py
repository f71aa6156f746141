"""Where tasks and schedules are defined, and which functions can be tasks."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any, NamedTuple

from ..model.errors import InvalidInput

_MARKS = ("__name__", "__qualname__", "__module__")
"""What functions have, and class methods and built-in functions too."""


class Place(NamedTuple):
    """A place in the code."""

    module: str
    qualname: str
    file: str
    line: int
    code: CodeType | None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.file else self.module

    def redefines(self, earlier: Place) -> bool:
        """Whether this is the same definition, run again: a notebook's cell, a reloaded module, or one with two names.

        A second definition beside the first, in one run of the same code, is another one.
        """
        same_source = self.module == earlier.module or (bool(self.file) and self.file == earlier.file)
        beside = self.code is not None and self.code is earlier.code and self.line != earlier.line
        return same_source and self.qualname == earlier.qualname and not beside


def place_of(function: Callable[..., Any]) -> Place:
    """Where a function is defined."""
    inner = inspect.unwrap(function)
    code: CodeType | None = getattr(inner, "__code__", None)
    file, line = ("", 0) if code is None else (os.path.realpath(code.co_filename), code.co_firstlineno)
    return Place(str(inner.__module__), inner.__qualname__, file, line, code)


def place_of_caller(depth: int) -> Place:
    """Where the code calls that is `depth` frames above the caller of this function."""
    frame = sys._getframe(depth + 1)
    code = frame.f_code
    module = str(frame.f_globals.get("__name__", ""))
    return Place(module, code.co_qualname, os.path.realpath(code.co_filename), frame.f_lineno, code)


def check_function(function: Callable[..., Any], name: str | None) -> str:
    """The name of the task that this function becomes. Raises InvalidInput where it cannot be one."""
    if not all(hasattr(function, mark) for mark in _MARKS):  # a partial, a name without `name=`
        raise InvalidInput(f"a task is made of a function, not of {function!r:.100}; write a `def` for it")
    name = name or function.__name__
    if why := _why_not(function):
        raise InvalidInput(f"task {name}: {why}")
    return name


def check_importable(task: str, function: Callable[..., Any]) -> None:
    """Raises InvalidInput for a task of job processes whose function is defined within another function."""
    if "<locals>" in function.__qualname__:
        raise InvalidInput(
            f'task {task}: with executor="process" its function must be defined at the top level of a module, so that '
            f"another process can import it; {function.__qualname__} is not"
        )


def _why_not(function: Any) -> str | None:
    if isinstance(function, staticmethod):
        return "write @staticmethod above @app.task, not below it"
    if isinstance(function, classmethod):
        return "a class method cannot be a task, since no payload gives its class; write a function"
    if inspect.isclass(function):
        return "a class cannot be a task; write a function that returns what the job results in"
    inner = inspect.unwrap(function)
    if inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner):
        return "a generator cannot be a task, since its values have no end to wait for; return a list"
    if _is_unbound_method(function):
        return "a method cannot be a task, since no payload gives its object; write a function"
    return None


def _is_unbound_method(function: Callable[..., Any]) -> bool:
    owner = function.__qualname__.rpartition(".")[0]
    if not owner or owner.endswith("<locals>") or inspect.ismethod(function):
        return False
    code: CodeType | None = getattr(inspect.unwrap(function), "__code__", None)
    return code is not None and code.co_argcount > 0 and code.co_varnames[0] in ("self", "cls")
