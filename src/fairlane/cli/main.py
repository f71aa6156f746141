"""The `fairlane` command."""

from __future__ import annotations

from typing import Any

import click

from ..model.errors import FairlaneError, InvalidInput
from ..process.identity import end_with_parent
from ..process.orphans import run_below_init
from ..process.printable import printable
from .commands.audit import audit
from .commands.backup import backup, restore
from .commands.batches import batches
from .commands.bench import bench
from .commands.config import config
from .commands.defaults import defaults
from .commands.dlq import dlq
from .commands.doctor import doctor
from .commands.jobs import jobs
from .commands.queues import queues
from .commands.relay import relay
from .commands.repair import repair
from .commands.schedules import schedules
from .commands.serve import serve
from .commands.submit import submit
from .commands.tenants import tenants
from .commands.tokens import tokens
from .commands.top import top
from .commands.try_app import try_app
from .commands.up import up
from .commands.upkeep import upkeep
from .commands.worker import worker
from .commands.workers import workers

_INTERNAL = {"try-app": try_app, "upkeep": upkeep}
"""Commands that `up` and `worker` run. Help and suggestions leave them out."""


class _Failure(click.ClickException):
    """An error, printed in one line."""

    def __init__(self, error: FairlaneError) -> None:
        super().__init__(printable(error).replace("\n", " "))


class _Misuse(_Failure):
    """An error in the arguments."""

    exit_code = 2


class _Group(click.Group):
    """Prints fairlane's errors in one line, without a traceback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for argument in args:
            try:
                argument.encode()
            except UnicodeEncodeError:
                raise _Misuse(InvalidInput(f"the argument {argument!a} is not valid UTF-8")) from None
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or _INTERNAL.get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except InvalidInput as error:
            raise _Misuse(error) from None
        except FairlaneError as error:
            raise _Failure(error) from None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fairlane")
def cli() -> None:
    """A multi-tenant job queue: a lane for every tenant."""


for _command in (
    up,
    serve,
    worker,
    relay,
    top,
    submit,
    jobs,
    batches,
    dlq,
    tenants,
    queues,
    workers,
    defaults,
    tokens,
    audit,
    schedules,
    doctor,
    repair,
    backup,
    restore,
    config,
    bench,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command that the arguments name. Does not return."""
    run_below_init()
    end_with_parent()
    cli(prog_name="fairlane")


if __name__ == "__main__":
    main()
