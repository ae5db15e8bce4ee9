"""Histories for the engine: each call is one moment at which something was learned.

What the register announces goes into the copy of the register and from there through the product's own derivation; what
the service records itself goes through its own repositories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import decisions, facts, records, successions, tables_facts
from services.subsidy.adapters.standing import News, restand
from services.subsidy.domain.decisions import BackPayment, Card, Determination, Home, Pause
from services.subsidy.domain.person_facts import Fact, FactKind, Revision
from services.subsidy.domain.succession import Succession
from shared.values.disability import Component, Disability
from shared.values.month import Month

ANYWHERE: Final = "500101"
_REGISTER: Final = {
    FactKind.DEATH: "DEATH",
    FactKind.CARD_FROZEN: "FROZEN",
    FactKind.CARD_CANCELLED: "CANCELLED",
}
_DECISIONS: Final = (
    (tables_facts.determination, "award_id"),
    (tables_facts.pause, "pause_id"),
    (tables_facts.back_payment, "decision_id"),
)

_MADE_OF: Final = {"determination": Determination, "pause": Pause, "back_payment": BackPayment}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A payment of a month owed: SETTLED, or open (PENDING, HELD, SENT, RETURNED)."""

    person_id: UUID
    scheme: str
    month: Month
    seq: int = 0
    amount_fen: int
    state: str = "SETTLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The county a person lives in is given up for another, from a day on (ID-21)."""

    person_id: UUID
    predecessor: str
    successor: str
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Two records are found to be one person's, or (``undone``) found not to be."""

    merge_id: UUID
    person_id: UUID
    absorbed_id: UUID
    merged_on: date
    undone: bool = False


Thing = Merged | Succeeded | Card | Home | Fact | Determination | Pause | BackPayment | Line


async def learn(connection: AsyncConnection, *things: Thing, at: datetime) -> None:
    """Learn new things, or better about known ones."""
    told: dict[type, list[Any]] = {}
    for thing in things:
        told.setdefault(type(thing), []).append(thing)
    of_register = [fact for fact in told.get(Fact, ()) if fact.kind in _REGISTER]
    await _cards(connection, told.get(Card, []))
    await _homes(connection, told.get(Home, []))
    if given_up := told.get(Succeeded, []):
        await restand(connection, {News.HOME: {each.person_id for each in given_up}}, at=at)
        await _succeed(connection, given_up, at=at)
    await _stops(connection, [_announced(fact) for fact in of_register])
    await _facts(connection, [fact for fact in told.get(Fact, ()) if fact not in of_register], at=at)
    for table, key in _DECISIONS:
        renewed = [getattr(thing, key) for thing in told.get(_MADE_OF[table.name], ())]
        await decisions.take_back(connection, table, key, renewed, at=at)
    await decisions.determine(connection, told.get(Determination, []), at=at)
    for pause in told.get(Pause, ()):
        owner = await _person_of(connection, pause.award_id)
        await decisions.begin_pause(connection, pause, person_id=owner, reason="test", by="test", at=at)
    for granted in told.get(BackPayment, ()):
        owner = await _person_of(connection, granted.award_id)
        await decisions.grant_back_payment(connection, granted, person_id=owner, reason="test", by="test", at=at)
    for line in told.get(Line, ()):
        await _line(connection, line, at=at)
    await _merges(connection, told.get(Merged, []))
    await _restand(connection, {person_id for thing in things for person_id in _persons(thing)}, at=at)


async def withdraw(connection: AsyncConnection, *ids: UUID, at: datetime) -> None:
    """What these ids name was wrong."""
    persons: set[UUID] = set()
    for table, key in _DECISIONS:
        await decisions.take_back(connection, table, key, list(ids), at=at)
    for statement in (
        "DELETE FROM copy_registry_certificate WHERE certificate_id = ANY(:ids) RETURNING person_id",
        "UPDATE copy_registry_stop SET withdrawn = true WHERE stop_id = ANY(:ids) RETURNING person_id",
    ):
        found = await connection.execute(text(statement), {"ids": list(ids)})
        persons.update(row.person_id for row in found)
    known = [facts.to_revision(row) for row in await connection.execute(_NEWEST, {"ids": list(ids)})]
    gone = [replace(old, revision=old.revision + 1, withdrawn=True) for old in known]
    await facts.store(connection, gone, at=at, by="test", trace_id="t")
    await _restand(connection, persons | {old.fact.person_id for old in known}, at=at)


def _persons(thing: Thing) -> Iterable[UUID]:
    return () if isinstance(thing, Pause | BackPayment) else (thing.person_id,)


async def _merges(connection: AsyncConnection, merges: Sequence[Merged]) -> None:
    if merges:
        await connection.execute(
            text(
                "INSERT INTO copy_registry_merge (merge_id, person_id, absorbed_id, division, version, merged_on, "
                f"undone) VALUES (:merge_id, :person_id, :absorbed_id, '{ANYWHERE}', 1, :merged_on, :undone) "
                "ON CONFLICT (merge_id) DO UPDATE SET undone = excluded.undone, "
                "version = copy_registry_merge.version + 1"
            ),
            [asdict(merge) for merge in merges],
        )


_NEWEST: Final = text("SELECT * FROM fact WHERE fact_id = ANY(:ids) AND superseded_at IS NULL")


async def _restand(connection: AsyncConnection, persons: set[UUID], *, at: datetime) -> None:
    """A freeze or cancellation is about the card held on its day, whichever was learned first."""
    await connection.execute(
        text(
            "UPDATE copy_registry_stop s SET certificate_id = "
            "(SELECT c.certificate_id FROM copy_registry_certificate c "
            "WHERE c.person_id = s.person_id AND c.issued_on <= s.event_date "
            "ORDER BY c.issued_on DESC, c.certificate_id DESC LIMIT 1) "
            "WHERE s.person_id = ANY(:persons) AND s.kind IN ('FROZEN', 'CANCELLED')"
        ),
        {"persons": list(persons)},
    )
    whose = await records.belong(connection, persons, at=at)
    merges = await connection.execute(text("SELECT absorbed_id, person_id FROM copy_registry_merge"))
    joined = {record for merge in merges for record in merge}
    await records.pass_on(connection, {record: whose[record] for record in joined & whose.keys()}, at=at)
    await restand(connection, dict.fromkeys(News, whose.keys() | persons), at=at)


async def _cards(connection: AsyncConnection, cards: Sequence[Card]) -> None:
    rows = [
        {
            "id": card.certificate_id,
            "person": card.person_id,
            "division": ANYWHERE,
            "category": int(made.category),
            "grade": int(made.grade),
            "components": made.components_text,
            "issued": card.issued_on,
            "expires": card.expires_on,
        }
        for card in cards
        for made in (Disability.of(Component.parse(part) for part in card.components.split(";")),)
    ]
    if rows:
        await connection.execute(
            text(
                "INSERT INTO copy_registry_certificate (certificate_id, person_id, division, version, status, "
                "category, grade, components, issued_on, expires_on) VALUES (:id, :person, :division, 1, 'VALID', "
                ":category, :grade, :components, :issued, :expires) ON CONFLICT (certificate_id) DO UPDATE SET "
                "category = excluded.category, grade = excluded.grade, components = excluded.components, "
                "issued_on = excluded.issued_on, expires_on = excluded.expires_on, "
                "version = copy_registry_certificate.version + 1"
            ),
            rows,
        )


async def _homes(connection: AsyncConnection, homes: Sequence[Home]) -> None:
    """All stays of each person: each ends with a move, but the last."""
    stays: dict[UUID, list[Home]] = {}
    for home in sorted(homes, key=lambda home: home.valid_from):
        stays.setdefault(home.person_id, []).append(home)
    if not stays:
        return
    await connection.execute(
        text("DELETE FROM copy_registry_stop WHERE person_id = ANY(:persons) AND kind = 'TRANSFERRED'"),
        {"persons": list(stays)},
    )
    await _stops(
        connection,
        [
            {
                "stop_id": uuid5(person_id, f"move {number}"),
                "person_id": person_id,
                "kind": "TRANSFERRED",
                "division": home.division,
                "version": number,
                "event_date": home.valid_to,
            }
            for person_id, lived in stays.items()
            for number, home in enumerate(lived[:-1], start=1)
        ],
    )
    await connection.execute(
        text(
            "INSERT INTO copy_registry_person (person_id, division, version, registered_on) "
            f"VALUES (:person, {_STANDS}, 1, :day) ON CONFLICT (person_id) DO UPDATE SET division = excluded.division"
        ),
        [
            {"person": person_id, "division": lived[-1].division, "day": date(2000, 1, 1)}
            for person_id, lived in stays.items()
        ],
    )


_STANDS: Final = (
    "right("
    + successions.LINE.format(person=":person", division=":division", holds="true")
    + ", 6) || substr(:division, 7)"
)
"""A county that was given up is no longer said."""


async def _succeed(connection: AsyncConnection, told: Sequence[Succeeded], *, at: datetime) -> None:
    """The register announces the division, then everybody who is there."""
    for person_id, steps in groupby(sorted(told, key=_of_person), key=_of_person):
        for step in steps:
            change_id = uuid5(person_id, f"{step.predecessor} {step.successor} {step.effective_on}")
            made = Succession(
                change_id=change_id,
                predecessor=step.predecessor,
                successor=step.successor,
                effective_on=step.effective_on,
            )
            await successions.announced(connection, [made])
            found = await connection.execute(_GONE_ALONG, {"person": person_id, **asdict(made)})
            moved = [(row.person_id, row.before, row.after) for row in found]
            await successions.follow(connection, moved, at=at)
            await connection.execute(text("DELETE FROM division_succession"))  # of this person, not of the others


def _of_person(told: Succeeded) -> UUID:
    return told.person_id


_GONE_ALONG: Final = text(
    "UPDATE copy_registry_person SET division = :successor || substr(division, 7) "
    "WHERE person_id = :person AND starts_with(division, :predecessor) "
    "RETURNING person_id, old.division AS before, new.division AS after"
)


def _announced(fact: Fact) -> dict[str, Any]:
    """A fact of the register as it announces it."""
    return {
        "stop_id": fact.fact_id,
        "person_id": fact.person_id,
        "kind": _REGISTER[fact.kind],
        "division": ANYWHERE,
        "version": 1,
        "event_date": fact.valid_from,
        "ended_on": fact.valid_to,
        "reason": fact.reason,
        "withdrawn": not fact.verified,
    }


async def _stops(connection: AsyncConnection, stops: Sequence[dict[str, Any]]) -> None:
    if stops:
        await connection.execute(
            text(
                "INSERT INTO copy_registry_stop (stop_id, person_id, division, version, kind, reason, event_date, "
                "ended_on, withdrawn) VALUES (:stop_id, :person_id, :division, :version, :kind, :reason, :event_date, "
                ":ended_on, :withdrawn) ON CONFLICT (stop_id) DO UPDATE SET event_date = excluded.event_date, "
                "ended_on = excluded.ended_on, reason = excluded.reason, withdrawn = excluded.withdrawn"
            ),
            [{"ended_on": None, "reason": None, "withdrawn": False} | stop for stop in stops],
        )


async def _facts(connection: AsyncConnection, told: Sequence[Fact], *, at: datetime) -> None:
    known = await connection.execute(_NEWEST, {"ids": [fact.fact_id for fact in told]})
    revisions = {row.fact_id: row.revision for row in known}
    news = [Revision(fact=fact, revision=revisions.get(fact.fact_id, 0) + 1, division=ANYWHERE) for fact in told]
    await facts.store(connection, news, at=at, by="test", trace_id="t")


async def _person_of(connection: AsyncConnection, award_id: UUID) -> UUID:
    found = await connection.scalar(
        select(tables_facts.determination.c.person_id).where(tables_facts.determination.c.award_id == award_id).limit(1)
    )
    assert isinstance(found, UUID), "the award was learned before"
    return found


_ENSURE_MONTH: Final = text("SELECT payroll_ensure_months(CAST(:month AS date), CAST(:month AS date))")
# A story names its lines as it likes; the database counts them. The name is kept in a column no rule reads.
_ADD_LINE: Final = text(
    """
INSERT INTO line (month, person_id, scheme, seq, run_id, award_id, county, amount_fen, settled_before_fen, cause, rules,
                  locked_at)
SELECT :month, :person_id, :scheme, (SELECT count(*) FROM line WHERE (month, person_id, scheme)
                                     = (CAST(:month AS date), CAST(:person_id AS uuid), :scheme)),
       :person_id, :person_id, '000000', :amount_fen, 0, 'REGULAR', :seq, :at
 WHERE NOT EXISTS (SELECT FROM line WHERE (month, person_id, scheme, rules)
                   = (CAST(:month AS date), CAST(:person_id AS uuid), :scheme, :seq))"""
)
_TURN_LINE: Final = text(
    """
INSERT INTO line_turn (month, person_id, scheme, seq, no, run_id, county, state, amount_fen, reason, at, recorded_by)
SELECT l.month, l.person_id, l.scheme, l.seq, 1 + (SELECT count(*) FROM line_turn t
         WHERE (t.month, t.person_id, t.scheme, t.seq) = (l.month, l.person_id, l.scheme, l.seq)),
       l.run_id, l.county, :state, :amount_fen, '', :at, 'test'
  FROM line l WHERE (month, person_id, scheme, rules)
                    = (CAST(:month AS date), CAST(:person_id AS uuid), :scheme, :seq)"""
)


async def _line(connection: AsyncConnection, line: Line, *, at: datetime) -> None:
    values = asdict(line) | {"month": line.month.first_day, "at": at}
    await connection.execute(_ENSURE_MONTH, {"month": values["month"]})
    added = await connection.execute(_ADD_LINE, values)
    if not (added.rowcount and line.state == "PENDING"):
        await connection.execute(_TURN_LINE, values)


def moments(start: datetime) -> Iterable[datetime]:
    """Increasing moments, a day apart."""
    while True:
        yield start
        start += timedelta(days=1)
