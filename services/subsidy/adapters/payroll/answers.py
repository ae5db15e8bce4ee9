"""What the bank says, one instruction after the other or 1.9 million at once: late, twice, in part, or of nobody.

An answer that is on record already changes nothing; one that names an instruction that is not there, another amount or
an attempt that was followed by another is refused by its row; the others turn their lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.payroll import runs, turning
from services.subsidy.domain.payroll.instructions import Outcome, Result
from services.subsidy.domain.payroll.line import LINE, LineState, LineStep
from services.subsidy.domain.payroll.run import LEFT, Run, RunState, RunStep, Tally, answered
from shared.kit.copying import copy_rows
from shared.kit.work import UnitOfWork

_STEP: Final = {Outcome.SETTLED: LineStep.SETTLE, Outcome.RETURNED: LineStep.RETURN, Outcome.UNKNOWN: LineStep.LOSE}


class Fault(StrEnum):
    """Why an answer was refused."""

    UNKNOWN_INSTRUCTION = "UNKNOWN_INSTRUCTION"
    OTHER_AMOUNT = "OTHER_AMOUNT"
    OLD_ATTEMPT = "OLD_ATTEMPT"
    CONTRADICTS = "CONTRADICTS"
    TOLD_TWICE = "TOLD_TWICE"


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that turned nothing; ``place`` counts the results from 0."""

    place: int
    instruction_key: UUID
    fault: Fault


@dataclass(frozen=True, slots=True)
class Answered:
    """``received = applied + unchanged + len(refused)``."""

    received: int
    applied: int
    unchanged: int
    refused: tuple[Refused, ...]


TOLD: Final = ("place", "instruction_key", "outcome", "code", "amount_fen", "at")
_TOLD: Final = (
    "CREATE TEMPORARY TABLE told (place bigint, instruction_key uuid, outcome text, code text, amount_fen bigint, "
    "at timestamptz) ON COMMIT DROP"
)


def _allowed() -> str:
    pairs = [
        f"('{state}', '{outcome}')"
        for state in LineState
        for outcome, step in _STEP.items()
        if LINE.move(state, step) is not None
    ]
    return ", ".join(pairs)


# The newest attempt of a line is one more than how often it came back, unless it is back just now.
_JUDGED: Final = f"""
CREATE TEMPORARY TABLE judged_answer ON COMMIT DROP AS
SELECT t.place, t.instruction_key, t.outcome, t.code, t.at AS told_at, i.person_id, i.scheme, i.month, i.seq, s.no,
       s.county, s.state, i.amount_fen,
       CASE WHEN i.instruction_key IS NULL THEN '{Fault.UNKNOWN_INSTRUCTION}'
            WHEN i.amount_fen <> t.amount_fen THEN '{Fault.OTHER_AMOUNT}'
            WHEN row_number() OVER (PARTITION BY t.instruction_key ORDER BY t.place) > 1
            THEN CASE WHEN t.outcome = first_value(t.outcome) OVER (PARTITION BY t.instruction_key ORDER BY t.place)
                      THEN 'UNCHANGED' ELSE '{Fault.TOLD_TWICE}' END
            WHEN EXISTS (SELECT FROM line_turn o WHERE (o.person_id, o.scheme, o.month, o.seq)
                         = (i.person_id, i.scheme, i.month, i.seq) AND o.instruction_key = t.instruction_key
                         AND o.state = t.outcome) THEN 'UNCHANGED'
            WHEN EXISTS (SELECT FROM instruction n WHERE n.run_id = i.run_id AND n.instruction_key = CAST(md5(concat_ws(
                         '|', i.person_id, i.scheme, i.month, i.seq, i.attempt + 1)) AS uuid))
            THEN '{Fault.OLD_ATTEMPT}'
            WHEN (s.state, t.outcome) NOT IN ({_allowed()}) THEN '{Fault.CONTRADICTS}' END AS verdict
  FROM told t
  LEFT JOIN instruction i ON i.run_id = :run_id AND i.instruction_key = t.instruction_key
  LEFT JOIN ({turning.STANDING}) s ON (s.person_id, s.scheme, s.month, s.seq)
                                    = (i.person_id, i.scheme, i.month, i.seq)"""
_CHOSEN: Final = """
SELECT person_id, scheme, month, seq, no, :run_id, county, state, outcome, amount_fen, code, instruction_key, told_at
  FROM judged_answer WHERE verdict IS NULL"""
_REFUSED: Final = text(
    "SELECT place, instruction_key, verdict FROM judged_answer WHERE verdict IS NOT NULL AND verdict <> 'UNCHANGED' "
    "ORDER BY place"
)
_TALLY: Final = f"""
SELECT count(*) FILTER (WHERE state IN ('{LineState.SENT}', '{LineState.UNKNOWN}')) AS unanswered,
       count(*) FILTER (WHERE state IN ('{LineState.PENDING}', '{LineState.HELD}', '{LineState.RETURNED}')) AS waiting
  FROM ({turning.STANDING}) AS standing"""


async def apply(work: UnitOfWork, run: Run, results: Iterable[Result], *, by: str) -> Answered:
    """Turn the lines the results speak of; the run is locked by the caller, so that answers follow one another."""
    await begin(work.connection)
    received = await copy_rows(work.connection, "told", TOLD, map(_row, count(), results))
    applied = await turn_told(work, run, by=by)
    faults = (await work.connection.execute(_REFUSED)).all()
    await end(work.connection)
    refused = tuple(Refused(row.place, row.instruction_key, Fault(row.verdict)) for row in faults)
    return Answered(received, applied, received - applied - len(refused), refused)


async def begin(connection: AsyncConnection) -> None:
    """Make room for what is told: the table ``told`` with the columns `TOLD`, to be filled by the caller."""
    await turning.take_time(connection)
    await connection.exec_driver_sql(_TOLD)


async def turn_told(work: UnitOfWork, run: Run, *, by: str) -> int:
    """Judge what is told and turn the lines it speaks of; how many. ``judged_answer`` has the verdict by place."""
    await work.connection.exec_driver_sql("ANALYZE told")
    await work.connection.execute(text(_JUDGED), {"run_id": run.run_id})
    return (await turning.turn(work, run, "answer", _CHOSEN, {}, by=by)).lines


async def end(connection: AsyncConnection) -> None:
    """Put away what was told."""
    await connection.exec_driver_sql("DROP TABLE told, judged_answer")


async def state_after(connection: AsyncConnection, run: Run) -> RunState:
    """Where a run that left stands now (RULES 4.8)."""
    row = (await connection.execute(text(_TALLY), {"run_id": run.run_id})).one()
    return answered(Tally(unanswered=row.unanswered, waiting=row.waiting))


def _row(place: int, told: Result) -> tuple[object, ...]:
    return place, told.instruction_key, told.outcome.value, told.code, told.amount_fen, told.at


async def follow(work: UnitOfWork, run: Run, *, by: str) -> Run:
    """The run stands where its lines lead."""
    if run.state not in LEFT:
        return run
    state = await state_after(work.connection, run)
    if state is run.state:
        return run
    return await runs.advance(work.connection, run, RunStep.ANSWER, state, by=by, draft=run.draft)
