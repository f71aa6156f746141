"""The outbox in SQLAlchemy (2.0 or newer; sync and async engines)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from ..sdk.app import App
from ..sdk.call import Bound
from .outbox import Backlog, Entry, Relay, entry_values

if TYPE_CHECKING:  # it needs greenlet, which users of sync engines may not have
    from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")


class Outbox:
    """The table of jobs that wait for the relay. Create and migrate it with the other tables of your metadata."""

    def __init__(self, metadata: sa.MetaData, name: str = "fairlane_outbox") -> None:
        self.table = sa.Table(
            name,
            metadata,
            sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
            sa.Column("tenant_id", sa.String(128), nullable=False),
            sa.Column("job", sa.LargeBinary, nullable=False),
            sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, default=lambda: datetime.now(UTC)),
            sa.Column("refused", sa.Text),
        )

    def insert(self, call: Bound[Any]) -> sa.Insert:
        """The statement that submits this call when its transaction commits.

        `session.execute(outbox.insert(build.using(tenant="acme").bind(42)))`. Raises InvalidInput.
        """
        return self.table.insert().values(entry_values(call))

    def relay(self, app: App, engine: sa.Engine | AsyncEngine) -> Relay:
        """The relay that submits the jobs to the app's queue."""
        return Relay(app, _Rows(self.table, engine))


class _Rows:
    """The table as the relay uses it."""

    def __init__(self, table: sa.Table, engine: sa.Engine | AsyncEngine) -> None:
        self._table = table
        self._engine = engine

    async def waiting(self, limit: int, without_tenants: Collection[str]) -> Sequence[Entry]:
        columns = self._table.c
        wanted = sa.select(columns.id, columns.job).where(
            columns.refused.is_(None), columns.tenant_id.not_in(without_tenants)
        )
        rows = await self._do(lambda connection: connection.execute(wanted.order_by(columns.id).limit(limit)).all())
        return [Entry(row.id, row.job) for row in rows]

    async def backlog(self) -> Backlog:
        columns = self._table.c
        created_at = sa.case((columns.refused.is_(None), columns.created_at))
        figures = sa.select(sa.func.count(columns.id), sa.func.count(columns.refused), sa.func.min(created_at))
        entries, refused, oldest = await self._do(lambda connection: connection.execute(figures).one())
        return Backlog(entries - refused, _age(oldest), refused)

    async def settle(self, delivered: Collection[int], refused: Mapping[int, str]) -> None:
        column = self._table.c.id

        def change(connection: sa.Connection) -> None:
            connection.execute(self._table.delete().where(column.in_(delivered)))
            for entry, why in refused.items():
                connection.execute(self._table.update().where(column == entry).values(refused=why))

        await self._do(change)

    async def _do(self, step: Callable[[sa.Connection], T]) -> T:
        """Run this step in a transaction."""
        if isinstance(self._engine, sa.Engine):
            return await asyncio.to_thread(self._do_sync, self._engine, step)
        async with self._engine.begin() as connection:
            return await connection.run_sync(step)

    @staticmethod
    def _do_sync(engine: sa.Engine, step: Callable[[sa.Connection], T]) -> T:
        with engine.begin() as connection:
            return step(connection)


def _age(when: datetime | None) -> float | None:
    """Seconds since then. SQLite gives UTC without saying so."""
    if when is None:
        return None
    aware = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return max(0.0, (datetime.now(UTC) - aware).total_seconds())
