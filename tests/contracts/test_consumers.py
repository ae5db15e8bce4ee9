"""Every reader digests every golden example of whom it reads: real subscription, real schema, real PostgreSQL."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts import catalog
from shared.contracts.event import Envelope, Event, decode
from shared.contracts.state import State
from shared.kit import mirror
from shared.kit.consumer import Subscription, absorb
from shared.kit.database import new_engine
from tests.contracts.conftest import Database, make_of, subscription_of
from tests.contracts.documents import golden
from tests.contracts.story import StoryClock

READS = [(service, publisher) for service, publishers in catalog.READS.items() for publisher in publishers]
DIGESTS = [(service, event) for service, publisher in READS for event in catalog.events_of(publisher)]
every_reader = pytest.mark.parametrize(("service", "publisher"), READS)
every_digest = pytest.mark.parametrize(
    ("service", "event"), DIGESTS, ids=[f"{service}-{event.type}" for service, event in DIGESTS]
)


class Reading:
    """A service with an empty copy, in a transaction that is never committed."""

    def __init__(self, service: str, subscription: Subscription[Any], connection: AsyncConnection) -> None:
        self.subscription = subscription
        self._connection = connection
        self._make = make_of(service)

    async def absorb(self, *envelopes: Envelope) -> None:
        """As the consumer does, effects and announcements included."""
        work = self._make(self._connection, clock=StoryClock(), caller=None, trace_id="0" * 32)
        await absorb(work, self.subscription, envelopes)
        await work.flush(lambda: None)

    async def copy_of(self, state: State) -> State | None:
        """Our copy of a published row."""
        table = mirror.table_name(type(state))
        rows = await mirror.rows_of(self._connection, table, type(state), [state.id])
        return rows[0] if rows else None

    def copied(self, event: Event) -> list[State]:
        """The rows of an event that this service keeps."""
        return [state for state in event.states() if type(state) in self.subscription.states]


@pytest.fixture
async def reading(request: pytest.FixtureRequest, database: Database) -> AsyncIterator[Reading]:
    parameters = request.node.callspec.params
    service = parameters["service"]
    publisher = parameters["publisher"] if "publisher" in parameters else parameters["event"].service()
    subscription = subscription_of(service, publisher)
    engine = new_engine(database(service), pool_size=1, application_name="digest")
    async with engine.connect() as connection, connection.begin() as transaction:
        for state in subscription.states:
            await mirror.clear(connection, state)
        yield Reading(service, subscription, connection)
        await transaction.rollback()
    await engine.dispose()


@every_digest
async def test_a_reader_digests_the_example(service: str, event: type[Event], reading: Reading) -> None:
    await reading.absorb(golden(event))
    for state in reading.copied(decode(golden(event))):
        assert await reading.copy_of(state) == state


@every_digest
async def test_digesting_twice_changes_nothing(service: str, event: type[Event], reading: Reading) -> None:
    await reading.absorb(golden(event))
    await reading.absorb(golden(event))
    for state in reading.copied(decode(golden(event))):
        assert await reading.copy_of(state) == state


@every_reader
async def test_a_reader_digests_the_whole_story_and_keeps_the_last_word(
    service: str, publisher: str, reading: Reading
) -> None:
    story = sorted(map(golden, catalog.events_of(publisher)), key=lambda envelope: envelope.position)
    await reading.absorb(*story)
    last = {state.id: state for envelope in story for state in reading.copied(decode(envelope))}
    assert last
    for state in last.values():
        assert await reading.copy_of(state) == state


@every_reader
async def test_an_older_version_never_overwrites_a_newer_one(service: str, publisher: str, reading: Reading) -> None:
    story = sorted(map(golden, catalog.events_of(publisher)), key=lambda envelope: envelope.position)
    for envelope in reversed(story):
        await reading.absorb(envelope)
    last = {state.id: state for envelope in story for state in reading.copied(decode(envelope))}
    for state in last.values():
        assert await reading.copy_of(state) == state


@every_reader
def test_a_reader_keeps_a_relation_of_everything_it_subscribes_to(service: str, publisher: str) -> None:
    carried = {field.annotation for event in catalog.events_of(publisher) for field in event.model_fields.values()}
    assert set(subscription_of(service, publisher).states) <= carried
