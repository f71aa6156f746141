"""Tasks of the tests' Django project."""

from __future__ import annotations

from typing import Any

from fairlane import App

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
    raise ValueError(message)


@task(takes_context=True)
def tell(context: Any, word: str) -> list[Any]:
    return [word, context.task_result.id, context.attempt]


@task
def count_entries() -> int:
    from fairlane.contrib.django.models import OutboxEntry

    return int(OutboxEntry.objects.count())


@task
async def is_connected() -> bool:
    from asgiref.sync import sync_to_async
    from django.db import connection

    return await sync_to_async(lambda: connection.connection is not None)()


@app.task
async def send_receipt(order: int) -> int:
    return order
