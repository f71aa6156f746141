"""The errors: the classes of the SDK, and the refusals that only HTTP has."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

import fairlane
from fairlane.rest import problems
from fairlane.rest.problems import HttpProblem, problem_of
from tools.reference.markdown import table

_INTRODUCTION = """# Errors

Everything that fairlane raises on purpose is a `FairlaneError` with a stable `code`. Over HTTP, an error is a
document of the type `application/problem+json` (RFC 9457), whose `type` is `urn:fairlane:problem:CODE`. `detail`
says what is wrong; `errors` names each bad field by its JSON pointer.

"""
_CODES = {value.code for value in vars(fairlane).values() if isinstance(value, type) and hasattr(value, "code")}
_NOT_OVER_HTTP = (fairlane.JobCancelled, fairlane.JobFailed, fairlane.PartlySubmitted, fairlane.ResultMismatch)


def page() -> str:
    """The text of docs/reference/errors.md."""
    return (
        _INTRODUCTION
        + "## In Python and over HTTP\n\n"
        + table(["error", "code", "status", "meaning"], map(_row, _classes(fairlane.FairlaneError)))
        + "## Over HTTP only\n\n"
        + table(["code", "status", "meaning"], sorted(set(_refusals(files("fairlane")))))
    )


def _classes(base: type[fairlane.FairlaneError]) -> Iterator[type[fairlane.FairlaneError]]:
    """The public errors below this one, each after the one that it specializes."""
    for kind in sorted(base.__subclasses__(), key=lambda kind: kind.__name__):
        if kind.__name__ in fairlane.__all__:
            yield kind
            yield from _classes(kind)


def _row(kind: type[fairlane.FairlaneError]) -> tuple[str, ...]:
    required = [name for name, of in inspect.signature(kind.__init__).parameters.items() if of.default is of.empty]
    others = [1.0 for name in required if name not in ("self", "detail", "args", "kwargs")]
    status = "" if kind in _NOT_OVER_HTTP else str(problem_of(kind("", *others)).status)
    return f"`{kind.__name__}`", f"`{kind.code}`", status, (inspect.getdoc(kind) or "").partition("\n\n")[0]


def _refusals(folder: Traversable) -> Iterator[tuple[str, str, str]]:
    """Every `HttpError(PROBLEM, detail)` in the source: the problems that only HTTP has."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _refusals(entry)
        elif entry.name.endswith(".py"):
            for function in ast.walk(ast.parse(entry.read_text("utf-8"))):
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield from _refusals_in(function)


def _refusals_in(function: ast.AST) -> Iterator[tuple[str, str, str]]:
    values = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "HttpError":
            name, detail = node.args[:2]
            problem = getattr(problems, name.id, None) if isinstance(name, ast.Name) else None
            if isinstance(problem, HttpProblem) and problem.code not in _CODES:
                text = values.get(detail.id, detail) if isinstance(detail, ast.Name) else detail
                yield f"`{problem.code}`", str(problem.status.value), _text(text)


def _text(value: ast.expr) -> str:
    """The text of an expression, with an ellipsis for each part that depends on the request."""
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in value.values)
    return ""
