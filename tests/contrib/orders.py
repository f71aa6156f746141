"""An app with an outbox in SQLite, and a relay process that dies where it is told to.

`python -m tests.contrib.orders STORE_URL DATABASE between|after|never`
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import sqlalchemy as sa

from fairlane import App
from fairlane.contrib.outbox import Relay
from fairlane.contrib.sqlalchemy import Outbox, _Rows

metadata = sa.MetaData()
orders = sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True))
outbox = Outbox(metadata)
app = App()


@app.task
async def send_receipt(order: int) -> int:
    return order


def new_database(folder: Path) -> sa.Engine:
    engine = sa.create_engine(f"sqlite:///{folder}/orders.db")
    metadata.create_all(engine)
    return engine


def entries(engine: sa.Engine) -> list[int]:
    """The entries in the outbox."""
    with engine.begin() as connection:
        return list(connection.execute(sa.select(outbox.table.c.id).order_by(outbox.table.c.id)).scalars())


class DyingRows(_Rows):
    """The table of a relay that is killed between handing over and removing, or just after."""

    async def settle(self, delivered: Collection[int], refused: Mapping[int, str]) -> None:
        if sys.argv[3] != "between":
            await super().settle(delivered, refused)
        if sys.argv[3] != "never":
            os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    store, database, _ = sys.argv[1:]
    engine = sa.create_engine(f"sqlite:///{database}")
    await Relay(App(store), DyingRows(outbox.table, engine)).run()


if __name__ == "__main__":
    asyncio.run(main())
