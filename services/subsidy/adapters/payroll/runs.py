"""Runs and their steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables_payroll import payroll_run, run_step
from services.subsidy.domain.payroll.errors import RunNotFound, RunOverlaps
from services.subsidy.domain.payroll.run import Draft, Proven, Run, RunReason, RunState, RunStep
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope
from shared.values.month import Month

_NOTHING_DRAWN_UP: Final = dict.fromkeys(
    (*(name for name in Draft.__dataclass_fields__ if name != "proven"), "epoch", "position", "proven_at")
)


def stage_of(run_id: UUID) -> str:
    """The table in which lie the lines that were drawn up."""
    return f"run_line_{run_id.hex}"


async def create(connection: AsyncConnection, run: Run) -> Run:
    """Store a new run. Raises `RunOverlaps`."""
    values = {
        **_key(run),
        "division": run.division,
        "month": run.month.first_day,
        "schemes": list(run.schemes),
        "arrears_from": run.arrears_from.first_day,
        "created_by": run.created_by,
    }
    await _kept_apart(connection, insert(payroll_run).values(values))
    await _record(connection, run, None, step="create", by=run.created_by, told={}, reason=None)
    return run


async def advance(
    connection: AsyncConnection,
    run: Run,
    step: RunStep,
    state: RunState,
    *,
    by: str,
    draft: Draft | None,
    told: Mapping[str, Any] | None = None,
    reason: RunReason | None = None,
) -> Run:
    """Take a step, with what is drawn up from now on. Raises `RunStepNotAllowed`, `RunOverlaps` (on reopening)."""
    run.must_allow(step)
    after = replace(run, version=run.version + 1, state=state, draft=draft)
    changed = update(payroll_run).where(payroll_run.c.run_id == run.run_id).values(**_key(after), **_drawn_up(draft))
    await _kept_apart(connection, changed)
    await _record(connection, after, run.state, step=step.value, by=by, told=told or {}, reason=reason)
    return after


async def get(connection: AsyncConnection, run_id: UUID, *, within: Scope, lock: bool = False) -> Run:
    """A run. Raises `RunNotFound`, also outside the scope."""
    query = select(payroll_run).where(payroll_run.c.run_id == run_id, inside(payroll_run.c.division, within))
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise RunNotFound
    return _run(row)


async def page_of(
    connection: AsyncConnection,
    page: Page,
    *,
    within: Scope,
    division: Division | None,
    state: RunState | None,
) -> tuple[list[Run], str | None]:
    """A page of runs, the newest first."""
    query = select(payroll_run).where(
        inside(payroll_run.c.division, within if division is None else within.narrowed_to(division))
    )
    if state is not None:
        query = query.where(payroll_run.c.state == state)
    rows, following = await paginate(connection, query, [payroll_run.c.run_id], page, descending=True)
    return [_run(row) for row in rows], following


async def steps_of(connection: AsyncConnection, run_id: UUID) -> list[Any]:
    """Everything that was done with a run, oldest first."""
    query = select(run_step).where(run_step.c.run_id == run_id).order_by(run_step.c.version)
    return list((await connection.execute(query)).all())


async def previous(connection: AsyncConnection, run: Run) -> Run | None:
    """The last run that left and paid at least the same schemes in at least the same division."""
    row = (
        await connection.execute(
            text(
                "SELECT * FROM payroll_run WHERE state IN ('SENT', 'PARTIALLY_SETTLED', 'SETTLED') "
                "AND starts_with(:division, division) AND schemes @> CAST(:schemes AS text[]) AND run_id <> :run_id "
                "ORDER BY month DESC, created_at DESC LIMIT 1"
            ),
            {"division": run.division, "schemes": list(run.schemes), "run_id": run.run_id},
        )
    ).one_or_none()
    return None if row is None else _run(row)


async def first_month(connection: AsyncConnection, division: str, schemes: tuple[str, ...]) -> Month | None:
    """The first month anybody of the division was paid for by a run that left: before it somebody else paid."""
    found = await connection.scalar(
        text(
            "SELECT min(arrears_from) FROM payroll_run WHERE state IN ('SENT', 'PARTIALLY_SETTLED', 'SETTLED') "
            "AND schemes && CAST(:schemes AS text[]) "
            "AND (starts_with(:division, division) OR starts_with(division, :division))"
        ),
        {"division": division, "schemes": list(schemes)},
    )
    return None if found is None else Month.of(found)


def _key(run: Run) -> dict[str, Any]:
    return {"run_id": run.run_id, "version": run.version, "state": run.state}


def _drawn_up(draft: Draft | None) -> dict[str, Any]:
    if draft is None:
        return _NOTHING_DRAWN_UP
    told = {name: getattr(draft, name) for name in Draft.__dataclass_fields__ if name != "proven"}
    return {**told, "epoch": draft.proven.epoch, "position": draft.proven.position, "proven_at": draft.proven.at}


async def _kept_apart(connection: AsyncConnection, statement: Any) -> None:
    """The database refuses a second open run; it names the first."""
    try:
        async with connection.begin_nested():
            await connection.execute(statement)
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != "23P01":
            raise
        raise RunOverlaps(run_id=error.orig.diag.message_detail) from error  # type: ignore[union-attr]


async def _record(
    connection: AsyncConnection,
    run: Run,
    before: RunState | None,
    *,
    step: str,
    by: str,
    told: Mapping[str, Any],
    reason: RunReason | None,
) -> None:
    await connection.execute(
        insert(run_step).values(
            run_id=run.run_id,
            version=run.version,
            step=step,
            state_before=before,
            state=run.state,
            recorded_by=by,
            told=dict(told),
            reason=reason,
        )
    )


def _run(row: Any) -> Run:
    draft = None
    if row.digest is not None:
        names = [name for name in Draft.__dataclass_fields__ if name != "proven"]
        proven = Proven(epoch=row.epoch, position=row.position, at=row.proven_at)
        draft = Draft(proven=proven, **{name: getattr(row, name) for name in names})
    return Run(
        run_id=row.run_id,
        version=row.version,
        division=row.division,
        month=Month.of(row.month),
        schemes=tuple(row.schemes),
        arrears_from=Month.of(row.arrears_from),
        state=RunState(row.state),
        draft=draft,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def told_of(draft: Draft) -> dict[str, Any]:
    """A draft for the record of steps."""
    told = {
        name: getattr(draft, name)
        for name in ("digest", "digest_version", "policy_digest", "lines", "amount_fen", "held", "left_out")
    }
    return told | {
        "epoch": draft.proven.epoch,
        "position": draft.proven.position,
        "proven_at": draft.proven.at.isoformat(),
    }
