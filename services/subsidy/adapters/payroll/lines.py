"""Lines of a run as people see them, and the steps people take with one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TIMESTAMP, BigInteger, Date, SmallInteger, Text, Uuid, column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import records
from services.subsidy.adapters.payroll import answers, news, runs, turning
from services.subsidy.adapters.tables_payroll import run_difference
from services.subsidy.domain.payroll.errors import LineNotFound, LineStepNotAllowed, LineStillNotDue
from services.subsidy.domain.payroll.line import LINE, HoldReason, LineReason, LineState, LineStep
from services.subsidy.domain.payroll.run import Run, RunState
from shared.kit.pagination import Page, paginate
from shared.kit.work import UnitOfWork
from shared.values.division import Scope
from shared.values.month import Month

BY_PEOPLE: Final = (LineStep.HOLD, LineStep.CLEAR, LineStep.CANCEL, LineStep.RENEW, LineStep.CLOSE)
"""The others are the bank's, or a dispatch's."""

_KEYS: Final = ("person_id", "scheme", "month", "seq")


@dataclass(frozen=True, slots=True)
class LineKey:
    """What names a line; its run and county are no part of it."""

    person_id: UUID
    scheme: str
    month: Month
    seq: int

    @property
    def bound(self) -> dict[str, Any]:
        """For a statement."""
        return {
            "person_id": self.person_id,
            "scheme": self.scheme,
            "month": self.month.first_day,
            "seq": self.seq,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSeen:
    """A line with its newest state. Amounts in fen; ``rules``: bits of the rules that were noted about it."""

    person_id: UUID
    scheme: str
    month: date
    seq: int
    run_id: UUID
    award_id: UUID
    county: str
    amount_fen: int
    settled_before_fen: int
    cause: str
    state: LineState
    reason: str
    since: datetime | None


_COLUMNS: Final = (
    column("person_id", Uuid),
    column("scheme", Text),
    column("month", Date),
    column("seq", SmallInteger),
    column("run_id", Uuid),
    column("award_id", Uuid),
    column("county", Text),
    column("amount_fen", BigInteger),
    column("settled_before_fen", BigInteger),
    column("cause", Text),
    column("state", Text),
    column("reason", Text),
    column("since", TIMESTAMP(timezone=True)),
)
_DRAWN_UP: Final = """
SELECT person_id, scheme, month, seq, run_id, award_id, county, amount_fen, settled_before_fen, cause,
       CASE WHEN held IS NULL THEN 'PENDING' ELSE 'HELD' END AS state, coalesce(held, '') AS reason,
       CAST(NULL AS timestamptz) AS since FROM {stage}"""
_ONE: Final = text(
    f"SELECT * FROM ({turning.STANDING}) AS standing WHERE (person_id, scheme, month, seq) "
    "= (CAST(:person_id AS uuid), :scheme, CAST(:month AS date), :seq)"
)
_TURN_ONE: Final = f"""
SELECT person_id, scheme, month, seq, no, run_id, county, state, :state, amount_fen, :reason, CAST(NULL AS uuid),
       CAST(NULL AS timestamptz) FROM ({turning.STANDING}) AS standing
 WHERE (person_id, scheme, month, seq) = (CAST(:person_id AS uuid), :scheme, CAST(:month AS date), :seq)"""
_OF_PERSON: Final = """
SELECT l.person_id, l.scheme, l.month, l.seq, l.run_id, l.award_id, l.county, l.amount_fen, l.settled_before_fen,
       l.cause, coalesce(t.state, CASE WHEN l.held IS NOT NULL THEN 'HELD'
                                       WHEN EXISTS (SELECT FROM dispatch d WHERE d.run_id = l.run_id) THEN 'SENT'
                                       ELSE 'PENDING' END) AS state,
       coalesce(t.reason, l.held, '') AS reason, coalesce(t.at, l.locked_at) AS since
  FROM line l LEFT JOIN LATERAL (SELECT state, reason, at FROM line_turn n WHERE (n.person_id, n.scheme, n.month, n.seq)
                                 = (l.person_id, l.scheme, l.month, l.seq) ORDER BY no DESC LIMIT 1) t ON true
 WHERE l.person_id = ANY(:records) ORDER BY l.month, l.scheme, l.person_id, l.seq"""

_HELD_OF_PERSON: Final = f"SELECT * FROM ({_OF_PERSON}) AS l WHERE state = 'HELD' AND reason = '{HoldReason.SUSPECT}'"


async def page_of(
    connection: AsyncConnection,
    page: Page,
    run: Run,
    *,
    state: LineState | None,
    person_id: UUID | None,
) -> tuple[list[LineSeen], str | None]:
    """A page of the lines of a run: as drawn up, or as they stand."""
    if run.state in (RunState.DRAFT, RunState.ABORTED):
        if run.draft is None:
            return [], None
        relation = _DRAWN_UP.format(stage=runs.stage_of(run.run_id))
    else:
        relation = turning.STANDING
    lines = (
        text(relation)
        .bindparams(**({} if relation is not turning.STANDING else {"run_id": run.run_id}))
        .columns(*_COLUMNS)
        .subquery("lines")
    )
    query = select(*(lines.c[name] for name in LineSeen.__dataclass_fields__))
    if state is not None:
        query = query.where(lines.c.state == state)
    if person_id is not None:
        query = query.where(lines.c.person_id == person_id)
    rows, following = await paginate(connection, query, [lines.c[name] for name in _KEYS], page)
    return [_seen(row) for row in rows], following


async def differences(
    connection: AsyncConnection, page: Page, run: Run, *, kind: str | None
) -> tuple[Sequence[Any], str | None]:
    """A page of what is new, stopped or changed against the month before."""
    query = select(run_difference).where(run_difference.c.run_id == run.run_id)
    if kind is not None:
        query = query.where(run_difference.c.kind == kind)
    return await paginate(connection, query, [run_difference.c.person_id, run_difference.c.scheme], page)


async def of_person(connection: AsyncConnection, person_id: UUID) -> list[LineSeen]:
    """Every line of a person, oldest month first, whichever of their records it is about."""
    found = await connection.execute(text(_OF_PERSON), {"records": await records.every(connection, person_id)})
    return [_seen(row) for row in found]


async def one(connection: AsyncConnection, run: Run, key: LineKey) -> Any:
    """A line of a run that is locked. Raises `LineNotFound`."""
    row = (await connection.execute(_ONE, {"run_id": run.run_id, **key.bound})).one_or_none()
    if row is None:
        raise LineNotFound
    return row


async def must_be_open_to(connection: AsyncConnection, run: Run, key: LineKey, step: LineStep) -> tuple[Any, LineState]:
    """The line, and the state a step would bring it to. Raises `LineNotFound`, `LineStepNotAllowed`."""
    row = await one(connection, run, key)
    before = LineState(row.state)
    move = LINE.move(before, step)
    if move is None:
        allowed = [each.value for each in LINE.allowed(before) if each in BY_PEOPLE]
        raise LineStepNotAllowed(step=step.value, state=before.value, allowed=allowed)
    return row, move.targets[0]


async def take(work: UnitOfWork, run: Run, key: LineKey, step: LineStep, reason: LineReason, *, by: str) -> LineSeen:
    """A person takes a step with a line; the run is locked by the caller.

    Raises `LineNotFound`, `LineStepNotAllowed`, `LineStillNotDue`.
    """
    row, after = await must_be_open_to(work.connection, run, key, step)
    if step is LineStep.CLEAR:
        await _must_be_owed(work.connection, row)
    bound = {**key.bound, "state": after.value, "reason": reason.value}
    await turning.turn(work, run, step.value, _TURN_ONE, bound, by=by)
    return _seen(await one(work.connection, run, key))


async def release(work: UnitOfWork, person_id: UUID, *, by: str) -> int:
    """No suspect holds a person's money any more: lines held for that alone go on, if they are still owed; how many."""
    freed = 0
    theirs = {"records": await records.every(work.connection, person_id)}
    rows = await work.connection.execute(text(_HELD_OF_PERSON), theirs)
    for row in rows.all():
        run = await runs.get(work.connection, row.run_id, within=Scope.everywhere(), lock=True)
        key = LineKey(row.person_id, row.scheme, Month.of(row.month), row.seq)
        try:
            await take(work, run, key, LineStep.CLEAR, LineReason.LOOKED_INTO, by=by)
        except (LineStillNotDue, LineStepNotAllowed):  # another hold stands, or somebody was faster: it keeps its place
            continue
        await answers.follow(work, run, by=by)
        freed += 1
    return freed


async def _must_be_owed(connection: AsyncConnection, row: Any) -> None:
    bound = {"person_id": row.person_id, "award_id": row.award_id}
    if await connection.scalar(text(f"SELECT 1 FROM ({news.WAITING}) w WHERE person_id = :person_id"), bound):
        raise LineStillNotDue(reason=HoldReason.EVENTS_WAITING.value)
    if await connection.scalar(text(f"SELECT 1 FROM ({news.SUSPECTED}) s WHERE person_id = :person_id"), bound):
        raise LineStillNotDue(reason=HoldReason.SUSPECT.value)
    if not await connection.scalar(text("SELECT 1 FROM payee WHERE award_id = :award_id"), bound):
        raise LineStillNotDue(reason=HoldReason.NO_PAYEE.value)
    owed = await news.answers_of(connection, row.person_id, Month.of(row.month))
    payable = sum(each.payable_fen or 0 for each in owed if each.scheme == row.scheme)
    if payable < 0:
        raise LineStillNotDue(reason=HoldReason.NO_LONGER_DUE.value)


def _seen(row: Any) -> LineSeen:
    values = {name: getattr(row, name) for name in LineSeen.__dataclass_fields__}
    return LineSeen(**values | {"state": LineState(row.state)})
