"""Snapshots: figures frozen at the cut-off, approved by a second person, and compared with others (RU-04)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.indicators.adapters import snapshots, submissions
from services.indicators.adapters.catalogue import CATALOGUE
from services.indicators.adapters.queries import SqlFigures
from services.indicators.adapters.snapshots import Frozen, Snapshot
from services.indicators.adapters.work import IndicatorsWork
from services.indicators.domain.breakdown import below_it, roots
from services.indicators.domain.definition import Direction
from services.indicators.domain.period import Period, Span
from services.indicators.entrypoints.http.figures import Reader, name_of, telling_of
from services.indicators.entrypoints.http.report_schemas import (
    ApprovedIn,
    ComparedOut,
    ComparisonOut,
    FrozenFigureOut,
    NumberOut,
    SnapshotFiguresOut,
    SnapshotIn,
    SnapshotOut,
    SubmissionOut,
    ranks,
)
from services.indicators.use_cases.read_board import met_by
from services.indicators.use_cases.read_figures import read_figures
from shared.kit.audit import Change, Look
from shared.kit.divisions import bundled
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division

router = Router(prefix="/api/v1/snapshots", tags=["snapshots"])

Work = Annotated[IndicatorsWork, Depends(open_work, scope="function")]
Freezer = Annotated[Caller, Permit("indicator:freeze")]


@router.post("", status_code=201, dependencies=[Idempotent()], summary="固化统计快照")
async def freeze(caller: Freezer, body: SnapshotIn, work: Work, request: Request, response: Response) -> SnapshotOut:
    """Freeze every indicator of a division and of what lies directly below, for a period that is over."""
    division = Division.parse(body.division)
    if not caller.scope.covers(division):
        raise Problem("division_outside_scope", division=division.code)
    await snapshots.hold_still(work.connection)
    period = Period.of(Span.parse(body.period), today=work.today())
    snapshots.must_be_over(period, today=work.today())
    (root,) = roots(division, caller.scope, bundled())
    asked = list(dict.fromkeys((root, below_it(root, bundled()))))
    answer = await read_figures(
        CATALOGUE.asked(None),
        asked,
        [period],
        SqlFigures(work.connection),
        telling=telling_of(request),
        directory=bundled(),
        catalogue=CATALOGUE,
    )
    kept = await snapshots.freeze(work, answer, division.code, period, correction=body.correction, by=caller.subject)
    response.headers["Location"] = f"/api/v1/snapshots/{kept.snapshot_id}"
    return _told(work, "snapshot.frozen", kept)


@router.get("", summary="快照列表")
async def list_snapshots(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: DivisionAsked = None,
    period: Annotated[str | None, Query(max_length=7)] = None,
) -> Listed[SnapshotOut]:
    """Snapshots of the caller's divisions, the newest first, every version."""
    items, following = await snapshots.page_of(
        work.connection,
        page,
        within=caller.scope,
        division=None if division is None else Division.parse(division).code,
        period=None if period is None else str(Span.parse(period)),
    )
    return Listed(items=[SnapshotOut.of(item) for item in items], next=following)


@router.get("/{snapshot_id}", summary="快照详情")
async def read_snapshot(caller: Reader, snapshot_id: UUID, work: Work) -> SnapshotFiguresOut:
    """A snapshot with its figures, and whether they are still what was frozen."""
    kept = await snapshots.get(work.connection, snapshot_id, within=caller.scope)
    frozen = await snapshots.figures_of(work.connection, snapshot_id)
    told = await submissions.of(work.connection, snapshot_id)
    _looked(work, kept, frozen)
    return SnapshotFiguresOut(
        snapshot=SnapshotOut.of(kept),
        intact=await snapshots.stands(work.connection, kept),
        submission=None if told is None else SubmissionOut.of(told),
        items=tuple(
            FrozenFigureOut(
                **NumberOut.of(number).model_dump(),
                indicator=indicator,
                division=division,
                division_name=name_of(division),
            )
            for (division, indicator), number in frozen.items()
        ),
    )


@router.post("/{snapshot_id}/approval", dependencies=[Idempotent()], summary="审定快照（双人复核）")
async def approve(caller: Freezer, snapshot_id: UUID, body: ApprovedIn, work: Work) -> SnapshotOut:
    """Approve a snapshot with the approval of another person than its maker (matter ``snapshot.approval``)."""
    kept = await snapshots.get(work.connection, snapshot_id, within=caller.scope, lock=True)
    return _told(work, "snapshot.approved", await snapshots.approve(work, kept, body.approval_id))


@router.get("/{snapshot_id}/comparison", summary="快照对比")
async def compare(caller: Reader, snapshot_id: UUID, work: Work) -> ComparisonOut:
    """Beside the period before, the year before, the target of the year and the divisions next to each."""
    kept = await snapshots.get(work.connection, snapshot_id, within=caller.scope)
    frozen = await snapshots.figures_of(work.connection, snapshot_id)
    _looked(work, kept, frozen)
    others = [
        await snapshots.approved(work.connection, kept.division, span)
        for span in (kept.span.before(), kept.span.a_year_before())
    ]
    frozen_then: list[Frozen] = [
        {} if other is None else await snapshots.figures_of(work.connection, other.snapshot_id) for other in others
    ]
    targets = await snapshots.targets_of(work.connection, kept.division, kept.span.first.year)
    items = [item for told in kept.definitions for item in _compared(told, kept.division, frozen, frozen_then, targets)]
    ids = [None if other is None else other.snapshot_id for other in others]
    return ComparisonOut(snapshot=SnapshotOut.of(kept), before_id=ids[0], a_year_before_id=ids[1], items=tuple(items))


def _compared(
    told: Mapping[str, Any],
    whole: str,
    frozen: Frozen,
    others: Sequence[Frozen],
    targets: Mapping[tuple[str, str], int],
) -> Iterator[ComparedOut]:
    """One indicator at every place of a snapshot; ``told``: its definition as it was frozen."""
    code, direction = told["code"], None if told["direction"] is None else Direction(told["direction"])
    places = [division for division, indicator in frozen if indicator == code]
    below = [place for place in places if place != whole]
    ranked = dict(zip(below, ranks([frozen[place, code].value for place in below], direction), strict=True))
    for place in places:
        key = (place, code)
        target = targets.get(key, told["target"])
        before, a_year_before = (_value(other, key) for other in others)
        yield ComparedOut(
            indicator=code,
            division=place,
            division_name=name_of(place),
            value=frozen[key].value,
            before=before,
            a_year_before=a_year_before,
            target=target,
            met=met_by(frozen[key].value, target, direction),
            rank=ranked.get(place),
        )


def _value(frozen: Frozen, key: tuple[str, str]) -> int | None:
    number = frozen.get(key)
    return None if number is None else number.value


def _looked(work: IndicatorsWork, kept: Snapshot, frozen: Frozen) -> None:
    indicators = tuple(sorted({indicator for _, indicator in frozen}))
    work.audit(Look(None, indicators, "figures", kept.division, count=len(frozen)))


def _told(work: IndicatorsWork, what: str, kept: Snapshot) -> SnapshotOut:
    after = {
        "snapshot_id": kept.snapshot_id,
        "period": str(kept.span),
        "version": kept.version,
        "digest": kept.digest.hex(),
        "approved": kept.approved_at is not None,
    }
    work.audit(Change(None, what, after=after, division=kept.division))
    return SnapshotOut.of(kept)
