"""What must hold whenever the chain has come to rest, read from both databases and trusting neither."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import psycopg

from deploy.local.stack import Stack
from shared.contracts.registry import CertificateState, PersonState, StopState

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Steps = Mapping[UUID, Sequence[tuple[str, UUID | None]]]

COPIED: Final = (PersonState, CertificateState, StopState)

_JOURNAL: Final = "SELECT count(*), count(DISTINCT position), coalesce(max(position), 0) FROM journal"
_CANCELLED: Final = "SELECT certificate_id FROM certificate WHERE status = 'CANCELLED'"
_TOLD: Final = """
SELECT aggregate_id, CASE type WHEN 'registry.certificate.cancelled.v1' THEN 'SUSPENDED' ELSE 'ACTIVE' END,
       (payload -> 'stop' ->> 'stop_id')::uuid
  FROM journal WHERE type IN ('registry.certificate.cancelled.v1', 'registry.certificate.reinstated.v1')
 ORDER BY position
"""
_STEPS: Final = """
SELECT a.person_id, s.status, s.cause_id FROM award_step s JOIN award a USING (award_id)
 WHERE s.version > 1 ORDER BY s.version
"""
_ANNOUNCED: Final = """
SELECT aggregate_id, payload -> 'award' ->> 'status', NULL::uuid FROM journal
 WHERE type IN ('subsidy.award.suspended.v1', 'subsidy.award.resumed.v1') ORDER BY position
"""


class Diverged(AssertionError):
    """The two services disagree, or one told its story wrongly; the message says where."""


class Stories(IntEnum):
    """How closely the steps of awards are compared with what was announced."""

    IGNORED = 0
    """Somebody wrote into the tables by hand."""
    CONSISTENT = 1
    """No step twice, and what was announced is what happened. A resync goes from the old state to the new directly."""
    EXACT = 2
    """Every step the registry announced, in its order, and no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """How strict the check is. ``waiting``: dead letters that are meant to be there; copies may then differ."""

    stories: Stories = Stories.EXACT
    waiting: int = 0


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not condition:
        raise Diverged(message)


async def check(stack: Stack, expected: Expectation) -> None:
    """Raise `Diverged` unless cancelled = suspended, each once, in order, with whole journals and equal copies."""
    async with stack.postgres.admin("registry") as registry, stack.postgres.admin("subsidy") as subsidy:
        await _sets_are_equal(registry, subsidy)
        await _journal_is_whole(registry, "registry")
        await _journal_is_whole(subsidy, "subsidy")
        await _everything_is_consumed(registry, subsidy)
        await _letters(subsidy, expected.waiting)
        if not expected.waiting:
            for state in COPIED:
                await _copy_is_equal(registry, subsidy, state.relation, state.field_names())
            await _stories_are_equal(registry, subsidy, expected.stories)


async def _sets_are_equal(registry: Connection, subsidy: Connection) -> None:
    cancelled = {row[0] for row in await _all(registry, _CANCELLED)}
    awards = {row[0]: row[1] for row in await _all(subsidy, "SELECT certificate_id, status FROM award")}
    suspended = {certificate for certificate, status in awards.items() if status == "SUSPENDED"}
    expected = cancelled & awards.keys()
    _require(
        suspended == expected,
        f"{len(expected - suspended)} of {len(expected)} cancelled and not suspended, "
        f"{len(suspended - expected)} suspended and not cancelled",
    )


async def _journal_is_whole(database: Connection, service: str) -> None:
    ((count, distinct, last),) = await _all(database, _JOURNAL)
    _require(count == distinct == last, f"journal of {service}: {count} entries, {distinct} positions, last is {last}")


async def _everything_is_consumed(registry: Connection, subsidy: Connection) -> None:
    head = await _all(registry, "SELECT (SELECT max(epoch) FROM journal_epoch), (SELECT max(position) FROM journal)")
    cursor = await _all(subsidy, "SELECT epoch, position FROM consumer_cursor WHERE publisher = 'registry'")
    _require(head == cursor, f"the registry is at {head}, the consumer at {cursor}")


async def _letters(subsidy: Connection, waiting: int) -> None:
    ((found,),) = await _all(subsidy, "SELECT count(*) FROM dead_letter WHERE state IN ('OPEN', 'PARKED')")
    _require(found == waiting, f"{found} dead letters wait, not {waiting}")


async def _copy_is_equal(registry: Connection, subsidy: Connection, relation: str, fields: Iterable[str]) -> None:
    table = relation.partition(".")[2]
    columns = ", ".join(fields)

    def query(name: str) -> str:
        return f"SELECT md5(string_agg(r::text, ';' ORDER BY r::text)) FROM (SELECT {columns} FROM {name}) AS r"

    theirs, ours = await _all(registry, query(table)), await _all(subsidy, query(f"copy_registry_{table}"))
    _require(theirs == ours, f"the copy of {relation} differs")


async def _stories_are_equal(registry: Connection, subsidy: Connection, wanted: Stories) -> None:
    """Each person's cancellations and reinstatements are the steps of the award, and those are the events told."""
    if wanted is Stories.IGNORED:
        return
    steps = _by_person(await _all(subsidy, _STEPS))
    announced = _by_person(await _all(subsidy, _ANNOUNCED))
    for person, taken in steps.items():
        told = [status for status, _ in announced.get(person, ())]
        _require(told == [status for status, _ in taken], f"person {person}: award went {taken}, announced {told}")
        turns = [status for status, _ in taken]
        _require(
            all(one != other for one, other in pairwise(turns)),
            f"person {person}: the same step twice: {turns}",
        )
    _require(announced.keys() == steps.keys(), "announced for persons whose awards took no step")
    if wanted is Stories.EXACT:
        told_by_registry = _by_person(await _all(registry, _TOLD))
        for person in steps.keys() | told_by_registry.keys():
            _require(
                steps.get(person) == told_by_registry.get(person),
                f"person {person}: registry told {told_by_registry.get(person)}, award went {steps.get(person)}",
            )


def _by_person(rows: Iterable[tuple[Any, ...]]) -> Steps:
    grouped: dict[UUID, list[tuple[str, UUID | None]]] = defaultdict(list)
    for person, status, cause in rows:
        grouped[person].append((status, cause))
    return grouped


async def _all(database: Connection, query: str) -> list[tuple[Any, ...]]:
    return await (await database.execute(query)).fetchall()
