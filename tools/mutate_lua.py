"""Breaks the Lua on purpose, one small change at a time, and counts how many breaks the tests notice.

    python tools/mutate_lua.py --seed 1 --count 50

Each mutant is a copy of src/ with one change. tests/engine and tests/backend test it in a temporary folder; the
checkout stays as it is. The shortest tests come first, and the first failure ends the run. A run that takes too
long counts as caught, and is listed apart.
"""

from __future__ import annotations

import argparse
import difflib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
LUA = Path("src/fairlane/engine/lua")
TESTS = Path("tests/engine")
LONGEST = (Path("tests/backend"), TESTS / "test_state_machine.py")
UNMUTATED_TIMEOUT_S = 600
TOO_LONG = 5
"""How many times as long as without a mutation the tests may take."""
EXAMPLES = "60"

_SWAPS = (
    (r"(?<![<>=~])<=", "<"), (r"<(?!=)", "<="), (r"(?<![<>=~])>=", ">"), (r"(?<![-])>(?!=)", ">="),
    (r"==", "~="), (r"~=", "=="), (r" \+ ", " - "), (r" - ", " + "), (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r" and ", " or "), (r" or ", " and "), (r"\b0\b", "1"), (r"(?<!%)\b1\b", "0"), (r"\bnot ", ""),
    (r"\bmath\.min\b", "math.max"), (r"\bmath\.max\b", "math.min"),
)  # fmt: skip
# Lines that hold a whole statement: calls, assignments to what exists, early ends.
_STATEMENT = re.compile(
    r"^\s*(?!local|return \w+\(|for|if|while|else|end|repeat|function)[\w.]+(\[.*\])?(, [\w.]+(\[.*\])?)*(\(| = )"
)
_EARLY_END = re.compile(r"^\s*if .* then (return|break)\b.* end$")


@dataclass(frozen=True)
class Mutant:
    """One changed line of one file."""

    path: Path
    line: int
    kind: str
    old: str
    new: str

    def diff(self) -> str:
        name = f"{self.path.relative_to(LUA)}:{self.line + 1}"
        return "\n".join(list(difflib.unified_diff([self.old], [self.new], name, name, lineterm="", n=0))[2:])


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every small change of a file that we know how to make."""
    for i, line in enumerate((ROOT / path).read_text().splitlines()):
        code = line.partition("--")[0].rstrip()
        if not code or line.startswith("#!lua"):
            continue
        whole = code.count("(") == code.count(")") and code.count("{") == code.count("}")
        if whole and (_STATEMENT.match(code) or _EARLY_END.match(code)):
            yield Mutant(path, i, "drop", line, "")
        for pattern, new in _SWAPS:
            for match in re.finditer(pattern, code):
                if not _in_text(code, match.start()):
                    yield Mutant(path, i, f"{match[0].strip()} to {new.strip() or 'nothing'}", line,
                                 code[: match.start()] + new + code[match.end() :])  # fmt: skip


def _in_text(code: str, place: int) -> bool:
    return code[:place].count("'") % 2 == 1


def sample(seed: int, count: int) -> list[Mutant]:
    """Mutants drawn evenly from all there are."""
    everything = [m for path in sorted((ROOT / LUA).rglob("*.lua")) for m in mutants_of(path.relative_to(ROOT))]
    print(f"{len(everything)} mutants in all; seed {seed}, {count} drawn")
    return random.Random(seed).sample(everything, min(count, len(everything)))


def copy_tree(source: Path, target: Path) -> None:
    """What a run needs, without what earlier runs left."""
    for name in ("src", "tests"):
        shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(source / "pyproject.toml", target)


def judge(original: Path, timeout: float, mutant: Mutant) -> str:
    """`caught`, `slow` or `survived`."""
    with tempfile.TemporaryDirectory(prefix="mutant") as folder:
        copy = Path(folder)
        copy_tree(original, copy)
        target = copy / mutant.path
        lines = target.read_text().splitlines()
        lines[mutant.line] = mutant.new
        target.write_text("\n".join(lines) + "\n")
        return run_tests(copy, timeout)


def run_tests(copy: Path, timeout: float) -> str:
    environment = os.environ | {"PYTHONPATH": str(copy / "src"), "FAIRLANE_EXAMPLES": EXAMPLES}
    short = sorted(path.name for path in (copy / TESTS).glob("test_*.py") if TESTS / path.name not in LONGEST)
    tests_in_order = [*(str(TESTS / name) for name in short), *map(str, LONGEST)]
    # Over HTTP the same scripts would run a second time.
    options = ("-x", "-q", "-p", "no:cacheprovider", "-k", "not http")
    command = [sys.executable, "-m", "pytest", *options, *tests_in_order]
    with subprocess.Popen(
        command, cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as tests:
        try:
            output, _ = tests.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(tests.pid, signal.SIGKILL)
            tests.communicate()
            return "slow"
    if tests.returncode not in (0, 1):
        raise SystemExit(f"pytest could not run:\n{output.decode()}")
    return "caught" if tests.returncode else "survived"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=2, help="mutants tested at once")
    arguments = parser.parse_args()
    mutants = sample(arguments.seed, arguments.count)
    with tempfile.TemporaryDirectory(prefix="original") as folder:
        original = Path(folder)
        copy_tree(ROOT, original)  # so that the checkout may change meanwhile
        begun = time.monotonic()
        if run_tests(original, UNMUTATED_TIMEOUT_S) != "survived":
            raise SystemExit("the tests fail without a mutation")
        judging = partial(judge, original, TOO_LONG * (time.monotonic() - begun))
        judge_all(judging, mutants, arguments.jobs)
    return 0


def judge_all(judging: Callable[[Mutant], str], mutants: list[Mutant], jobs: int) -> None:
    """Test the mutants, `jobs` at once, and print each verdict and the totals."""
    begun = time.monotonic()
    verdicts = Counter[str]()
    with ThreadPoolExecutor(jobs) as pool:
        for mutant, verdict in zip(mutants, pool.map(judging, mutants), strict=True):
            verdicts[verdict] += 1
            print(f"{verdict:8} {mutant.path.relative_to(LUA)}:{mutant.line + 1} {mutant.kind}", flush=True)
            if verdict == "survived":
                print(mutant.diff(), flush=True)
    caught = len(mutants) - verdicts["survived"]
    share = f"caught {caught} of {len(mutants)} ({caught / len(mutants):.0%})"
    print(f"{share}, {verdicts['slow']} of them by their time limit, in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    raise SystemExit(main())
