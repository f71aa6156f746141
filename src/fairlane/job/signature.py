"""What a task's signature says: its parameters and its result, with their types."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..model.errors import InvalidInput
from .annotations import resolve, unusable
from .reading import Form

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class TaskParameter:
    """One parameter of a task's function."""

    name: str
    annotation: Any
    default: Any
    """`inspect.Parameter.empty` if it has none."""
    by_name: bool
    """Whether only a keyword argument can give it."""
    form: Form


def parameters_of(signature: inspect.Signature, function: Callable[..., Any], task: str) -> list[TaskParameter]:
    """The parameters in order. Raises InvalidInput for those that a payload cannot give."""
    if any(parameter.kind in _VARIADIC for parameter in signature.parameters.values()):
        raise InvalidInput(f"task {task}: a payload cannot be checked against *args or **kwargs; name the parameters")
    return [_parameter(parameter, function, task) for parameter in signature.parameters.values()]


def _parameter(parameter: inspect.Parameter, function: Callable[..., Any], task: str) -> TaskParameter:
    annotation = Any if parameter.annotation is parameter.empty else parameter.annotation
    try:
        annotation = resolve(annotation, function)
        form = Form(annotation)
    except Exception as error:  # annotations are code of the user's
        raise unusable(error, function, task, f"the annotation of `{parameter.name}`") from None
    if form.unreadable is not None:
        raise InvalidInput(
            f"task {task}: `{parameter.name}` cannot be read from JSON as {form.unreadable.__qualname__}; "
            "use plain types, a dataclass, a msgspec.Struct or a Pydantic model"
        )
    by_name = parameter.kind is parameter.KEYWORD_ONLY
    return TaskParameter(parameter.name, annotation, parameter.default, by_name, form)


def result_of(signature: inspect.Signature, function: Callable[..., Any], task: str) -> Any:
    """The annotation of the result; Any where it cannot be resolved, since no worker needs it.

    Raises InvalidInput where no result could be kept.
    """
    if signature.return_annotation is signature.empty:
        return Any
    try:
        annotation = resolve(signature.return_annotation, function)
    except Exception:
        return Any
    try:
        unreadable = Form(annotation).unreadable
    except Exception:  # reading a result says so
        return annotation
    if unreadable is not None:
        raise InvalidInput(
            f"task {task}: a result of type {unreadable.__qualname__} cannot be kept as JSON; "
            "return plain values, a dataclass, a msgspec.Struct or a Pydantic model"
        )
    return annotation
