"""Lines are entered when a run is locked, and given free when it is given up before anything left."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.payroll import drafting, gate, news, runs, turning
from services.subsidy.domain.payroll.errors import DraftIsOld, LineIsAnothers
from services.subsidy.domain.payroll.line import Account
from services.subsidy.domain.payroll.run import Run
from shared.kit.work import UnitOfWork

_TAKEN: Final = frozenset({"23505", "23514"})
"""SQLSTATEs of a line whose number another run has taken, or whose predecessor is gone."""

_ENTER: Final = """
INSERT INTO line (person_id, scheme, month, seq, run_id, award_id, county, amount_fen, settled_before_fen, cause, rules,
                  held, locked_at)
SELECT s.person_id, s.scheme, s.month, s.seq, s.run_id, s.award_id, s.county, s.amount_fen, s.settled_before_fen,
       s.cause, s.rules, h.reason, :at
  FROM {stage} s LEFT JOIN to_hold h ON (h.person_id, h.scheme, h.month, h.seq)
                                      = (s.person_id, s.scheme, s.month, s.seq)"""
_ENTERED: Final = (
    f"SELECT county, scheme, month, '{Account.EXPENSE}', '{Account.PAYABLE}', sum(amount_fen) "
    "FROM line WHERE run_id = :run_id GROUP BY 1, 2, 3"
)
_WHO: Final = """
SELECT l.run_id, count(*) AS lines FROM {stage} s JOIN line l USING (person_id, scheme, month, seq)
 GROUP BY l.run_id ORDER BY lines DESC LIMIT 1"""


async def lock(work: UnitOfWork, run: Run, *, by: str) -> dict[str, int]:
    """Enter the lines, each held by name that must not leave; after the fence, in the transaction of the step.

    Raises `GateIsClosed`, `DraftIsOld`, `LineIsAnothers`.
    """
    assert run.draft is not None
    connection, stage = work.connection, runs.stage_of(run.run_id)
    await turning.take_time(connection)
    await gate.must_be_open(connection, run.run_id)
    if await drafting.digest_of(connection, stage) != run.draft.digest:
        raise DraftIsOld
    judged = await news.hold_again(connection, run.draft, stage, entered=False)
    try:
        async with connection.begin_nested():
            entered = await connection.execute(
                text(_ENTER.format(stage=stage)), {"at": await turning.moment(connection)}
            )
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) not in _TAKEN:
            raise
        other = (await connection.execute(text(_WHO.format(stage=stage)))).one_or_none()
        taken = {} if other is None else {"run_id": other.run_id, "lines": other.lines}
        raise LineIsAnothers(**({"run_id": None, "lines": 0} | taken)) from error
    await turning.post(work, run, "lock", _ENTERED, {"run_id": run.run_id}, by=by)
    held = await connection.scalar(text("SELECT count(*) FROM to_hold"))
    return {"entered": entered.rowcount, "held": int(held or 0), "judged_again": judged}


async def put_away(connection: AsyncConnection, run: Run) -> None:
    """The lines are entered: what was drawn up is not needed any more."""
    await connection.exec_driver_sql(f"TRUNCATE {runs.stage_of(run.run_id)}")


async def give_free(work: UnitOfWork, run: Run, step: str, *, by: str) -> None:
    """Take back the lines of a run whose state says already that it was given up."""
    months = (await work.connection.scalars(text(_MONTHS), {"run_id": run.run_id})).all()
    if not months:
        return
    await turning.reverse(work, run, step, by=by)
    for table in ("line_turn", "line"):
        await work.connection.execute(
            text(f"DELETE FROM {table} WHERE month = ANY(CAST(:months AS date[])) AND run_id = :run_id"),
            {"run_id": run.run_id, "months": list(months)},
        )


_MONTHS: Final = "SELECT DISTINCT month FROM line WHERE run_id = :run_id"
