"""Histories for the engine: each call is one moment at which something was learned.

What the register announces goes into the copy of the register and from there through the product's own derivation; what
the service records itself goes through its own repositories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import decisions, facts, tables_facts
from services.subsidy.adapters.standing import restand
from services.subsidy.domain.decisions import BackPayment, Card, Determination, Home, Pause
from services.subsidy.domain.person_facts import Fact, FactKind
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A payment of a month owed: SETTLED, or open (PENDING, HELD, SENT, RETURNED)."""

    person_id: UUID
    scheme: str
    month: Month
    seq: int = 0
    amount_fen: int
    state: str = "SETTLED"


Thing = Card | Home | Fact | Determination | Pause | BackPayment | Line


async def learn(connection: AsyncConnection, *things: Thing, at: datetime) -> None:
    """Learn new things, or better about known ones."""
    homes: dict[UUID, list[Home]] = {}
    for thing in things:
        match thing:
            case Card():
                await _card(connection, thing)
            case Home():
                homes.setdefault(thing.person_id, []).append(thing)
            case Fact() if thing.kind in _REGISTER:
                await _stop(connection, thing)
            case Fact():
                await _fact(connection, thing, at=at)
            case Determination():
                await decisions.take_back(connection, tables_facts.determination, "award_id", [thing.award_id], at=at)
                await decisions.determine(connection, [thing], at=at)
            case Pause():
                await _pause(connection, thing, at=at)
            case BackPayment():
                await _back_payment(connection, thing, at=at)
            case Line():
                await _line(connection, thing, at=at)
    for person_id, stays in homes.items():
        await _homes(connection, person_id, stays)
    await _restand(connection, {person_id for thing in things for person_id in _persons(thing)}, at=at)


async def withdraw(connection: AsyncConnection, *ids: UUID, at: datetime) -> None:
    """What these ids name was wrong."""
    persons: set[UUID] = set()
    for table, key in _DECISIONS:
        await decisions.take_back(connection, table, key, list(ids), at=at)
    found = await connection.execute(
        text("DELETE FROM copy_registry_certificate WHERE certificate_id = ANY(:ids) RETURNING person_id"),
        {"ids": list(ids)},
    )
    persons.update(row.person_id for row in found)
    found = await connection.execute(
        text("UPDATE copy_registry_stop SET withdrawn = true WHERE stop_id = ANY(:ids) RETURNING person_id"),
        {"ids": list(ids)},
    )
    persons.update(row.person_id for row in found)
    for known in (await connection.execute(_NEWEST, {"ids": list(ids)})).all():
        old = facts.to_revision(known)
        gone = replace(old, revision=old.revision + 1, withdrawn=True)
        await facts.put(connection, [gone], at=at, by="test", trace_id="t")
    await _restand(connection, persons, at=at)


def _persons(thing: Thing) -> Iterable[UUID]:
    return () if isinstance(thing, Pause | BackPayment) else (thing.person_id,)


_NEWEST: Final = text("SELECT * FROM fact WHERE fact_id = ANY(:ids) AND superseded_at = 'infinity'")


async def _restand(connection: AsyncConnection, persons: set[UUID], *, at: datetime) -> None:
    """A freeze or cancellation is about the card held on its day, whichever was learned first."""
    await connection.execute(
        text(
            "UPDATE copy_registry_stop s SET certificate_id = (SELECT c.certificate_id FROM copy_registry_certificate c "
            "WHERE c.person_id = s.person_id AND c.issued_on <= s.event_date "
            "ORDER BY c.issued_on DESC, c.certificate_id DESC LIMIT 1) "
            "WHERE s.person_id = ANY(:persons) AND s.kind IN ('FROZEN', 'CANCELLED')"
        ),
        {"persons": list(persons)},
    )
    await restand(connection, persons, at=at)


async def _card(connection: AsyncConnection, card: Card) -> None:
    made = Disability.of(Component.parse(part) for part in card.components.split(";"))
    await connection.execute(
        text(
            "INSERT INTO copy_registry_certificate (certificate_id, person_id, division, version, status, category, "
            "grade, components, issued_on, expires_on) VALUES (:id, :person, :division, 1, 'VALID', :category, :grade, "
            ":components, :issued, :expires) ON CONFLICT (certificate_id) DO UPDATE SET category = excluded.category, "
            "grade = excluded.grade, components = excluded.components, issued_on = excluded.issued_on, "
            "expires_on = excluded.expires_on, version = copy_registry_certificate.version + 1"
        ),
        {
            "id": card.certificate_id,
            "person": card.person_id,
            "division": ANYWHERE,
            "category": int(made.category),
            "grade": int(made.grade),
            "components": made.components_text,
            "issued": card.issued_on,
            "expires": card.expires_on,
        },
    )


async def _homes(connection: AsyncConnection, person_id: UUID, stays: Sequence[Home]) -> None:
    stays = sorted(stays, key=lambda home: home.valid_from)
    await connection.execute(
        text("DELETE FROM copy_registry_stop WHERE person_id = :person AND kind = 'TRANSFERRED'"), {"person": person_id}
    )
    for number, home in enumerate(stays[:-1], start=1):
        assert home.valid_to is not None, "only the last home is open"
        await _insert_stop(
            connection,
            stop_id=uuid5(person_id, f"move {number}"),
            person_id=person_id,
            kind="TRANSFERRED",
            division=home.division,
            version=number,
            event_date=home.valid_to,
        )
    await connection.execute(
        text(
            "INSERT INTO copy_registry_person (person_id, division, version, registered_on) "
            "VALUES (:person, :division, 1, :day) "
            "ON CONFLICT (person_id) DO UPDATE SET division = excluded.division"
        ),
        {"person": person_id, "division": stays[-1].division, "day": date(2000, 1, 1)},
    )


async def _stop(connection: AsyncConnection, fact: Fact) -> None:
    await _insert_stop(
        connection,
        stop_id=fact.fact_id,
        person_id=fact.person_id,
        kind=_REGISTER[fact.kind],
        division=ANYWHERE,
        version=1,
        event_date=fact.valid_from,
        ended_on=fact.valid_to,
        reason=fact.reason,
        withdrawn=not fact.verified,
    )


async def _insert_stop(connection: AsyncConnection, **values: Any) -> None:
    row = {"ended_on": None, "reason": None, "withdrawn": False} | values
    await connection.execute(
        text(
            "INSERT INTO copy_registry_stop (stop_id, person_id, division, version, kind, reason, event_date, ended_on, "
            "withdrawn) VALUES (:stop_id, :person_id, :division, :version, :kind, :reason, :event_date, :ended_on, "
            ":withdrawn) ON CONFLICT (stop_id) DO UPDATE SET event_date = excluded.event_date, "
            "ended_on = excluded.ended_on, reason = excluded.reason, withdrawn = excluded.withdrawn"
        ),
        row,
    )


async def _fact(connection: AsyncConnection, fact: Fact, *, at: datetime) -> None:
    known = (await connection.execute(_NEWEST, {"ids": [fact.fact_id]})).one_or_none()
    revision = facts.Revision(fact=fact, revision=1 if known is None else known.revision + 1, division=ANYWHERE)
    await facts.put(connection, [revision], at=at, by="test", trace_id="t")


async def _person_of(connection: AsyncConnection, award_id: UUID) -> UUID:
    found = await connection.scalar(
        select(tables_facts.determination.c.person_id).where(tables_facts.determination.c.award_id == award_id).limit(1)
    )
    assert isinstance(found, UUID), "the award was learned before"
    return found


async def _pause(connection: AsyncConnection, pause: Pause, *, at: datetime) -> None:
    person_id = await _person_of(connection, pause.award_id)
    await decisions.take_back(connection, tables_facts.pause, "pause_id", [pause.pause_id], at=at)
    await decisions.begin_pause(connection, pause, person_id=person_id, reason="test", by="test", at=at)


async def _back_payment(connection: AsyncConnection, decision: BackPayment, *, at: datetime) -> None:
    person_id = await _person_of(connection, decision.award_id)
    await decisions.take_back(connection, tables_facts.back_payment, "decision_id", [decision.decision_id], at=at)
    await decisions.grant_back_payment(connection, decision, person_id=person_id, reason="test", by="test", at=at)


async def _line(connection: AsyncConnection, line: Line, *, at: datetime) -> None:
    table = tables_facts.payment_line
    key = {"month": line.month.first_day, "person_id": line.person_id, "scheme": line.scheme, "seq": line.seq}
    await connection.execute(
        update(table)
        .where(*(table.c[name] == value for name, value in key.items()), text("known_to = 'infinity'"))
        .values(known_to=at)
    )
    await connection.execute(insert(table).values(**key, amount_fen=line.amount_fen, state=line.state, known_from=at))


def moments(start: datetime) -> Iterable[datetime]:
    """Increasing moments, a day apart."""
    while True:
        yield start
        start += timedelta(days=1)
