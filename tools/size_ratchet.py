"""Keeps files, functions and constructors small. Prints what is too large and ends with 1 if anything is.

A file has at most 400 lines; a function at most 40 (60 in tests), its docstring not counted; a constructor
takes at most 7 arguments beside self. Run from the root of the repository.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOTS = ("src", "tests", "tools", "benchmarks")
FILE_LINES = 400
FUNCTION_LINES = 40
TEST_FUNCTION_LINES = 60
CONSTRUCTOR_ARGUMENTS = 7


class Allowed(NamedTuple):
    """One exception: a higher limit for one thing, and why it deserves it."""

    limit: int
    reason: str


# By "path" for a file, "path:Class.function" for a function, "path:Class" for a constructor.
EXCEPTIONS: dict[str, Allowed] = {
    "src/fairlane/backend.py": Allowed(450, "it is the list of all verbs, each with what it promises"),
    "src/fairlane/model/job.py:Submission": Allowed(8, "each kind of refusal has its own figures"),
}


class Size(NamedTuple):
    """What was measured: which thing, how large it is, its limit and the unit of both."""

    name: str
    size: int
    limit: int
    unit: str


def measure(path: str, source: str) -> Iterator[Size]:
    """Every size in one source file, large or small."""
    yield Size(path, len(source.splitlines()), FILE_LINES, "lines")
    function_lines = TEST_FUNCTION_LINES if path.startswith("tests/") else FUNCTION_LINES
    if path.endswith(".lua"):
        yield from _lua_functions(path, source, function_lines)
    else:
        yield from _python_definitions(path, "", ast.parse(source), function_lines)


def offences(sizes: Sequence[Size], exceptions: dict[str, Allowed]) -> Iterator[str]:
    """One line for each thing above its limit, and for each exception that nothing needs any more."""
    needed = set()
    for name, size, limit, unit in sizes:
        allowed = exceptions.get(name)
        if allowed is not None and size > limit:
            needed.add(name)
        ceiling = allowed.limit if allowed is not None else limit
        if size > max(ceiling, limit):
            yield f"{name}: {size} {unit}, at most {ceiling}"
    for name in sorted(exceptions.keys() - needed):
        yield f"{name}: needs its exception no more, remove it"


def _lua_functions(path: str, source: str, limit: int) -> Iterator[Size]:
    """Top-level functions, which open and close in the first column, or on one line."""
    lines = source.splitlines()
    for first, line in enumerate(lines):
        opening = re.match(r"(?:local )?function ([\w.:]+)", line)
        if opening is None:
            continue
        last = first if re.search(r"\bend$", line) else next(i for i in range(first, len(lines)) if lines[i] == "end")
        yield Size(f"{path}:{opening.group(1)}", last - first + 1, limit, "lines")


def _python_definitions(path: str, scope: str, parent: ast.AST, limit: int) -> Iterator[Size]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{scope}{node.name}"
            yield Size(f"{path}:{name}", _function_lines(node), limit, "lines")
            yield from _python_definitions(path, f"{name}.", node, limit)
        elif isinstance(node, ast.ClassDef):
            name = f"{scope}{node.name}"
            yield Size(f"{path}:{name}", _constructor_arguments(node), CONSTRUCTOR_ARGUMENTS, "constructor arguments")
            yield from _python_definitions(path, f"{name}.", node, limit)
        else:
            yield from _python_definitions(path, scope, node, limit)


def _function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        docstring = node.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def _constructor_arguments(node: ast.ClassDef) -> int:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            arguments = item.args
            named = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs) - 1
            return named + (arguments.vararg is not None) + (arguments.kwarg is not None)
    return _field_arguments(node)


def _field_arguments(node: ast.ClassDef) -> int:
    """The fields that a Struct or a dataclass turns into arguments. Those of a keyword-only Struct are free,
    since each is named where it is given."""
    is_struct = any(ast.unparse(base).endswith("Struct") for base in node.bases)
    is_dataclass = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
    keyword_only = any(keyword.arg == "kw_only" and ast.unparse(keyword.value) == "True" for keyword in node.keywords)
    keyword_only = keyword_only or any("kw_only=True" in ast.unparse(decorator) for decorator in node.decorator_list)
    if not (is_struct or is_dataclass) or keyword_only:
        return 0
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    return sum(1 for field in fields if _is_argument(field))


def _is_argument(field: ast.AnnAssign) -> bool:
    is_class_variable = "ClassVar" in ast.unparse(field.annotation)
    is_derived = field.value is not None and "init=False" in ast.unparse(field.value)
    return not is_class_variable and not is_derived


def main() -> int:
    """Measures every source file below the roots; 0 if all are within their limits, else 1."""
    files = sorted(path for root in ROOTS for path in Path(root).rglob("*") if path.suffix in {".py", ".lua"})
    sizes = [size for path in files for size in measure(path.as_posix(), path.read_text(encoding="utf-8"))]
    found = list(offences(sizes, EXCEPTIONS))
    print("\n".join(found) if found else f"Sizes: {len(sizes)} things in {len(files)} files are within their limits.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
