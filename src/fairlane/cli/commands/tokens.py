"""`fairlane tokens`: access tokens of the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from ...backend import Backend
from ...model.durations import parse_duration_ms
from ...model.errors import InvalidInput
from ...model.token import MAX_OVERLAP_S, Token, TokenKind, TokenSpec
from ...runtime.settings import Settings
from ..options import client_settings, output_option
from ..terminal.output import print_json, print_table

PAGE = 100


@click.group()
def tokens() -> None:
    """Create, list, rotate and revoke access tokens of the API."""


@tokens.command()
@click.option("--name", required=True, help="Name of the token, for `list` and `revoke`.")
@click.option("--kind", type=click.Choice([kind.value for kind in TokenKind]), required=True, help="What it is for.")
@click.option("--tenant", help="Tenant of a tenant token.")
@click.option("--read-only", is_flag=True, help="Let a tenant token read, but not change.")
@click.option("--queues", default="", help='Queues of a worker token, such as "mail,reports" [default: all].')
@click.option("--expires", help='Lifetime, such as "90d" [default: no end].')
@client_settings
@output_option
def create(settings: Settings, output: str, **options: Any) -> None:
    """Create a token and print its secret, which cannot be shown again."""
    from ..connection import ask

    spec = _spec(**options)
    token, secret = ask(settings, lambda backend: backend.tokens.create(spec))
    _print_secret(token, secret, output)


@tokens.command("list")
@client_settings
@output_option
def list_(settings: Settings, output: str) -> None:
    """List all tokens, without their secrets."""
    from ..connection import ask

    found = ask(settings, _all_tokens)
    if output == "json":
        print_json(found)
        return
    rows = (
        (token.name, token.kind, _scope(token), token.created_at, token.last_used_at, token.expires_at)
        for token in found
    )
    print_table(("name", "kind", "for", "created", "last used", "expires"), rows)


@tokens.command()
@click.argument("name")
@click.option("--overlap", default="24h", show_default=True, help="Time for which the old secret stays valid.")
@client_settings
@output_option
def rotate(settings: Settings, name: str, overlap: str, output: str) -> None:
    """Give the token NAME a new secret and print it."""
    from ..connection import ask

    seconds = parse_duration_ms(overlap, "the overlap") / 1000
    if seconds > MAX_OVERLAP_S:
        raise InvalidInput("the overlap must be 30d at most")
    token, secret = ask(settings, lambda backend: backend.tokens.rotate(name, seconds))
    _print_secret(token, secret, output)


@tokens.command()
@click.argument("name")
@client_settings
@output_option
def revoke(settings: Settings, name: str, output: str) -> None:
    """Revoke the token NAME. Servers refuse it within a second."""
    from ..connection import ask

    token = ask(settings, lambda backend: backend.tokens.revoke(name))
    if output == "json":
        print_json(token)
    else:
        click.echo(f"revoked {token.name}")


def _print_secret(token: Token, secret: str, output: str) -> None:
    if output == "json":
        print_json({"token": token, "secret": secret})
    else:
        click.echo(secret)


def _spec(*, kind: str, tenant: str | None, queues: str, expires: str | None, **rest: Any) -> TokenSpec:
    lifetime = None if expires is None else timedelta(milliseconds=parse_duration_ms(expires))
    return TokenSpec(
        kind=TokenKind(kind),
        tenant_id=tenant,
        queues=tuple(queue for queue in (part.strip() for part in queues.split(",")) if queue),
        expires_at=None if lifetime is None else datetime.now(UTC) + lifetime,
        **rest,
    )


async def _all_tokens(backend: Backend) -> list[Token]:
    found: list[Token] = []
    cursor: str | None = None
    while True:
        page, cursor = await backend.tokens.list(PAGE, cursor)
        found += page
        if cursor is None:
            return found


def _scope(token: Token) -> str:
    """What a token reaches, in words."""
    if token.tenant_id is not None:
        return f"tenant {token.tenant_id}{', read only' if token.read_only else ''}"
    if token.kind is TokenKind.WORKER:
        return _queues(token.queues)
    return "everything"


def _queues(names: Sequence[str]) -> str:
    return f"queues {', '.join(names)}" if names else "all queues"
