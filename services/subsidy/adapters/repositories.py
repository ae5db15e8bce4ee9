"""Rows ↔ domain, scoped; the judgement as one statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import following, records, successions, tables
from services.subsidy.adapters.judgement import JUDGE_ALL, JUDGE_SEVERAL, JUDGE_SOME, JUDGED_MAX
from services.subsidy.adapters.successions import DECIDED, LINE, Moved
from services.subsidy.adapters.tables import holder_certificate, holder_person
from services.subsidy.domain.award import Award, Cause, Holder
from services.subsidy.use_cases.ports import Judged
from shared.kit.audit import Change
from shared.kit.database import uuid_array
from shared.kit.scoping import inside
from shared.values.award import AwardStatus, Scheme
from shared.values.certificate import CertificateStatus
from shared.values.division import Division, Scope
from shared.values.month import Month


def to_award(row: Any) -> Award:
    """A row of ``award``."""
    return Award(
        award_id=row.award_id,
        person_id=row.person_id,
        certificate_id=row.certificate_id,
        version=row.version,
        division=Division(row.division),
        scheme=Scheme(row.scheme),
        status=AwardStatus(row.status),
        application_date=row.application_date,
        start_month=Month.parse(row.start_month),
        effective_month=None if row.effective_month is None else Month.parse(row.effective_month),
        cause=None
        if row.cause_id is None
        else Cause(
            cause_id=row.cause_id,
            kind=row.cause_kind,
            reason=row.cause_reason,
            event_date=row.cause_event_date,
            trace_id=row.cause_trace_id,
        ),
    )


class SqlHolders:
    """`Holders` on PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, person_ids: Sequence[UUID], *, within: Scope) -> dict[UUID, Holder]:
        """Lock (shared) and load persons and their newest certificates."""
        persons = await self._connection.execute(
            select(holder_person)
            .where(holder_person.c.person_id.in_(set(person_ids)), inside(holder_person.c.division, within))
            .with_for_update(read=True)
        )
        certificates = await self._connection.execute(
            select(holder_certificate)
            .where(holder_certificate.c.person_id.in_(set(person_ids)))
            .order_by(holder_certificate.c.version)
            .with_for_update(read=True)
        )
        newest = {row.person_id: row for row in certificates}
        found: dict[UUID, Holder] = {}
        for person in persons:
            held = newest.get(person.person_id)
            found[person.person_id] = Holder(
                person_id=person.person_id,
                division=Division(person.division if held is None else held.division),
                died_on=person.died_on,
                certificate_id=None if held is None else held.certificate_id,
                status=None if held is None else CertificateStatus(held.status),
                issued_on=None if held is None else held.issued_on,
                expires_on=None if held is None else held.expires_on,
            )
        return found


_ADD: Final = text(
    "WITH added AS (INSERT INTO award (award_id, person_id, certificate_id, version, division, scheme, status, "  # noqa: S608
    "application_date, start_month, granted_by, trace_id) "
    "SELECT id, person, certificate, 1, division, scheme, 'ACTIVE', application, start, :by, :trace "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:persons AS uuid[]), CAST(:certificates AS uuid[]), "
    "CAST(:divisions AS text[]), CAST(:schemes AS text[]), CAST(:applications AS date[]), CAST(:starts AS text[])) "
    "AS r(id, person, certificate, division, scheme, application, start) ON CONFLICT DO NOTHING RETURNING *), "
    "determined AS (INSERT INTO determination (award_id, person_id, scheme, division, county, application_date, "
    "application_month, known_from) SELECT award_id, person_id, scheme, division, "
    + LINE.format(person="a.person_id", division="a.division", holds=DECIDED.format(award="a"))
    + ", application_date, "
    "12 * extract(year FROM application_date) + extract(month FROM application_date) - 1, granted_at FROM added a), "
    "step AS (INSERT INTO award_step (award_id, version, status, trace_id, recorded_by) "
    "SELECT award_id, 1, 'ACTIVE', :trace, :by FROM added) SELECT award_id FROM added"
)

_STOP_TURNED: Final = text(
    "WITH changed AS (UPDATE award SET status = 'STOPPED', version = version + 1 WHERE award_id IN ("
    "SELECT award_id FROM award WHERE status = 'SUSPENDED' AND effective_month <= :month "
    "AND to_char(suspended_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') < :month LIMIT :limit FOR UPDATE) "
    "RETURNING *), step AS (INSERT INTO award_step (award_id, version, status_before, status, effective_month, "
    "cause_id, cause_kind, recorded_by) SELECT award_id, version, 'SUSPENDED', status, effective_month, cause_id, "
    "cause_kind, 'system' FROM changed) SELECT * FROM changed"
)


class SqlAwards:
    """`Awards` on PostgreSQL."""

    def __init__(
        self,
        connection: AsyncConnection,
        *,
        recorded_by: str,
        trace_id: str,
        audit: Callable[..., None],
        caught_up: Callable[[], Awaitable[None]],
    ) -> None:
        self._connection = connection
        self._audit = audit
        self._caught_up = caught_up
        self._recorded_by = recorded_by
        self._trace_id = trace_id

    async def add(self, awards: Sequence[Award]) -> set[UUID]:
        """Insert with their first step; the ids inserted."""
        if not awards:
            return set()
        added = await self._connection.execute(
            _ADD,
            {
                "by": self._recorded_by,
                "trace": self._trace_id,
                "ids": [award.award_id for award in awards],
                "persons": [award.person_id for award in awards],
                "certificates": [award.certificate_id for award in awards],
                "divisions": [award.division.code for award in awards],
                "schemes": [award.scheme.value for award in awards],
                "applications": [award.application_date for award in awards],
                "starts": [str(award.start_month) for award in awards],
            },
        )
        ids = {row.award_id for row in added}
        whose = await records.owners(self._connection, {award.person_id for award in awards})
        if absorbed := whose.keys() & {award.person_id for award in awards}:
            await self.unite(absorbed, at=await self._now())
        for award in awards:
            if award.award_id in ids:
                after = {"award_id": award.award_id, "scheme": award.scheme, "start_month": award.start_month}
                self._audit(
                    Change(
                        award.person_id,
                        "award.granted",
                        after={**after, "status": award.status},
                        division=award.division.code,
                    )
                )
        return ids

    async def _now(self) -> datetime:
        """The instant of the database: what follows from a decision is known after it."""
        at: datetime = (await self._connection.execute(select(func.clock_timestamp()))).scalar_one()
        return at

    async def judge(self, persons: Collection[UUID] | None, traces: Mapping[UUID, str]) -> list[Judged]:
        """Bring awards in line with the stop facts of our copy."""
        values: dict[str, Any] = {"limit": JUDGED_MAX, "traces": _as_json(traces), "judge": "registry"}
        if persons is None:
            rows = list(await self._connection.execute(JUDGE_ALL, values))
            several = await records.of_all(self._connection)
        else:
            whose = await records.owners(self._connection, persons)
            several = set(whose.values())
            alone = {*persons} - whose.keys() - several
            rows = list(await self._connection.execute(JUDGE_SOME, values | {"persons": uuid_array(alone)}))
        if several:
            rows += await self._connection.execute(JUDGE_SEVERAL, values | {"persons": uuid_array(several)})
        return self._judged(rows)

    async def follow(self, persons: Collection[UUID], month: Month) -> list[Judged]:
        """Bring awards in line with facts that are not the register's."""
        await self._caught_up()  # the expression reads what stands
        whose = await records.owners(self._connection, persons)
        theirs = {whose.get(person_id, person_id) for person_id in persons}
        return self._judged(await following.judge(self._connection, theirs, month, by=self._recorded_by))

    def _judged(self, rows: Iterable[Any]) -> list[Judged]:
        judged = [
            Judged(
                before=AwardStatus(row.status_before),
                before_kind=row.cause_kind_before,
                before_cause_id=row.cause_id_before,
                award=to_award(row),
            )
            for row in rows
        ]
        for outcome in judged:
            before = {"status": outcome.before, "cause_kind": outcome.before_kind, "cause_id": outcome.before_cause_id}
            self._changed(outcome.award, before)
        return judged

    async def take_along(self, moved: Sequence[Moved], *, at: datetime) -> list[Award]:
        """What persons have goes on in the divisions that succeeded theirs (ID-21); the awards that do."""
        if moved:
            await self._caught_up()  # whoever follows does so from where they live
        followed = await successions.follow(self._connection, moved, at=at)
        for (before, after), counts in followed.counts.items():
            told = {"division": after, **counts}
            self._audit(Change(None, "division.succeeded", before={"division": before}, after=told, division=after))
        awards = [to_award(row) for row in followed.awards]
        for award in awards:
            self._changed(award, {"division": "succeeded"})
        return awards

    async def unite(self, merged: Collection[UUID], *, at: datetime) -> tuple[set[UUID], list[Award]]:
        """Records are one person's, or their own again; all that are concerned, and the awards that changed."""
        if not merged:
            return set(), []
        whose = await records.belong(self._connection, merged, at=at)
        await records.pass_on(self._connection, whose, at=at)
        changed = [to_award(row) for row in await records.hand_over(self._connection, whose)]
        for award in changed:
            self._changed(award, {"person_id": "united"})
        return {*whose, *whose.values()}, changed

    async def stop_turned(self, month: Month) -> list[Award]:
        """SUSPENDED → STOPPED."""
        rows = await self._connection.execute(_STOP_TURNED, {"month": str(month), "limit": JUDGED_MAX})
        turned = [to_award(row) for row in rows]
        for award in turned:
            self._changed(award, {**_told(award), "status": AwardStatus.SUSPENDED})
        return turned

    async def lock(self, award_id: UUID, *, within: Scope) -> Award | None:
        """One award, to be changed."""
        one = tables.award
        query = select(one).where(one.c.award_id == award_id, inside(one.c.division, within)).with_for_update()
        row = (await self._connection.execute(query)).one_or_none()
        return None if row is None else to_award(row)

    async def decide(
        self, before: Award, after: Award, *, step: str, decision_id: UUID | None, reason: str | None
    ) -> None:
        """Store what a person decided about an award, as a step of its life."""
        one = tables.award
        suspended_at = func.clock_timestamp() if after.status is AwardStatus.SUSPENDED else one.c.suspended_at
        await self._connection.execute(
            update(one)
            .where(one.c.award_id == after.award_id)
            .values(status=after.status.value, version=after.version, suspended_at=suspended_at)
        )
        await self._connection.execute(
            insert(tables.award_step).values(
                award_id=after.award_id,
                version=after.version,
                status_before=before.status.value,
                status=after.status.value,
                effective_month=None if after.effective_month is None else str(after.effective_month),
                cause_id=decision_id,
                cause_kind=step,
                reason=reason,
                trace_id=self._trace_id,
                recorded_by=self._recorded_by,
            )
        )
        self._changed(after, {"status": before.status})

    def _changed(self, award: Award, before: Mapping[str, object]) -> None:
        self._audit(
            Change(award.person_id, "award.changed", before=before, after=_told(award), division=award.division.code)
        )


def _told(award: Award) -> dict[str, object]:
    cause = award.cause
    return {
        "status": award.status,
        "cause_kind": None if cause is None else cause.kind,
        "cause_id": None if cause is None else cause.cause_id,
    }


def _as_json(traces: Mapping[UUID, str]) -> str:
    return orjson.dumps({str(stop_id): trace for stop_id, trace in traces.items()}).decode()
