"""Each figure of docs/explanation/performance.md names the command that measures it."""

import re
from pathlib import Path

from fairlane.bench.run import SUBJECTS

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "performance.md"


def test_each_row_has_a_command_and_each_subject_a_row() -> None:
    rows = re.findall(r"^\| (?!what|---)(.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    commands = [re.search(r"`fairlane bench (\w+)`$", row) for row in rows]
    assert rows
    assert all(commands), "a row lacks its command"
    assert {command[1] for command in commands if command} == set(SUBJECTS)
