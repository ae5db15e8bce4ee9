"""What is pending leaves: each line is judged again, then gets an instruction, whose key is stored before any file.

One transaction: killed before its commit nothing has left; after it every instruction is on record, and a file can be
written, and written again, from the record alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.payroll import news, turning
from services.subsidy.adapters.tables_payroll import instruction
from services.subsidy.domain.payroll.errors import NothingIsPending
from services.subsidy.domain.payroll.instructions import Instruction
from services.subsidy.domain.payroll.line import Account
from services.subsidy.domain.payroll.run import Draft, Proven, Run
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
_SUMS: Final = text("SELECT count(*) AS lines, coalesce(sum(amount_fen), 0) AS fen FROM leaving")
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


class _SomebodyIsHeld(Exception):
    """What was stored in this round is undone."""


async def send(
    work: UnitOfWork, run: Run, ask_again: Callable[[], Awaitable[Proven]], *, news_since: datetime, by: str
) -> dict[str, int]:
    """Hold whoever is no longer owed their line, store an instruction for all others, book them on their way.

    Storing takes its time, so the fence is asked once more behind it, until nobody is left to hold. ``ask_again``: how
    far the register is now, once that is applied here; ``news_since``: what came to stand later may be missing from
    the first judgement. Raises `NothingIsPending`, and what ``ask_again`` raises.
    """
    assert run.draft is not None
    connection = work.connection
    await turning.take_time(connection)
    await connection.execute(text(_LEAVING), {"run_id": run.run_id})
    await connection.exec_driver_sql("ANALYZE leaving")
    no = int(await connection.scalar(text(_NEXT), {"run_id": run.run_id}) or 1)
    _, policy = await news.policy_digest(connection)
    judged, held = await _hold(work, run, run.draft, by=by)
    if not held and not (await connection.execute(_SUMS)).one().lines:
        raise NothingIsPending
    meanwhile = replace(run.draft, news_since=news_since, policy_digest=policy)
    while True:  # every round but the last holds somebody: it ends
        with suppress(_SomebodyIsHeld):
            async with connection.begin_nested():  # an instruction is written once: who is held never had one
                await connection.execute(text(_INSTRUCT), {"no": no})
                proven = await ask_again()
                await news.hold_again(connection, meanwhile, "leaving", entered=True)
                if await connection.scalar(text("SELECT count(*) FROM to_hold")):
                    raise _SomebodyIsHeld
                break
        held += (await _hold(work, run, meanwhile, by=by))[1]
    sums = (await connection.execute(_SUMS)).one()
    await turning.post(work, run, "send", _FIRST, {}, by=by)
    await turning.turn(work, run, "send", _ATTEMPT, {}, by=by)
    told = {"lines": int(sums.lines), "fen": int(sums.fen)}
    where = {"epoch": proven.epoch, "position": proven.position, "proven_at": proven.at}
    at = await turning.moment(connection)
    await connection.execute(_DISPATCH, {"run_id": run.run_id, "no": no, "at": at, "by": by, **told, **where})
    return {
        "dispatch_no": no,
        "instructions": told["lines"],
        "amount_fen": told["fen"],
        "held": held,
        "judged_again": judged,
        "position": proven.position,
    }


async def _hold(work: UnitOfWork, run: Run, draft: Draft, *, by: str) -> tuple[int, int]:
    """Hold who must not leave; persons judged, lines held."""
    judged = await news.hold_again(work.connection, draft, "leaving", entered=True)
    held = await turning.turn(work, run, "hold", _HOLD, {}, by=by)
    await work.connection.exec_driver_sql(_FREE)
    await news.forget(work.connection)
    return judged, held.lines


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
