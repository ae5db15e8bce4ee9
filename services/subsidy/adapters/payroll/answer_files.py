"""A bank's answer as a file: every line of it gets a named reading, the lines it speaks of turn, all in one go.

What a line is to us follows from what the life of a payment allows, judged where answers over REST are judged: a file
sent twice, in part, late or beside another way of answering changes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.payroll import answers, turning
from services.subsidy.adapters.tables import working_days
from services.subsidy.adapters.tables_banking import bank_answer, bank_answer_line
from services.subsidy.domain.banking.cells import Misfit
from services.subsidy.domain.banking.declaration import Declaration, Holds
from services.subsidy.domain.banking.matching import Reading
from services.subsidy.domain.banking.reading import Answer, AnswerLine
from services.subsidy.domain.banking.reasons import MEANINGS
from services.subsidy.domain.payroll.errors import BankAnswerNotFound
from services.subsidy.domain.payroll.instructions import Outcome
from services.subsidy.domain.payroll.run import Run
from shared.kit.calendar import working_days as working_days_of
from shared.kit.clock import SHANGHAI
from shared.kit.copying import copy_rows
from shared.kit.pagination import Page, paginate
from shared.kit.work import UnitOfWork
from shared.values.division import Division

WORDS_MAX: Final = 200
_ROWS: Final = (
    "CREATE TEMPORARY TABLE answer_row (row integer, named uuid, ordinal integer, outcome text, reason text, "
    "code text, words text, amount_fen bigint, answered_on date, holds text, misfit text) ON COMMIT DROP"
)
_COLUMNS: Final = (
    *("row", "named", "ordinal", "outcome", "reason", "code", "words", "amount_fen", "answered_on", "holds", "misfit"),
)
# A line speaks of an instruction by its key, or by its number in the file that was sent.
_NAMED: Final = """
CREATE TEMPORARY TABLE answer_named ON COMMIT DROP AS
SELECT r.row, i.instruction_key, i.amount_fen AS sent_fen, coalesce(r.amount_fen <> i.amount_fen, false) AS differs
  FROM answer_row r
  LEFT JOIN bank_file_line l ON l.file_id = CAST(:file_id AS uuid) AND l.ordinal = r.ordinal
  JOIN instruction i ON i.run_id = :run_id AND i.instruction_key = coalesce(r.named, l.instruction_key)
 WHERE r.misfit IS NULL"""
# The bank names a day at most; an answer without one counts from when it came.
_TELL: Final = f"""
INSERT INTO told (place, instruction_key, outcome, code, amount_fen, at)
SELECT n.row, n.instruction_key, CASE WHEN n.differs THEN '{Outcome.UNKNOWN}' ELSE r.outcome END,
       CASE WHEN n.differs THEN '{Reading.AMOUNT_DIFFERS}' ELSE r.reason END, n.sent_fen,
       least(CAST(:at AS timestamptz), coalesce(CAST(r.answered_on AS timestamp) AT TIME ZONE 'Asia/Shanghai', :at))
  FROM answer_named n JOIN answer_row r USING (row)"""
_READ: Final = f"""
SELECT r.*, n.instruction_key,
       CASE WHEN r.misfit IS NOT NULL THEN '{Reading.UNREADABLE}'
            WHEN n.instruction_key IS NULL THEN '{Reading.LINE_UNKNOWN}'
            WHEN j.verdict = 'UNCHANGED' THEN '{Reading.REPEATED}'
            WHEN j.verdict IS NOT NULL THEN '{Reading.CONTRADICTS}'
            WHEN n.differs THEN '{Reading.AMOUNT_DIFFERS}'
            WHEN r.reason = '{Reading.CODE_UNKNOWN}' THEN '{Reading.CODE_UNKNOWN}'
            ELSE '{Reading.ANSWERED}' END AS reading
  FROM answer_row r LEFT JOIN answer_named n USING (row) LEFT JOIN judged_answer j ON j.place = r.row"""
_COUNTS: Final = text(f"SELECT reading, count(*) AS lines FROM ({_READ}) AS r GROUP BY 1")
_KEEP: Final = text(
    "INSERT INTO bank_answer_line (answer_id, row, reading, instruction_key, outcome, code, words, amount_fen, "
    "answered_on, holds, misfit) SELECT :answer_id, row, reading, instruction_key, outcome, code, words, amount_fen, "
    f"answered_on, holds, misfit FROM ({_READ}) AS r WHERE NOT (reading = '{Reading.REPEATED}' "
    f"OR (reading = '{Reading.ANSWERED}' AND outcome = '{Outcome.SETTLED}'))"
)
_UNANSWERED: Final = text(f"SELECT count(*) FROM ({turning.STANDING}) AS standing WHERE state = 'SENT'")
_SENT_AT: Final = text(
    "SELECT max(d.sent_at) FROM dispatch d WHERE d.run_id = :run_id AND d.no = coalesce("
    "(SELECT f.dispatch_no FROM bank_file f WHERE f.file_id = CAST(:file_id AS uuid)), d.no)"
)
_LOST: Final = text(
    "INSERT INTO told (place, instruction_key, outcome, code, amount_fen, at) "
    "SELECT l.ordinal, i.instruction_key, 'UNKNOWN', 'FILE_NOT_PROVEN', i.amount_fen, :at FROM bank_file_line l "
    "JOIN instruction i USING (run_id, instruction_key) WHERE l.file_id = :file_id AND NOT EXISTS ("
    "SELECT FROM line_turn t WHERE (t.person_id, t.scheme, t.month, t.seq) = (i.person_id, i.scheme, i.month, i.seq) "
    "AND t.instruction_key = i.instruction_key)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer that came: which declaration reads it, which file it is about where lines are numbered."""

    answer_id: UUID
    declaration: Declaration
    declaration_id: UUID
    file_id: UUID | None
    sha256: bytes
    blob_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What an answer came to; ``counts`` of its lines by reading."""

    counts: Mapping[str, int]
    applied: int
    unanswered: int
    late: bool


async def known(connection: AsyncConnection, run: Run, sha256: bytes, file_id: UUID | None) -> Any | None:
    """The same content, taken in before."""
    query = select(bank_answer).where(
        bank_answer.c.run_id == run.run_id,
        bank_answer.c.sha256 == sha256,
        bank_answer.c.file_id.is_not_distinct_from(file_id),
    )
    return (await connection.execute(query)).one_or_none()


async def take(work: UnitOfWork, run: Run, received: Received, answer: Answer, *, by: str) -> Taken:
    """Read every line against what was sent, turn what may turn, keep whatever needs a look.

    The run is locked by the caller. An answer with faults as a whole is kept, and nothing of it counts.
    """
    connection = work.connection
    bound = {"run_id": run.run_id, "file_id": received.file_id}
    counts: dict[str, int] = {}
    applied = 0
    if not answer.faults:
        await answers.begin(connection)
        await connection.exec_driver_sql(_ROWS)
        await copy_rows(connection, "answer_row", _COLUMNS, _rows(received.declaration, answer))
        await connection.exec_driver_sql("ANALYZE answer_row")
        await connection.execute(text(_NAMED), bound)
        await connection.execute(text(_TELL), {"at": received.at})
        applied = await answers.turn_told(work, run, by=by)
        counts = {row.reading: row.lines for row in await connection.execute(_COUNTS)}
    late = await _is_late(work, run, received)
    unanswered = int(await connection.scalar(_UNANSWERED, {"run_id": run.run_id}) or 0)
    taken = Taken(counts=counts, applied=applied, unanswered=unanswered, late=late)
    await connection.execute(
        insert(bank_answer).values(
            answer_id=received.answer_id,
            run_id=run.run_id,
            declaration_id=received.declaration_id,
            file_id=received.file_id,
            sha256=received.sha256,
            blob_id=received.blob_id,
            received_by=by,
            faults=[each.value for each in answer.faults],
            counts=counts,
            unanswered=unanswered,
            late=late,
        )
    )
    if not answer.faults:
        await connection.execute(_KEEP, {"answer_id": received.answer_id})
        await connection.exec_driver_sql("DROP TABLE answer_row, answer_named")
        await answers.end(connection)
    return taken


async def lose(work: UnitOfWork, run: Run, file_id: UUID, *, by: str) -> int:
    """Nobody can prove that the bank took a file: its unanswered lines are UNKNOWN until the bank speaks (SUB-59)."""
    await answers.begin(work.connection)
    await work.connection.execute(_LOST, {"file_id": file_id, "at": work.now()})
    lost = await answers.turn_told(work, run, by=by)
    await answers.end(work.connection)
    return lost


async def page_of(connection: AsyncConnection, page: Page, run: Run) -> tuple[Sequence[Any], str | None]:
    """Answers to a run, the newest first."""
    query = select(bank_answer).where(bank_answer.c.run_id == run.run_id)
    return await paginate(connection, query, [bank_answer.c.answer_id], page, descending=True)


async def lines_of(
    connection: AsyncConnection, page: Page, run: Run, answer_id: UUID, *, reading: Reading | None
) -> tuple[Sequence[Any], str | None]:
    """Lines of an answer that need a look. Raises `BankAnswerNotFound`."""
    found = select(bank_answer.c.answer_id).where(
        bank_answer.c.run_id == run.run_id, bank_answer.c.answer_id == answer_id
    )
    if await connection.scalar(found) is None:
        raise BankAnswerNotFound
    query = select(bank_answer_line).where(bank_answer_line.c.answer_id == answer_id)
    if reading is not None:
        query = query.where(bank_answer_line.c.reading == reading)
    return await paginate(connection, query, [bank_answer_line.c.row], page)


def _rows(declaration: Declaration, answer: Answer) -> Iterator[tuple[object, ...]]:
    meanings = {each.code: (each.reason.value, MEANINGS[each.reason].outcome) for each in declaration.codes}
    by_key = declaration.known_by is Holds.INSTRUCTION_KEY
    for line in answer.lines:
        yield _row(line, meanings, by_key=by_key)


def _row(line: AnswerLine, meanings: Mapping[str, tuple[str, Outcome]], *, by_key: bool) -> tuple[object, ...]:
    reason, outcome = meanings.get(line.code, (Reading.CODE_UNKNOWN.value, Outcome.UNKNOWN))
    misfit = line.misfit or (None if line.named is not None else (Holds.INSTRUCTION_KEY, Misfit.MISSING))
    holds, why = (None, None) if misfit is None else (misfit[0].value, misfit[1].value)
    return (
        line.row,
        line.named if by_key else None,
        None if by_key else line.named,
        outcome.value,
        "" if outcome is Outcome.SETTLED else reason,
        line.code,
        line.text[:WORDS_MAX],
        line.amount_fen,
        line.answered_on,
        holds,
        why,
    )


async def _is_late(work: UnitOfWork, run: Run, received: Received) -> bool:
    sent_at = await work.connection.scalar(_SENT_AT, {"run_id": run.run_id, "file_id": received.file_id})
    if sent_at is None:
        return False
    days = await working_days_of(work.connection, working_days, Division.parse(run.division))
    due: date = days.after(sent_at.astimezone(SHANGHAI).date(), received.declaration.answer_days)
    return received.at.astimezone(SHANGHAI).date() > due
