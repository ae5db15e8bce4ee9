"""One real PostgreSQL with a migrated database per service, and the story lived in it once."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from shared.contracts import catalog
from shared.kit import journal, migrations
from shared.kit.consumer import Subscription
from shared.kit.crypto import KeyRing
from shared.kit.database import new_engine
from shared.kit.work import UnitOfWork, Works
from tests.builders.databases import running
from tests.builders.works import works_on
from tests.contracts.story import House, Reader, StoryClock, live

KEY, INDEX_KEY = (base64.b64encode(bytes([number] * 32)).decode() for number in (1, 2))
KEYS = KeyRing.parse(f'{{"active": "k1", "keys": {{"k1": "{KEY}"}}, "index_key": "{INDEX_KEY}"}}')

Database = Callable[[str], str]


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    """The URL of a service's database, migrated when first asked for."""
    with running(*catalog.READS) as server:

        @cache
        def url(service: str) -> str:
            migrations.upgrade(service, server.url(service))
            return server.url(service)

        yield url


def make_of(service: str) -> Callable[..., UnitOfWork]:
    """What makes the service's units of work in its own processes."""
    module = import_module(f"services.{service}.adapters.work")
    work: type[UnitOfWork] = getattr(module, f"{service.capitalize()}Work")
    return module.work_with(KEYS) if hasattr(module, "work_with") else work


def subscription_of(service: str, publisher: str) -> Subscription[Any]:
    """What the service really does with a publisher's journal."""
    subscriptions: tuple[Subscription[Any], ...] = import_module(
        f"services.{service}.entrypoints.consumers"
    ).SUBSCRIPTIONS
    return next(each for each in subscriptions if each.publisher == publisher)


@pytest.fixture(scope="session")
def emitted(database: Database) -> list[dict[str, Any]]:
    """Everything every publisher said during the story, as it would go on the wire."""

    async def told() -> list[dict[str, Any]]:
        clock = StoryClock()
        engines = {
            name: new_engine(database(name), pool_size=2, application_name="story") for name in catalog.publishers()
        }
        works: dict[str, Works[Any]] = {
            name: works_on(engine, make_of(name), clock=clock) for name, engine in engines.items()
        }
        readers = [Reader(works[name], subscription_of(name, "registry")) for name in ("subsidy", "rehab")]
        await live(House(clock=clock, readers=readers, **{name: works[name] for name in catalog.publishers()}))
        said = []
        for publisher in catalog.publishers():
            async with works[publisher].snapshot() as connection:
                said += [entry.cloud_event() for entry in await journal.read(connection, after=0, limit=1_000)]
        for engine in engines.values():
            await engine.dispose()
        return said

    return asyncio.run(told())
