"""News from outside on PostgreSQL: taken in with what it says of whom, kept for ever, applied once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.secrets import REPORT_BORN_ON, REPORT_CITIZEN_ID, REPORT_NAME, Secrets
from services.registry.adapters.tables_certificate import stop
from services.registry.adapters.tables_report import report
from services.registry.adapters.turns import one_at_a_time
from services.registry.domain.certificate import CancellationReason
from services.registry.domain.match_tier import Described, Tier
from services.registry.domain.person_report import Objection, Report, ReportKind, ReportSource, ReportState
from services.registry.use_cases.person_ports import Taken
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.certificate import StopKind
from shared.values.division import Division, Scope
from shared.values.identity_number import IdentityNumber

WAITING: Final = (
    ReportState.UNMATCHED,
    ReportState.CANDIDATE,
    ReportState.READY,
    ReportState.CONFLICT,
    ReportState.AWAITING_TRANSFER,
)


EFFECTIVE: Final = (ReportState.APPLIED, ReportState.AWAITING_TRANSFER, ReportState.CONFIRMING)


class Reports:
    """Reports in one transaction; each row says who recorded it, from which client, in which request."""

    def __init__(
        self, connection: AsyncConnection, secrets: Secrets, *, recorded_by: str, client_id: str, trace_id: str
    ) -> None:
        self._connection = connection
        self._secrets = secrets
        self._recorded_by = recorded_by
        self._origin = {"recorded_by": recorded_by, "client_id": client_id, "trace_id": trace_id}

    async def add(self, taken: Sequence[Taken]) -> None:
        """Insert, in one statement."""
        if taken:
            await self._connection.execute(insert(report), [self._values(each) for each in taken])

    async def known_refs(self, source: ReportSource, refs: Iterable[str]) -> dict[str, Any]:
        """Reports of a source that were taken in before, by what it calls them."""
        rows = await self._connection.execute(
            select(
                report.c.source_ref,
                report.c.report_id,
                report.c.kind,
                report.c.event_date,
                report.c.to_division,
                report.c.number_index,
            ).where(report.c.source == source.value, report.c.source_ref.in_(list(refs)))
        )
        return {row.source_ref: row for row in rows.all()}

    async def by_ref(self, source: ReportSource, ref: str, *, within: Scope) -> Taken | None:
        """What a source sent under a reference; whoever brings the same at this moment waits."""
        await one_at_a_time(self._connection, "outside_report", source.value, ref)
        row = (
            await self._connection.execute(
                select(report).where(
                    report.c.source == source.value, report.c.source_ref == ref, inside(report.c.division, within)
                )
            )
        ).one_or_none()
        return None if row is None else self._taken(row)

    async def get(self, report_id: UUID, *, within: Scope) -> Taken | None:
        """Lock and load; None outside the scope."""
        row = (
            await self._connection.execute(
                select(report)
                .where(report.c.report_id == report_id, inside(report.c.division, within))
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else self._taken(row)

    async def save(self, changed: Report, *, retracted: bool = False) -> None:
        """Store a step."""
        values: dict[str, Any] = _columns(changed) | {"decided_by": self._recorded_by}
        if changed.state in EFFECTIVE:
            values["applied_at"] = func.clock_timestamp()
        if retracted:
            values["retracted_at"] = func.clock_timestamp()
        await self._connection.execute(update(report).where(report.c.report_id == changed.report_id).values(**values))

    async def standing(self, person_id: UUID, kind: ReportKind, *, within: Scope) -> Sequence[Report]:
        """Reports about a person that have, or confirm, an effect; locked."""
        rows = await self._connection.execute(
            select(report)
            .where(
                report.c.person_id == person_id,
                report.c.kind == kind.value,
                report.c.state.in_(EFFECTIVE),
                inside(report.c.division, within),
            )
            .order_by(report.c.recorded_at)
            .with_for_update()
        )
        return [to_report(row) for row in rows]

    async def certificate_ended_by_death(self, person_id: UUID, *, within: Scope) -> UUID | None:
        """The certificate that was cancelled because its holder died, when that still stands."""
        found: UUID | None = await self._connection.scalar(
            select(stop.c.certificate_id)
            .where(
                stop.c.person_id == person_id,
                stop.c.kind == StopKind.CANCELLED.value,
                stop.c.reason == CancellationReason.DEATH.value,
                stop.c.ended_on.is_(None),
                ~stop.c.withdrawn,
                inside(stop.c.division, within),
            )
            .order_by(stop.c.version.desc())
            .limit(1)
        )
        return found

    async def of_person(self, person_id: UUID, *, within: Scope) -> Sequence[Any]:
        """Every report about a person, the oldest first."""
        rows = await self._connection.execute(
            select(*_LISTED)
            .where(report.c.person_id == person_id, inside(report.c.division, within))
            .order_by(report.c.recorded_at)
        )
        return rows.all()

    async def next_ready(self, batch_id: UUID, *, after: UUID | None, limit: int, within: Scope) -> list[UUID]:
        """The next reports of a batch that may be applied."""
        query = (
            select(report.c.report_id)
            .where(
                report.c.batch_id == batch_id, report.c.state == ReportState.READY, inside(report.c.division, within)
            )
            .order_by(report.c.report_id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(report.c.report_id > after)
        return list((await self._connection.execute(query)).scalars())

    async def ready_count(self, batch_id: UUID, *, within: Scope) -> int:
        """How many of a batch may be applied."""
        query = select(func.count()).where(
            report.c.batch_id == batch_id, report.c.state == ReportState.READY, inside(report.c.division, within)
        )
        return int((await self._connection.execute(query)).scalar_one())

    async def waiting_count(self, batch_id: UUID, *, within: Scope) -> int:
        """How many of a batch wait for a person."""
        states = [ReportState.UNMATCHED, ReportState.CANDIDATE, ReportState.CONFLICT]
        query = select(func.count()).where(
            report.c.batch_id == batch_id, report.c.state.in_(states), inside(report.c.division, within)
        )
        return int((await self._connection.execute(query)).scalar_one())

    async def page(
        self,
        page: Page,
        *,
        within: Scope,
        kind: ReportKind | None,
        states: Sequence[ReportState],
        batch_id: UUID | None,
    ) -> tuple[Sequence[Row[Any]], str | None]:
        """A page of reports, the oldest first: what waits longest comes first."""
        query: Select[Any] = select(*_LISTED).where(inside(report.c.division, within), _in(states))
        if kind is not None:
            query = query.where(report.c.kind == kind.value)
        if batch_id is not None:
            query = query.where(report.c.batch_id == batch_id)
        return await paginate(self._connection, query, [report.c.report_id], page)

    def _values(self, taken: Taken) -> dict[str, Any]:
        described, row = taken.described, taken.report.report_id.bytes
        number = None if described.number is None else described.number.number
        return {
            "report_id": taken.report.report_id,
            "source_ref": taken.source_ref,
            "batch_id": taken.report.batch_id,
            "number_cipher": self._secrets.seal_text(number, REPORT_CITIZEN_ID, row),
            "number_index": None if number is None else self._secrets.reported.of(number),
            "name_cipher": self._secrets.seal_text(described.name, REPORT_NAME, row),
            "born_on_cipher": self._secrets.seal_text(
                None if described.born is None else described.born.isoformat(), REPORT_BORN_ON, row
            ),
            "received_on": taken.report.received_on,
            "kind": taken.report.kind.value,
            "source": taken.report.source.value,
            "event_date": taken.report.event_date,
            "to_division": None if taken.report.to_division is None else taken.report.to_division.code,
            **_columns(taken.report),
            **self._origin,
        }

    def _taken(self, row: Row[Any]) -> Taken:
        key = row.report_id.bytes
        number = self._secrets.open_text(row.number_cipher, REPORT_CITIZEN_ID, key)
        born = self._secrets.open_text(row.born_on_cipher, REPORT_BORN_ON, key)
        found = to_report(row)
        return Taken(
            report=found,
            source_ref=row.source_ref,
            described=Described(
                number=None if number is None else IdentityNumber(number),
                name=self._secrets.open_text(row.name_cipher, REPORT_NAME, key),
                born=None if born is None else date.fromisoformat(born),
                division=found.division,
            ),
        )


def to_report(row: Row[Any]) -> Report:
    """A row of ``outside_report``."""
    return Report(
        report_id=row.report_id,
        kind=ReportKind(row.kind),
        source=ReportSource(row.source),
        event_date=row.event_date,
        received_on=row.received_on,
        division=Division(row.division),
        state=ReportState(row.state),
        version=row.version,
        to_division=None if row.to_division is None else Division(row.to_division),
        batch_id=row.batch_id,
        tier=None if row.tier is None else Tier(row.tier),
        reason=None if row.reason is None else Objection(row.reason),
        person_id=row.person_id,
        stop_id=row.stop_id,
        certificate_stop_id=row.certificate_stop_id,
    )


def _columns(one: Report) -> dict[str, Any]:
    """What a step may change."""
    return {
        "state": one.state.value,
        "version": one.version,
        "division": one.division.code,
        "tier": None if one.tier is None else one.tier.value,
        "reason": None if one.reason is None else one.reason.value,
        "person_id": one.person_id,
        "stop_id": one.stop_id,
        "certificate_stop_id": one.certificate_stop_id,
    }


def _in(states: Sequence[ReportState]) -> ColumnElement[bool]:
    return report.c.state.in_([state.value for state in states]) if states else true()


_LISTED: Final = (
    report.c.report_id,
    report.c.kind,
    report.c.source,
    report.c.source_ref,
    report.c.batch_id,
    report.c.event_date,
    report.c.received_on,
    report.c.to_division,
    report.c.state,
    report.c.version,
    report.c.tier,
    report.c.reason,
    report.c.person_id,
    report.c.division,
    report.c.recorded_at,
    report.c.applied_at,
    report.c.retracted_at,
    report.c.stop_id,
    report.c.certificate_stop_id,
)
