"""Places, stages, deliveries and settlements of aid programmes: rows ↔ domain, set-based where there are many."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.rehab.adapters.aid_programmes import PROGRAMMES
from services.rehab.adapters.tables_aid import delivery, place, programme, settlement, stage
from services.rehab.adapters.tables_institution import institution
from services.rehab.domain.aid_delivery import (
    Delivery,
    DeliveryEffect,
    DeliveryFault,
    DeliveryStatus,
    Place,
    PlaceStatus,
    ReleaseReason,
    Settlement,
    SettlementStatus,
)
from services.rehab.domain.measures import Mode, Signer
from services.rehab.use_cases.aid_ports import Enrolled, Enrolment, Outcome, Running
from services.rehab.use_cases.ports import Sight
from shared.kit.audit import Change
from shared.kit.database import uuid_array
from shared.kit.documents import DocumentStatus
from shared.kit.scoping import inside
from shared.values.division import Scope

# What is said about each of many, in one statement: the first reason that holds. Those who may be enrolled are taken in
# the order they were given, as long as there are places; the programme is locked by then.
_ENROL: Final = """
WITH asked AS (
  SELECT person_id, min(n) AS n FROM unnest(CAST(:persons AS uuid[])) WITH ORDINALITY AS a(person_id, n) GROUP BY 1
), judged AS (
  SELECT a.person_id, a.n, p.division,
         CASE WHEN p.person_id IS NULL THEN 'PERSON_NOT_KNOWN'
              WHEN p.died_on IS NOT NULL THEN 'PERSON_HAS_DIED'
              WHEN NOT starts_with(p.division, :division) THEN 'OUTSIDE_PROGRAMME'
              WHEN EXISTS (SELECT FROM aid_place h WHERE h.programme_id = :programme AND h.person_id = a.person_id
                              AND h.status = 'HELD') THEN 'UNCHANGED'
              WHEN :holders AND NOT EXISTS (
                     SELECT FROM copy_registry_certificate k WHERE k.person_id = a.person_id AND k.status = 'VALID'
                        AND k.expires_on >= :today AND k.components ~ :pattern) THEN 'NOT_QUALIFIED'
              ELSE 'ENROLLED' END AS outcome
    FROM asked a
    LEFT JOIN copy_registry_person p ON p.person_id = a.person_id
     AND (:everywhere OR p.division ^@ ANY (CAST(:prefixes AS text[])))
), ranked AS (
  SELECT person_id, n, division,
         CASE WHEN outcome = 'ENROLLED' AND count(*) FILTER (WHERE outcome = 'ENROLLED') OVER (ORDER BY n) > :free
              THEN 'QUOTA_IS_TAKEN' ELSE outcome END AS outcome
    FROM judged
), added AS (
  INSERT INTO aid_place (place_id, programme_id, person_id, version, division, institution_id, confidential, age_band,
                         status, enrolled_on, recorded_by)
  SELECT uuidv7(), :programme, person_id, 1, division, CAST(:institution AS uuid), :confidential, :age_band, 'HELD',
         :today, :by
    FROM ranked WHERE outcome = 'ENROLLED'
  RETURNING person_id, place_id
)
SELECT r.person_id, r.outcome, r.division, a.place_id
  FROM ranked r LEFT JOIN added a USING (person_id) ORDER BY r.n
"""

# A place somebody held and never used is free when they die; of places at a time every one is.
_RELEASE_DEAD: Final = """
UPDATE aid_place h
   SET status = 'RELEASED', reason = 'DIED', ended_on = p.died_on, version = h.version + 1
  FROM copy_registry_person p, aid_programme g
 WHERE p.person_id = h.person_id AND p.died_on IS NOT NULL AND h.status = 'HELD' AND g.programme_id = h.programme_id
   AND (g.body ->> 'counting' = 'PLACES'
        OR NOT EXISTS (SELECT FROM aid_delivery d
                        WHERE d.place_id = h.place_id AND d.status NOT IN ('VOID', 'REFUSED')))
   AND (CAST(:persons AS uuid[]) IS NULL OR h.person_id = ANY (CAST(:persons AS uuid[])))
RETURNING h.person_id, h.place_id, h.programme_id, h.division
"""

_LIVE: Final = delivery.c.status.not_in([DeliveryStatus.VOID.value, DeliveryStatus.REFUSED.value])


def seen_by(table: Any, sight: Sight) -> list[Any]:
    """Which rows somebody may see at all: an institution those it serves, few the confidential ones."""
    seen = [] if sight.confidential else [~table.c.confidential]
    if sight.account is not None:
        own = select(institution.c.institution_id).where(institution.c.account == sight.account)
        seen.append(table.c.institution_id.in_(own))
    return seen


def to_place(row: Any) -> Place:
    """A row of ``aid_place``."""
    return Place(
        place_id=row.place_id,
        programme_id=row.programme_id,
        person_id=row.person_id,
        version=row.version,
        division=row.division,
        institution_id=row.institution_id,
        confidential=row.confidential,
        status=PlaceStatus(row.status),
    )


def to_delivery(row: Any) -> Delivery:
    """A row of ``aid_delivery``."""
    return Delivery(
        delivery_id=row.delivery_id,
        place_id=row.place_id,
        programme_id=row.programme_id,
        person_id=row.person_id,
        division=row.division,
        item_code=row.item_code,
        delivered_on=row.delivered_on,
        amount_fen=row.amount_fen,
        recorded_by=row.recorded_by,
        version=row.version,
        status=DeliveryStatus(row.status),
        serial=row.serial,
        confirmed_by=None if row.confirmed_by is None else Signer(row.confirmed_by),
        effect=None if row.effect is None else DeliveryEffect(row.effect),
        fault=None if row.fault is None else DeliveryFault(row.fault),
        decided_by=row.decided_by,
        decided_on=row.decided_on,
    )


class SqlAid:
    """Aid programmes on PostgreSQL."""

    def __init__(self, connection: AsyncConnection, *, recorded_by: str, audit: Callable[[Change], None]) -> None:
        self._connection = connection
        self._by = recorded_by
        self._audit = audit

    async def programme(self, programme_id: UUID, *, within: Scope, lock: bool = False) -> Running | None:
        """One that lies in the scope or around it: who works in a county enrols into its prefecture's programme."""
        query = select(programme.c.division).where(programme.c.programme_id == programme_id)
        # Only against others who count: a row that refers to the programme does not have to wait.
        row = (await self._connection.execute(query.with_for_update(key_share=True) if lock else query)).one_or_none()
        if row is None or not reaches(row.division, within):
            return None
        stored = await PROGRAMMES.get(self._connection, programme_id)
        assert stored is not None
        return Running(programme_id, stored.status is DocumentStatus.IN_FORCE, stored.document)

    async def free(self, programme_id: UUID, quota: int) -> int:
        """Places nobody holds; who takes one has locked the programme before."""
        held = select(func.count()).where(
            place.c.programme_id == programme_id, place.c.status == PlaceStatus.HELD.value
        )
        return quota - (await self._connection.scalar(held) or 0)

    async def enrol(self, running: Running, asked: Enrolment, *, within: Scope, today: date) -> list[Enrolled]:
        """Give places to those who qualify, in the order given, and say of each what came of it."""
        document = running.document
        rows = await self._connection.execute(
            text(_ENROL),
            {
                "persons": uuid_array(asked.persons),
                "programme": running.programme_id,
                "division": document.division,
                "holders": document.qualifies.holders,
                "pattern": document.qualifies.pattern,
                "confidential": document.confidential,
                "free": await self.free(running.programme_id, document.quota),
                "everywhere": within.is_everywhere,
                "prefixes": list(within.prefixes),
                "today": today,
                "age_band": None if asked.age_band is None else asked.age_band.value,
                "institution": asked.institution_id,
                "by": self._by,
            },
        )
        found = [Enrolled(row.person_id, Outcome(row.outcome), row.place_id, row.division) for row in rows]
        for each in found:
            if each.place_id is not None:
                after = {"programme_id": running.programme_id, "place_id": each.place_id}
                self._audit(Change(each.person_id, "aid.enrolled", after=after, division=each.division))
        return found

    async def release_dead(self, persons: Collection[UUID] | None) -> list[UUID]:
        """Free the places of those who died; None: of everybody. The programme of each place."""
        told = None if persons is None else uuid_array(persons)
        rows = (await self._connection.execute(text(_RELEASE_DEAD), {"persons": told})).all()
        for row in rows:
            after = {"place_id": row.place_id, "status": PlaceStatus.RELEASED, "reason": ReleaseReason.DIED}
            self._audit(Change(row.person_id, "aid.released", after=after, division=row.division))
        return [row.programme_id for row in rows]

    async def place(self, place_id: UUID, *, within: Scope, sight: Sight) -> Place | None:
        """Lock and load a place; None outside the scope or out of sight."""
        query = select(place).where(
            place.c.place_id == place_id, inside(place.c.division, within), *seen_by(place, sight)
        )
        row = (await self._connection.execute(query.with_for_update())).one_or_none()
        return None if row is None else to_place(row)

    async def used(self, place_id: UUID) -> bool:
        """Whether something was given on it."""
        found = select(delivery.c.delivery_id).where(delivery.c.place_id == place_id, _LIVE).limit(1)
        return await self._connection.scalar(found) is not None

    async def release(self, one: Place, reason: ReleaseReason, *, on: date) -> None:
        """Free a place."""
        await self._connection.execute(
            update(place)
            .where(place.c.place_id == one.place_id)
            .values(status=PlaceStatus.RELEASED.value, reason=reason.value, ended_on=on, version=one.version + 1)
        )
        after = {"place_id": one.place_id, "status": PlaceStatus.RELEASED, "reason": reason}
        self._audit(Change(one.person_id, "aid.released", after=after, division=one.division))

    async def stages(self, place_id: UUID, item_code: str) -> set[str]:
        """Stages of an item that are on record."""
        rows = await self._connection.scalars(
            select(stage.c.stage).where(stage.c.place_id == place_id, stage.c.item_code == item_code)
        )
        return set(rows)

    async def pass_stage(self, one: Place, item_code: str, name: str, *, on: date) -> None:
        """Keep a stage."""
        await self._connection.execute(
            insert(stage).values(
                place_id=one.place_id, item_code=item_code, stage=name, done_on=on, recorded_by=self._by
            )
        )
        self._audit(Change(one.person_id, "aid.stage_passed", after={"place_id": one.place_id}, division=one.division))

    async def spent(self, programme_id: UUID, person_id: UUID | None = None) -> int:
        """Money of a programme that is given, or under way; of one person."""
        query = select(func.coalesce(func.sum(delivery.c.amount_fen), 0)).where(
            delivery.c.programme_id == programme_id, _LIVE
        )
        if person_id is not None:
            query = query.where(delivery.c.person_id == person_id)
        return int(await self._connection.scalar(query) or 0)

    async def serial_taken(self, item_code: str, serial: str) -> bool:
        """Whether that very thing was given to somebody."""
        query = select(delivery.c.delivery_id).where(
            delivery.c.item_code == item_code, delivery.c.serial == serial, _LIVE
        )
        return await self._connection.scalar(query) is not None

    async def deliver(self, to: Place, one: Delivery, covers: tuple[date, date | None], mode: Mode) -> bool:
        """Keep a delivery; the exclusion constraint says whether the person has the same thing still (REH-45)."""
        added = await self._connection.scalar(
            postgresql.insert(delivery)
            .values(
                **{name: value for name, value in asdict(one).items() if value is not None},
                institution_id=to.institution_id,
                confidential=to.confidential,
                mode=mode.value,
                covers_from=covers[0],
                covers_until=covers[1],
            )
            .on_conflict_do_nothing()
            .returning(delivery.c.delivery_id)
        )
        if added is not None:
            self._told(one, "aid.delivered")
        return added is not None

    async def delivery(self, delivery_id: UUID, *, within: Scope, sight: Sight) -> Delivery | None:
        """Lock and load; None outside the scope or out of sight."""
        query = select(delivery).where(
            delivery.c.delivery_id == delivery_id, inside(delivery.c.division, within), *seen_by(delivery, sight)
        )
        row = (await self._connection.execute(query.with_for_update())).one_or_none()
        return None if row is None else to_delivery(row)

    async def save(self, one: Delivery, what: str) -> None:
        """Store what was decided about a delivery."""
        names = ("version", "status", "confirmed_by", "effect", "fault", "decided_by", "decided_on")
        await self._connection.execute(
            update(delivery)
            .where(delivery.c.delivery_id == one.delivery_id)
            .values({name: getattr(one, name) for name in names})
        )
        self._told(one, f"aid.{what}")

    def _told(self, one: Delivery, what: str) -> None:
        after = {"delivery_id": one.delivery_id, "status": one.status, "amount_fen": one.amount_fen}
        self._audit(Change(one.person_id, what, after=after, division=one.division))

    # ------------------------------------------------------------------------------------------------- settlements

    async def draw_up(self, settlement_id: UUID, programme_id: UUID, division: str, *, through: date) -> int:
        """Take everything that was delivered by a day, accepted and not yet settled into a settlement; how many.

        What another settlement takes at the same moment is waited for, and then no longer free.
        """
        values = {
            "settlement_id": settlement_id,
            "programme_id": programme_id,
            "version": 1,
            "division": division,
            "through_on": through,
            "status": SettlementStatus.DRAFT.value,
            "lines": 0,
            "total_fen": 0,
            "recorded_by": self._by,
        }
        await self._connection.execute(insert(settlement).values(values))
        taken = (
            update(delivery)
            .where(
                delivery.c.programme_id == programme_id,
                delivery.c.status == DeliveryStatus.ACCEPTED.value,
                delivery.c.settlement_id.is_(None),
                delivery.c.delivered_on <= through,
            )
            .values(settlement_id=settlement_id)
            .returning(delivery.c.amount_fen)
        ).cte("taken")
        count, total = (
            await self._connection.execute(select(func.count(), func.coalesce(func.sum(taken.c.amount_fen), 0)))
        ).one()
        await self._connection.execute(
            update(settlement).where(settlement.c.settlement_id == settlement_id).values(lines=count, total_fen=total)
        )
        self._settled(settlement_id, "drawn_up", {"lines": count, "total_fen": int(total)}, division)
        return int(count)

    async def settlement(self, settlement_id: UUID, *, within: Scope) -> tuple[Settlement, str] | None:
        """Lock and load with its division; None outside the scope."""
        query = select(settlement).where(
            settlement.c.settlement_id == settlement_id, inside(settlement.c.division, within)
        )
        row = (await self._connection.execute(query.with_for_update())).one_or_none()
        if row is None:
            return None
        one = Settlement(
            settlement_id=row.settlement_id,
            programme_id=row.programme_id,
            version=row.version,
            status=SettlementStatus(row.status),
            drawn_by=row.recorded_by,
        )
        return one, row.division

    async def settle(self, one: Settlement, division: str, *, by: str, today: date) -> None:
        """Store a step of a settlement, and what it means for its deliveries."""
        values: dict[str, Any] = {"version": one.version, "status": one.status.value}
        theirs = delivery.c.settlement_id == one.settlement_id
        match one.status:
            case SettlementStatus.APPROVED:
                values["approved_by"] = by
            case SettlementStatus.PAID:
                values["paid_on"] = today
                settled = {"status": DeliveryStatus.SETTLED.value, "version": delivery.c.version + 1}
                await self._connection.execute(update(delivery).where(theirs).values(settled))
            case SettlementStatus.ABANDONED:
                await self._connection.execute(update(delivery).where(theirs).values(settlement_id=None))
            case SettlementStatus.DRAFT:
                raise AssertionError
        await self._connection.execute(
            update(settlement).where(settlement.c.settlement_id == one.settlement_id).values(values)
        )
        self._settled(one.settlement_id, one.status.value.lower(), {"status": one.status}, division)

    def _settled(self, settlement_id: UUID, what: str, after: dict[str, object], division: str) -> None:
        told = {"settlement_id": settlement_id, **after}
        self._audit(Change(None, f"aid_settlement.{what}", after=told, division=division))


def reaches(division: str, scope: Scope) -> bool:
    """Whether a programme of a division concerns somebody who works in a scope."""
    return scope.covers(division) or any(prefix.startswith(division) for prefix in scope.prefixes)
