"""The annotations of a task's function, resolved one by one, so that an error names the parameter."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, get_type_hints

from ..model.errors import InvalidInput


class NotDefinedYet(InvalidInput):
    """An annotation names something that its module may still define."""


def signature_of(function: Callable[..., Any], task: str) -> inspect.Signature:
    """The function's signature, with its annotations as they are written. Raises InvalidInput."""
    try:
        if sys.version_info >= (3, 14):  # annotations are evaluated when they are asked for
            import annotationlib

            return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
        return inspect.signature(function)
    except Exception as error:
        raise InvalidInput(f"task {task}: its signature cannot be read: {_shown(error)}") from None


def resolve(annotation: Any, function: Callable[..., Any]) -> Any:
    """The type that an annotation names. Raises whatever its text raises when it is evaluated."""
    inner = inspect.unwrap(function)
    namespace: dict[str, Any] = getattr(inner, "__globals__", {})
    holder = SimpleNamespace(__annotations__={"it": annotation})
    return get_type_hints(holder, globalns=namespace, localns={}, include_extras=True)["it"]


def unusable(error: Exception, function: Callable[..., Any], task: str, where: str) -> InvalidInput:
    """Why an annotation that raised `error` cannot be used; NotDefinedYet if that may change."""
    if not isinstance(error, NameError):
        return InvalidInput(f"task {task}: {where} cannot be used: {_shown(error)}")
    if error.name in _names_for_type_checkers(function):
        return InvalidInput(
            f"task {task}: {where} names {error.name}, which is imported under TYPE_CHECKING only; "
            "import it at run time"
        )
    return NotDefinedYet(f"task {task}: {where} names {error.name}, which is not defined")


def _names_for_type_checkers(function: Callable[..., Any]) -> set[str]:
    """The names that the function's module imports under `if TYPE_CHECKING:`."""
    module = inspect.getmodule(inspect.unwrap(function))
    try:
        tree = ast.parse(inspect.getsource(module)) if module is not None else ast.Module([], [])
    except (OSError, TypeError, SyntaxError):
        return set()
    guarded = (node for node in ast.walk(tree) if isinstance(node, ast.If) and _is_type_checking(node.test))
    return {name for node in guarded for statement in node.body for name in _imported(statement)}


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else None
    return name == "TYPE_CHECKING"


def _imported(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]


def _shown(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
