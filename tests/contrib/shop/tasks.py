"""Tasks of the tests' Django project."""

from __future__ import annotations

import asyncio
import builtins
import math
import threading
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, connections

from fairlane import App, Cancel

try:
    from django.tasks import task
except ImportError:
    from django_tasks import task

app = App()


@task
def add(first: int, second: int = 10) -> int:
    return first + second


@task(queue_name="mail", priority=100)
async def greet(name: str) -> str:
    return f"hello {name}"


@task
def fail(message: str) -> None:
    raise builtins.ValueError(message)


@task(takes_context=True)
def tell(context: Any, word: str) -> list[Any]:
    return [word, context.task_result.id, context.attempt]


@task
def count_entries() -> int:
    from fairlane.contrib.django.models import OutboxEntry

    return int(OutboxEntry.objects.count())


@task
async def keep_a_table(number: int) -> list[int]:
    """Use state of the session, as a cursor, an advisory lock or SET do."""

    def rows(statement: str) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return [row[0] for row in cursor.fetchall()] if statement.startswith("SELECT") else []

    await sync_to_async(rows)(f"CREATE TEMP TABLE mine AS SELECT {number} AS x")
    await asyncio.sleep(0.1 * (3 - number))
    return await sync_to_async(rows)("SELECT x FROM mine")


_meeting = threading.Barrier(2)


@task
async def meet_in_the_database() -> bool:
    """Make a query that ends only while another job's query runs."""
    await sync_to_async(_meeting.wait)(10)
    return True


connections_of_jobs: list[Any] = []


@task
async def note_connection(ending: str) -> None:
    def note() -> None:
        connections["default"].ensure_connection()
        connections_of_jobs.append(connections["default"])

    await sync_to_async(note)()
    if ending == "raise":
        raise Cancel


class ValueError(builtins.ValueError):
    pass


@task
def fail_oddly() -> None:
    raise ValueError("two\nlines")


@task
def echo(*args: Any, more: Any = None) -> list[Any]:
    return [*args, more]


@task
def return_set() -> set[int]:
    return {1}


@task
def return_nan() -> float:
    return math.nan


@task
async def return_set_async() -> set[int]:
    return {1}


@app.task
async def send_receipt(order: int) -> int:
    return order
