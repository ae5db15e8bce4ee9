"""What is pending leaves: each line is judged again, then gets an instruction, whose key is stored before any file.

One transaction: killed before its commit nothing has left; after it every instruction is on record, and a file can be
written, and written again, from the record alone.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.payroll import news, turning
from services.subsidy.adapters.tables_payroll import instruction
from services.subsidy.domain.payroll.errors import NothingIsPending
from services.subsidy.domain.payroll.instructions import Instruction
from services.subsidy.domain.payroll.line import Account
from services.subsidy.domain.payroll.run import Proven, Run
from shared.kit.pagination import Page, paginate
from shared.kit.work import UnitOfWork
from shared.values.month import Month

_LEAVING: Final = f"""
CREATE TEMPORARY TABLE leaving ON COMMIT DROP AS
SELECT * FROM ({turning.STANDING}) AS standing WHERE state = 'PENDING'"""
_HOLD: Final = """
SELECT l.person_id, l.scheme, l.month, l.seq, l.no, l.run_id, l.county, l.state, 'HELD', l.amount_fen, h.reason,
       CAST(NULL AS uuid), CAST(NULL AS timestamptz)
  FROM leaving l JOIN to_hold h USING (person_id, scheme, month, seq)"""
_FREE: Final = (
    "DELETE FROM leaving l USING to_hold h "
    "WHERE (h.person_id, h.scheme, h.month, h.seq) = (l.person_id, l.scheme, l.month, l.seq)"
)
# The key names line and attempt: a second writer of the same attempt finds it taken.
_INSTRUCT: Final = """
INSERT INTO instruction (run_id, instruction_key, dispatch_no, month, person_id, scheme, seq, attempt, award_id, county,
                         amount_fen)
SELECT l.run_id, CAST(md5(concat_ws('|', l.person_id, l.scheme, l.month, l.seq, a.attempt)) AS uuid), :no, l.month,
       l.person_id, l.scheme, l.seq, a.attempt, l.award_id, l.county, l.amount_fen
  FROM leaving l CROSS JOIN LATERAL (
    SELECT 1 + CASE WHEN l.no = 0 THEN 0 ELSE (SELECT count(*) FROM line_turn t
             WHERE (t.person_id, t.scheme, t.month, t.seq) = (l.person_id, l.scheme, l.month, l.seq)
               AND t.state = 'RETURNED') END AS attempt) AS a"""
_ATTEMPT: Final = """
SELECT l.person_id, l.scheme, l.month, l.seq, l.no, l.run_id, l.county, l.state, 'SENT', l.amount_fen, '',
       CAST(NULL AS uuid), CAST(NULL AS timestamptz) FROM leaving l WHERE l.no > 0"""
_FIRST: Final = (
    f"SELECT county, scheme, month, '{Account.PAYABLE}', '{Account.IN_TRANSIT}', sum(amount_fen) "
    "FROM leaving WHERE no = 0 GROUP BY 1, 2, 3"
)
_DISPATCH: Final = text(
    "INSERT INTO dispatch (run_id, no, sent_at, sent_by, instructions, amount_fen, epoch, position, proven_at) "
    "VALUES (:run_id, :no, :at, :by, :lines, :fen, :epoch, :position, :proven_at)"
)


async def send(work: UnitOfWork, run: Run, proven: Proven, *, by: str) -> dict[str, int]:
    """Hold whoever is no longer owed their line, store an instruction for all others, book them on their way.

    Raises `NothingIsPending`.
    """
    assert run.draft is not None
    connection = work.connection
    await turning.take_time(connection)
    await connection.execute(text(_LEAVING), {"run_id": run.run_id})
    await connection.exec_driver_sql("ANALYZE leaving")
    judged = await news.hold_again(connection, run.draft, "leaving", entered=True)
    held = await turning.turn(work, run, "hold", _HOLD, {}, by=by)
    await connection.exec_driver_sql(_FREE)
    no = int(await connection.scalar(text(_NEXT), {"run_id": run.run_id}) or 1)
    sums = (
        await connection.execute(text("SELECT count(*) AS lines, coalesce(sum(amount_fen), 0) AS fen FROM leaving"))
    ).one()
    if not sums.lines and not held.lines:
        raise NothingIsPending
    await connection.execute(text(_INSTRUCT), {"no": no})
    await turning.post(work, run, "send", _FIRST, {}, by=by)
    await turning.turn(work, run, "send", _ATTEMPT, {}, by=by)
    told = {"lines": int(sums.lines), "fen": int(sums.fen)}
    where = {"epoch": proven.epoch, "position": proven.position, "proven_at": proven.at}
    at = await turning.moment(connection)
    await connection.execute(_DISPATCH, {"run_id": run.run_id, "no": no, "at": at, "by": by, **told, **where})
    return {"dispatch_no": no, "instructions": told["lines"], "amount_fen": told["fen"], "held": held.lines} | {
        "judged_again": judged
    }


async def instructions(
    connection: AsyncConnection, page: Page, run: Run, *, dispatch_no: int | None
) -> tuple[list[Instruction], str | None]:
    """A page of what the bank was told to pay, in the order of the dispatches; of one of them, or of all."""
    query = select(instruction).where(instruction.c.run_id == run.run_id)
    if dispatch_no is not None:
        query = query.where(instruction.c.dispatch_no == dispatch_no)
    rows, following = await paginate(
        connection, query, [instruction.c.dispatch_no, instruction.c.instruction_key], page
    )
    return [_instruction(row) for row in rows], following


def _instruction(row: Any) -> Instruction:
    values = {name: getattr(row, name) for name in Instruction.__dataclass_fields__}
    return Instruction(**values | {"month": Month.of(row.month)})


_NEXT: Final = "SELECT coalesce(max(no), 0) + 1 FROM dispatch WHERE run_id = :run_id"
