"""What users sent is inert text on the terminal."""

import json
import logging
import sys
from datetime import UTC, datetime

import msgspec
import pytest

from fairlane.cli.terminal.output import print_facts, print_json, print_table
from fairlane.process.logs import JsonFormatter, TextFormatter
from fairlane.process.printable import printable

HOSTILE = "[red]x[/red] :smile: \x1b[2J\x07\x9b1m\u202egpj"


def test_control_characters_are_spelled_out() -> None:
    assert printable("a\x1b[31m\x9b\r\u202e") == "a\\x1b[31m\\x9b\\r\\u202e"
    assert printable("straße\n日本") == "straße\n日本"
    assert printable("\ud800") == "\\ud800"


def test_json_carries_no_character_that_steers(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b[2J\x9b1m\u202egpj\u2028\u2029\x85\U000e0001 straße 日本 🙂"
    print_json({"text": hostile, "raw": msgspec.Raw(msgspec.json.encode(hostile))})
    printed = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in printed)
    assert json.loads(printed) == {"text": hostile, "raw": hostile}
    assert "straße 日本 🙂" in printed
    record = logging.LogRecord("fairlane", logging.INFO, "", 0, hostile, None, None)
    line = JsonFormatter("worker").format(record)
    assert line.isprintable() and json.loads(line)["message"] == hostile


def test_values_are_shown_as_people_read_them() -> None:
    assert printable(None) == "–"
    assert printable(datetime(2026, 1, 2, 3, 4, 5, 600, UTC)) == "2026-01-02 03:04:05Z"
    assert printable(msgspec.Raw(b'{"a": 1}')) == '{"a": 1}'


def test_markup_stays_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["tenant"], [(HOSTILE,)])
    print_facts([("error", HOSTILE)])
    printed = capsys.readouterr().out
    assert printed.count("[red]x[/red] :smile: \\x1b[2J\\x07\\x9b1m\\u202egpj") == 2
    assert "\x1b" not in printed


def test_cells_are_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    cells = [f"{number:x}" * 40 for number in range(10)]
    print_table([f"column {cell[0]}" for cell in cells], [cells])
    printed = capsys.readouterr().out
    for cell in cells:
        assert printed.count(cell[0]) >= 40


def test_json_keeps_raw_values_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"payload": msgspec.Raw(b'[130775545883395173000000000, 1.50, [], {"b": 1, "a": 2}]')})
    printed = capsys.readouterr().out
    assert "130775545883395173000000000" in printed
    assert "1.50" in printed
    assert printed.index('"b"') < printed.index('"a"')


def failing_record(message: str) -> logging.LogRecord:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        return logging.LogRecord("fairlane.worker", logging.WARNING, "f", 1, "%s", (message,), sys.exc_info())


def test_log_lines_cannot_be_forged() -> None:
    [line, *trace] = TextFormatter("worker-1").format(failing_record("a\nb\x1b[2J")).splitlines()
    assert line.endswith("WARNING worker-1: a\\nb\\x1b[2J")
    assert "\x1b" not in "".join(trace)
    assert "[red]x[/red]" in trace[-1]


def test_json_log_lines_are_json_whatever_is_logged() -> None:
    line = JsonFormatter("api").format(failing_record("a\nb \ud800"))
    entry = json.loads(line)
    assert "\n" not in line
    assert (entry["level"], entry["process"], entry["message"]) == ("warning", "api", "a\nb \\ud800")
    assert "ValueError" in entry["exception"]
