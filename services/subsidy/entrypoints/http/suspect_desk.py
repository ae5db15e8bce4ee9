"""One step with one suspect: locked, judged, kept; and the money that follows it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.subsidy.adapters.comparison import suspects
from services.subsidy.adapters.comparison.suspects import Filed, SuspectWords
from services.subsidy.adapters.payroll import lines
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.comparison.checks import Action
from services.subsidy.domain.comparison.suspect import (
    AwardStillRuns,
    PaperIsNotOfSuspect,
    Suspect,
    SuspectNotFound,
    SuspectStep,
    Timing,
)
from shared.kit.audit import Change
from shared.kit.etags import Precondition
from shared.kit.permissions import Caller
from shared.kit.problems import FieldError, Problem


@dataclass(frozen=True, slots=True)
class Move:
    """What somebody wants to do."""

    step: SuspectStep
    papers: tuple[UUID, ...]
    words: str | None
    division: str | None = None
    action: Action | None = None

    def of(self, one: Suspect, timing: Timing) -> Suspect:
        """The suspect after it. Raises what its steps raise, and a Problem where a step lacks its field."""
        evidence = len(set(self.papers))
        match self.step:
            case SuspectStep.DISTRIBUTE:
                return one.distribute(_given(self.division, "division"), timing)
            case SuspectStep.VERIFY:
                return one.verify(timing)
            case SuspectStep.ASK_MORE | SuspectStep.CONFIRM | SuspectStep.CLEAR:
                return one.conclude(self.step, evidence, timing)
            case SuspectStep.ACT:
                return one.act(Action(_given(self.action, "action")), evidence, timing)
            case SuspectStep.REPORT:
                return one.report(evidence, timing)
            case SuspectStep.CLOSE | SuspectStep.REOPEN:
                return one.close(timing)


async def take(
    work: SubsidyWork, caller: Caller, words: SuspectWords, suspect_id: UUID, *, move: Move, seen: Precondition
) -> Filed:
    """Take a step in the version that was seen: of two clerks the second is told that it moved on."""
    found = await suspects.get(work.connection, suspect_id, within=caller.scope, lock=True)
    if found is None:
        raise SuspectNotFound
    seen.check(found.version)
    before = found.suspect
    theirs = {row.paper_id for row in await suspects.papers_of(work.connection, suspect_id)}
    if strangers := sorted(set(move.papers) - theirs):
        raise PaperIsNotOfSuspect(papers=[str(each) for each in strangers])
    after = move.of(before, await suspects.timing(work, before.division))
    if after.action is Action.STOP and before.action is None:
        await _must_have_stopped(work, found)
    cipher = None if move.words is None else words.sealed(move.words, suspect_id)
    kept = await suspects.save(
        work.connection,
        found,
        after,
        move.step,
        papers=sorted(set(move.papers)),
        words_cipher=cipher,
        by=caller.subject,
    )
    freed = 0
    if before.holds_payment and not after.holds_payment:
        freed = await lines.release(work, before.person_id, by=caller.subject)
    told = {"suspect_id": suspect_id, "check": before.check, "state": after.state, "action": after.action}
    work.audit(
        Change(
            before.person_id,
            f"suspect.{move.step.value}",
            before={"state": before.state},
            after=told | {"lines_released": freed},
            division=after.division,
        )
    )
    return kept


async def _must_have_stopped(work: SubsidyWork, filed: Filed) -> None:
    """A stop is the register's or a fact's: it is reported here once it has happened."""
    one = filed.suspect
    concerned = filed.evidence["drawn"].get("schemes")
    active = await suspects.active_schemes(work.connection, one.person_id)
    schemes = [scheme for scheme in active if concerned is None or scheme in concerned]
    if schemes:
        raise AwardStillRuns(check=one.check, schemes=schemes)


def _given(value: str | None, field: str) -> str:
    if value is None:
        errors = [FieldError("missing", "该步骤必填", "this step needs it", pointer=f"/{field}")]
        raise Problem("body_invalid", errors=errors, count=1)
    return value
