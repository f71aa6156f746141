"""The command line, from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from fairlane.cli.main import cli
from tools.reference.markdown import table

_INTRODUCTION = """# Command line

Every command prints its options with `--help`. Commands that print data take `--output json`. The exit code is 0
for success, 1 for a failure, and 2 for wrong usage. Options that name a [setting](settings.md) can also come from a
variable or from `fairlane.toml`.

"""


def page() -> str:
    """The text of docs/reference/cli.md."""
    return _INTRODUCTION + "".join(map(_section, _commands(cli, click.Context(cli, info_name="fairlane"))))


def _commands(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    """Every command that users see, each with the words that call it."""
    if not isinstance(command, click.Group):
        yield context
        return
    for name in sorted(command.commands):
        child = command.commands[name]
        yield from _commands(child, click.Context(child, info_name=name, parent=context))


def _section(context: click.Context) -> str:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    records = (parameter.get_help_record(context) for parameter in command.params)
    options = table(["option", "meaning"], [(f"`{name}`", help_text) for name, help_text in filter(None, records)])
    return f"## {context.command_path}\n\n`{usage}`\n\n{inspect.cleandoc(command.help or '')}\n\n{options}"
