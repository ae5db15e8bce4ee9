"""Refusals about money that leaves.

Refusal
├── RunNotFound
├── RunStepNotAllowed       RULES 4.8
├── RunOverlaps             one open run per scheme and month on overlapping divisions
├── RunMonthNotAllowed      neither ahead nor before months are looked at
├── DraftIsOld              somebody drew it up anew meanwhile
├── RegisterIsAhead         the fence: events of the register are missing here (ARCHITECTURE 1.4)
├── RegisterStartedAnew     the fence: another epoch
├── RegisterSilent          the fence: nothing was proven for too long
├── GateIsClosed            red checks without a waiver
├── CheckNotRed             nothing to waive
├── LineIsAnothers          another run holds a line of this one
├── LineNotFound
├── LineStepNotAllowed      RULES 4.8
├── LineStillNotDue         a held line is cleared only when it is owed in full
├── NothingIsPending        nothing to send
├── TotalsDiffer            finance names other totals than the run has (SUB-58)
└── ApproverCannotFund      finance is a third person (SUB-58)
"""

from __future__ import annotations

from typing import ClassVar

from shared.values.refusal import Refusal


class RunNotFound(Refusal):
    """No such run within the caller's divisions."""

    code: ClassVar[str] = "run_not_found"


class RunStepNotAllowed(Refusal):
    """A step the run's life does not know (RULES 4.8). Facts: step, state, allowed."""

    code: ClassVar[str] = "run_step_not_allowed"


class RunOverlaps(Refusal):
    """Another open run pays a scheme of this month in a division around, inside or equal to this. Facts: run_id."""

    code: ClassVar[str] = "run_overlaps"


class RunMonthNotAllowed(Refusal):
    """A run is for this month or a past one, arrears begin not after it. Facts: given, first, last."""

    code: ClassVar[str] = "run_month_not_allowed"


class DraftIsOld(Refusal):
    """What was agreed to is no longer what stands: the run was drawn up anew."""

    code: ClassVar[str] = "draft_is_old"


class RegisterIsAhead(Refusal):
    """Events of the register are not applied here yet. Facts: epoch, first, last (the missing positions)."""

    code: ClassVar[str] = "register_is_ahead"


class RegisterStartedAnew(Refusal):
    """The register's history has another epoch than what was applied here. Facts: known, epoch."""

    code: ClassVar[str] = "register_started_anew"


class RegisterSilent(Refusal):
    """The register does not answer and the last proof is too old. Facts: proven_at, hours."""

    code: ClassVar[str] = "register_silent"


class GateIsClosed(Refusal):
    """Red checks stand without a waiver. Facts: checks."""

    code: ClassVar[str] = "gate_is_closed"


class CheckNotRed(Refusal):
    """The check is unknown, green or waived already. Facts: check, red."""

    code: ClassVar[str] = "check_not_red"


class LineIsAnothers(Refusal):
    """A line of this run was entered by another run meanwhile; draw up anew. Facts: run_id, lines."""

    code: ClassVar[str] = "line_is_anothers"


class LineNotFound(Refusal):
    """No such line in the run."""

    code: ClassVar[str] = "line_not_found"


class LineStepNotAllowed(Refusal):
    """A step the line's life does not know (RULES 4.8). Facts: step, state, allowed."""

    code: ClassVar[str] = "line_step_not_allowed"


class LineStillNotDue(Refusal):
    """The line is not owed in full, or events of the person wait, or no payee is known. Facts: reason."""

    code: ClassVar[str] = "line_still_not_due"


class NothingIsPending(Refusal):
    """No line of the run waits to be sent."""

    code: ClassVar[str] = "nothing_is_pending"


class ApproverCannotFund(Refusal):
    """Who proposed or approved a run does not check it for finance."""

    code: ClassVar[str] = "approver_cannot_fund"


class TotalsDiffer(Refusal):
    """Finance checked other totals than those of the run. Facts: lines, amount_fen (of the run)."""

    code: ClassVar[str] = "totals_differ"


class DispatchNotFound(Refusal):
    """The run has no dispatch of that number. Facts: dispatch_no."""

    code: ClassVar[str] = "dispatch_not_found"


class DeclarationNotUsable(Refusal):
    """The declaration is not in force for the run's division, or asks for what is not kept here. Facts: reason."""

    code: ClassVar[str] = "declaration_not_usable"


class NothingToWrite(Refusal):
    """Every instruction of the dispatch that the declaration serves is in a file, or answered."""

    code: ClassVar[str] = "nothing_to_write"


class FilesAreBeingWritten(Refusal):
    """Somebody else writes files of this run just now."""

    code: ClassVar[str] = "files_are_being_written"


class BankFileNotFound(Refusal):
    """No such file of the run."""

    code: ClassVar[str] = "bank_file_not_found"


class BankAnswerNotFound(Refusal):
    """No such answer of the run."""

    code: ClassVar[str] = "bank_answer_not_found"


class AuditNotFound(Refusal):
    """No such integrity audit."""

    code: ClassVar[str] = "integrity_audit_not_found"


class NothingPaidYet(Refusal):
    """No line was ever entered: there is nothing to judge again."""

    code: ClassVar[str] = "nothing_paid_yet"


class SealNotFound(Refusal):
    """No such seal."""

    code: ClassVar[str] = "seal_not_found"


class AnswerNeedsItsFile(Refusal):
    """The declaration numbers its lines: whose they are is known with the file they answer."""

    code: ClassVar[str] = "answer_needs_its_file"
