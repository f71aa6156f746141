"""A Django project with a database for the session, and a testing kit around its tasks."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from fairlane.engine import Engine
from fairlane.testing import Testing
from tests.support.app_world import World, app_world, open_emptied


@pytest.fixture(scope="session")
def django_shop(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Django, set up with an empty database in a file, which threads and other processes share."""
    os.environ["SHOP_DATABASE"] = str(tmp_path_factory.mktemp("shop") / "shop.db")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.contrib.shop.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


@pytest.fixture
def shop(django_shop: None) -> Iterator[None]:
    """The project, with an empty outbox."""
    from django.db import connections

    from fairlane.contrib.django.models import OutboxEntry

    OutboxEntry.objects.all().delete()
    yield
    connections.close_all()


@pytest.fixture
async def engine(store_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engine]:
    """The shared store, emptied, for tests with several processes."""
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")
    engine = await open_emptied(store_url)
    yield engine
    await engine.close()


@pytest.fixture
async def world(store_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setenv("FAIRLANE_DURABILITY", "memory")
    async with app_world(store_url) as world:
        yield world


@pytest.fixture
def testing(shop: None) -> Iterator[Testing]:
    from fairlane.contrib.django.worker import app

    with app.testing() as testing:
        yield testing
