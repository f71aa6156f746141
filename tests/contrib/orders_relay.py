"""A relay by name, for `fairlane relay`; ORDERS_DATABASE names its SQLite file."""

from __future__ import annotations

import os

import sqlalchemy as sa

from .orders import app, outbox

relay = outbox.relay(app, sa.create_engine(f"sqlite:///{os.environ['ORDERS_DATABASE']}"))
