"""Why a line was paid: what was known when it was drawn up, judged once more, beside what was noted and what followed.

Nothing here is a copy: facts and policy are read as known at the moment of the draft, and the amount comes out of the
one expression again. What was noted then must be what comes out now; each comparison says whether it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import explanations
from services.subsidy.adapters.payroll import drafting, lines, news, runs
from services.subsidy.adapters.payroll.lines import LineKey, LineSeen
from services.subsidy.adapters.payroll.matters import APPROVAL_OF_RUN
from services.subsidy.domain.explanation import Explanation
from services.subsidy.domain.payroll.errors import LineNotFound
from services.subsidy.domain.payroll.run import DIGEST_VERSION, Run
from shared.kit.four_eyes import APPROVAL
from shared.values.division import Scope


@dataclass(frozen=True, slots=True)
class Compared:
    """Something that was noted when the line was drawn up, and what it comes to today.

    ``found`` is None where it was noted in a way of that time and cannot be computed again.
    """

    name: str
    noted: str
    found: str | None

    @property
    def agrees(self) -> bool | None:
        """Whether nothing was altered; None: it cannot be said."""
        return None if self.found is None else self.noted == self.found


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """A line, why it was paid, who agreed, what the bank was told and said, and which events led to it."""

    line: LineSeen
    run: Run
    explanation: Explanation
    steps: Sequence[Any]
    approvals: Sequence[Any]
    instructions: Sequence[Any]
    turns: Sequence[Any]
    events: Sequence[Any]
    compared: tuple[Compared, ...]


_INSTRUCTIONS: Final = text(
    """
SELECT i.instruction_key, i.attempt, i.dispatch_no, i.amount_fen, d.sent_at, d.sent_by, f.name AS file_name
  FROM instruction i JOIN dispatch d ON d.run_id = i.run_id AND d.no = i.dispatch_no
  LEFT JOIN bank_file_line l ON l.run_id = i.run_id AND l.instruction_key = i.instruction_key
  LEFT JOIN bank_file f ON f.file_id = l.file_id
 WHERE i.run_id = :run_id AND (i.person_id, i.scheme, i.month, i.seq)
       = (CAST(:person_id AS uuid), :scheme, CAST(:month AS date), :seq) ORDER BY i.attempt"""
)
_TURNS: Final = text(
    """
SELECT no, state, reason, instruction_key, told_at, at, recorded_by FROM line_turn
 WHERE (person_id, scheme, month, seq) = (CAST(:person_id AS uuid), :scheme, CAST(:month AS date), :seq) ORDER BY no"""
)
_EVENTS: Final = text(
    """
SELECT event_id, type, epoch, position, occurred_at, recorded_at FROM journal
 WHERE aggregate_id = :award_id OR (aggregate_id = :person_id AND payload -> 'award' ->> 'award_id' = :award)
 ORDER BY epoch, position"""
)
_RULES: Final = text(
    "SELECT rules FROM line WHERE (person_id, scheme, month, seq) "
    "= (CAST(:person_id AS uuid), :scheme, CAST(:month AS date), :seq)"
)


async def of_line(connection: AsyncConnection, key: LineKey) -> Grounds:
    """Everything about one line. Raises `LineNotFound`."""
    of_person = await lines.of_person(connection, key.person_id)
    named = (key.scheme, key.month.first_day, key.seq)
    found = [each for each in of_person if (each.scheme, each.month, each.seq) == named]
    if not found:
        raise LineNotFound
    # Of two records of one person each may have a line of the same name: the one that was asked for comes first.
    line = min(found, key=lambda each: each.person_id != key.person_id)
    key = replace(key, person_id=line.person_id)
    run = await runs.get(connection, line.run_id, within=Scope.everywhere())
    assert run.draft is not None, "lines are entered from a draft"
    explanation = await explanations.explain(
        connection, key.person_id, key.scheme, key.month, known_at=run.draft.known_at
    )
    of_run = {"run_id": run.run_id}
    bound = {"award_id": line.award_id, "award": str(line.award_id), "person_id": key.person_id}
    return Grounds(
        line=line,
        run=run,
        explanation=explanation,
        steps=await runs.steps_of(connection, run.run_id),
        approvals=await _approvals(connection, run.run_id),
        instructions=(await connection.execute(_INSTRUCTIONS, of_run | key.bound)).all(),
        turns=(await connection.execute(_TURNS, key.bound)).all(),
        events=(await connection.execute(_EVENTS, bound)).all(),
        compared=await _compared(connection, run, line, key, explanation),
    )


async def _approvals(connection: AsyncConnection, run_id: UUID) -> Sequence[Any]:
    """Which two persons agreed, and when; only what was acted upon."""
    used = select(
        APPROVAL.c.approval_id, APPROVAL.c.maker, APPROVAL.c.made_at, APPROVAL.c.checker, APPROVAL.c.decided_at
    ).where(
        APPROVAL.c.kind == APPROVAL_OF_RUN.kind,
        APPROVAL.c.subject_id == str(run_id),
        APPROVAL.c.used_at.is_not(None),
    )
    return (await connection.execute(used.order_by(APPROVAL.c.made_at))).all()


async def _compared(
    connection: AsyncConnection, run: Run, line: LineSeen, key: LineKey, explanation: Explanation
) -> tuple[Compared, ...]:
    assert run.draft is not None
    _, policy = await news.policy_digest(connection, run.draft.known_at)
    rules = await connection.scalar(_RULES, key.bound)
    comparable = run.draft.digest_version == DIGEST_VERSION
    entered = await drafting.digest_entered(connection, run.run_id) if comparable else None
    return (
        Compared("AMOUNT", str(line.amount_fen), str(explanation.answer.payable_fen)),
        Compared("RULES", str(rules), str(explanation.answer.rules)),
        Compared("POLICY", run.draft.policy_digest, policy),
        Compared("LINES_OF_RUN", run.draft.digest, entered),
    )
