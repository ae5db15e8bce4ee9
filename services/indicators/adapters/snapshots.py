"""Frozen figures (RU-04): what they were at the cut-off, by which definitions, from how much of which journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.indicators.adapters.reports import checker_of
from services.indicators.adapters.tables import reported_value, snapshot, snapshot_figure
from services.indicators.domain.definition import restored
from services.indicators.domain.errors import (
    MakerCannotAccept,
    PeriodNotOver,
    SnapshotExists,
    SnapshotIsApproved,
    SnapshotNotFound,
)
from services.indicators.domain.period import Period, Span
from services.indicators.domain.report import Aspect, ReportStatus
from services.indicators.use_cases.editions import Edition
from services.indicators.use_cases.editions import Frozen as FrozenBy
from services.indicators.use_cases.ports import AsOf
from services.indicators.use_cases.read_figures import Answer, Figure, FigureState, Number
from shared.kit import four_eyes
from shared.kit.four_eyes import Matter
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.kit.work import UnitOfWork
from shared.values.division import Scope

Frozen = Mapping[tuple[str, str], Number]
"""(division, indicator) -> number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One version of the figures of a division and period. ``digest``: of its definitions and figures."""

    snapshot_id: UUID
    division: str
    span: Span
    version: int
    reference_date: date
    data_time: datetime
    as_of: Sequence[Mapping[str, Any]]
    definitions: Sequence[Mapping[str, Any]]
    digest: bytes
    correction: str | None
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None


def must_be_over(period: Period, *, today: date) -> None:
    """Raises `PeriodNotOver`: what still moves is read, not frozen."""
    ends = period.span.last.last_day
    if ends >= today:
        raise PeriodNotOver(period=str(period.span), ends=ends.isoformat())


async def hold_still(connection: AsyncConnection) -> None:
    """Until this transaction ends no wave of events commits, so that all its figures contain the same of each journal.

    Every wave moves its cursor, and waits for it; so that a busy machine does not end this transaction between two
    counts, it may pause for longer than others.
    """
    await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '10s'"))
    await connection.execute(text("SELECT publisher FROM consumer_cursor ORDER BY publisher FOR SHARE"))


async def freeze(
    work: UnitOfWork, answer: Answer, division: str, period: Period, *, correction: str | None, by: str
) -> Snapshot:
    """Keep the figures as a new version. Raises `SnapshotExists` where a correction would have to say why."""
    of_it = (snapshot.c.division == division, snapshot.c.period == str(period.span))
    newest = await work.connection.scalar(select(func.max(snapshot.c.version)).where(*of_it))
    if newest is not None and correction is None:
        raise SnapshotExists(version=newest)
    # Through their JSON, as they are stored: what is hashed is what is read back.
    used = {figure.definition.code: figure.definition for figure in answer.figures}
    definitions = orjson.loads(orjson.dumps([asdict(each) for each in used.values()]))
    figures = [_row(figure) for figure in answer.figures]
    row = await work.connection.execute(
        pg_insert(snapshot)
        .values(
            snapshot_id=(snapshot_id := work.new_id()),
            division=division,
            period=str(period.span),
            version=(newest or 0) + 1,
            reference_date=period.reference_date,
            data_time=answer.data_time,
            as_of=orjson.loads(orjson.dumps([asdict(each) for each in answer.as_of])),
            definitions=definitions,
            digest=_digest(definitions, figures),
            correction=None if newest is None else correction,
            made_by=by,
        )
        .on_conflict_do_nothing()
        .returning(snapshot)
    )
    kept = row.one_or_none()
    if kept is None:
        raise SnapshotExists(version=(newest or 0) + 1)
    await work.connection.execute(
        snapshot_figure.insert(), [{"snapshot_id": snapshot_id, **figure} for figure in figures]
    )
    return _snapshot(kept)


async def get(connection: AsyncConnection, snapshot_id: UUID, *, within: Scope, lock: bool = False) -> Snapshot:
    """One snapshot. Raises `SnapshotNotFound`."""
    query = select(snapshot).where(snapshot.c.snapshot_id == snapshot_id, inside(snapshot.c.division, within))
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise SnapshotNotFound
    return _snapshot(row)


async def page_of(
    connection: AsyncConnection, page: Page, *, within: Scope, division: str | None, period: str | None
) -> tuple[list[Snapshot], str | None]:
    """A page of snapshots, the newest first."""
    wanted: list[ColumnElement[bool]] = [inside(snapshot.c.division, within)]
    wanted += [snapshot.c.division == division] if division is not None else []
    wanted += [snapshot.c.period == period] if period is not None else []
    query = select(snapshot).where(*wanted)
    rows, following = await paginate(connection, query, [snapshot.c.snapshot_id], page, descending=True)
    return [_snapshot(row) for row in rows], following


async def approved(connection: AsyncConnection, division: str, span: Span) -> Snapshot | None:
    """The newest approved version of a division and period."""
    row = await connection.execute(
        select(snapshot)
        .where(snapshot.c.division == division, snapshot.c.period == str(span), snapshot.c.approved_at.is_not(None))
        .order_by(snapshot.c.version.desc())
        .limit(1)
    )
    found = row.one_or_none()
    return None if found is None else _snapshot(found)


async def figures_of(connection: AsyncConnection, snapshot_id: UUID) -> Frozen:
    """The frozen numbers, by places and then as they stand in the catalogue's alphabet."""
    columns = snapshot_figure.c
    rows = await connection.execute(
        select(
            columns.division, columns.indicator, columns.state, columns.value, columns.numerator, columns.denominator
        )
        .where(columns.snapshot_id == snapshot_id)
        .order_by(columns.division, columns.indicator)
    )
    return {
        (row.division, row.indicator): Number(FigureState(row.state), row.value, row.numerator, row.denominator)
        for row in rows
    }


async def edition(connection: AsyncConnection, division: str, period: Period) -> Edition | None:
    """The newest approved version as a work report tells it, by the definitions it was frozen with."""
    kept = await approved(connection, division, period.span)
    if kept is None or kept.approved_by is None or kept.approved_at is None:
        return None
    definitions = [restored(told) for told in kept.definitions]
    return Edition(
        period=Period(kept.span, kept.reference_date),
        definitions={each.code: each for each in definitions},
        numbers=await figures_of(connection, kept.snapshot_id),
        data_time=kept.data_time,
        as_of=[
            AsOf(**{**told, "moved_at": datetime.fromisoformat(told["moved_at"])}) for told in kept.as_of
        ],
        frozen=FrozenBy(
            kept.snapshot_id, kept.version, kept.digest.hex(), kept.approved_by, kept.approved_at
        ),
    )  # fmt: skip


async def targets_of(connection: AsyncConnection, division: str, year: int) -> dict[tuple[str, str], int]:
    """What a division and those below it are to reach in a year, as they set it: (division, indicator) -> target."""
    columns = reported_value.c
    rows = await connection.execute(
        select(columns.division, columns.indicator, columns.numerator)
        .where(
            columns.status == ReportStatus.ACCEPTED,
            columns.aspect == Aspect.TARGET,
            columns.period == f"{year:04}",
            columns.division.startswith(division, autoescape=True),
        )
        # The newest comes last and stays.
        .order_by(columns.accepted_at, columns.report_id)
    )
    return {(row.division, row.indicator): row.numerator for row in rows}


def _row(figure: Figure) -> dict[str, Any]:
    number = figure.number
    return {
        "division": figure.division,
        "indicator": figure.definition.code,
        "state": number.state.value,
        "value": number.value,
        "numerator": number.numerator,
        "denominator": number.denominator,
    }


def _digest(definitions: Any, figures: Sequence[Mapping[str, Any]]) -> bytes:
    told = [definitions, sorted(([*figure.values()] for figure in figures), key=lambda row: (row[0], row[1]))]
    return sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).digest()


async def stands(connection: AsyncConnection, kept: Snapshot) -> bool:
    """Whether what is stored is still what was frozen."""
    figures = [
        {"division": division, "indicator": indicator, **asdict(number)}
        for (division, indicator), number in (await figures_of(connection, kept.snapshot_id)).items()
    ]
    return _digest(kept.definitions, figures) == kept.digest


def _snapshot(row: Any) -> Snapshot:
    told = {**row._mapping, "digest": bytes(row.digest)}
    return Snapshot(span=Span.parse(told.pop("period")), **told)


async def _frozen(work: UnitOfWork, subject_id: str) -> four_eyes.Content | None:
    try:
        kept = await get(work.connection, UUID(subject_id), within=Scope.everywhere())
    except (ValueError, SnapshotNotFound):
        return None
    if kept.approved_at is not None or not await stands(work.connection, kept):
        return None
    what = {
        "snapshot_id": str(kept.snapshot_id),
        "period": str(kept.span),
        "version": kept.version,
        "digest": kept.digest.hex(),
    }
    return four_eyes.Content(what, kept.division)


APPROVAL_OF_SNAPSHOT: Final = Matter("snapshot.approval", "indicator:freeze", _frozen)


async def approve(work: UnitOfWork, kept: Snapshot, approval_id: UUID) -> Snapshot:
    """Use an approval. Raises `SnapshotIsApproved`, `MakerCannotAccept`, and what `redeem` raises."""
    if kept.approved_at is not None:
        raise SnapshotIsApproved(allowed=[])
    await four_eyes.redeem(work, APPROVAL_OF_SNAPSHOT, str(kept.snapshot_id), approval_id)
    checker = await checker_of(work.connection, approval_id)
    if checker == kept.made_by:
        raise MakerCannotAccept
    row = await work.connection.execute(
        update(snapshot)
        .where(snapshot.c.snapshot_id == kept.snapshot_id)
        .values(approved_by=checker, approved_at=func.clock_timestamp())
        .returning(snapshot)
    )
    return _snapshot(row.one())
