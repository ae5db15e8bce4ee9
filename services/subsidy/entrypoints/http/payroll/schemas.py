"""Requests and answers about payroll. Months are ``YYYY-MM``, amounts fen."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.subsidy.adapters.payroll.answers import Fault
from services.subsidy.adapters.payroll.lines import LineSeen
from services.subsidy.domain.entitlement.rules import RULES
from services.subsidy.domain.payroll.balance import Balance
from services.subsidy.domain.payroll.instructions import Instruction, Outcome
from services.subsidy.domain.payroll.line import LineReason, LineState, LineStep
from services.subsidy.domain.payroll.run import Run, RunReason, RunState, WaiverReason
from shared.contracts.state import MONTH, SchemeCode
from shared.kit.routing import RequestModel
from shared.values.month import Month

MonthText = Annotated[str, StringConstraints(pattern=MONTH)]
FEN_MAX = 10**15
RESULTS_MAX = 1_000


class RunIn(RequestModel):
    """A run to open. ``arrears_from``: the first month looked at for what was not paid; by default the first month
    this division was paid for here, or else the month itself."""

    division: Annotated[str, StringConstraints(pattern=r"^(\d{2}|\d{4}|\d{6})$")] = Field(
        description="省、市或县（市、区）的区划代码"
    )
    month: MonthText
    schemes: Annotated[list[SchemeCode], Field(min_length=1, max_length=20, description="补贴种类，不重复")]
    arrears_from: MonthText | None = None


class SilenceIn(RequestModel):
    """A step behind the fence; with the approval of two persons where the register has been silent for too long."""

    silence_approval_id: UUID | None = None


class LockingIn(SilenceIn):
    """Lock exactly what was seen: the digest of the draft."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ReasonIn(RequestModel):
    """Why a run is given up, or taken up again."""

    reason: RunReason


class ApprovedIn(RequestModel):
    """The approval of two persons (matter ``payroll.approval``)."""

    approval_id: UUID


class FundingIn(RequestModel):
    """What finance checked: the budget code, and the totals as they read them."""

    budget_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{3,12}$")]
    lines: Annotated[int, Field(ge=0, le=FEN_MAX)]
    amount_fen: Annotated[int, Field(ge=0, le=FEN_MAX)]


class WaiverIn(RequestModel):
    """Why a red check does not stop the run."""

    reason: WaiverReason


class LineStepIn(RequestModel):
    """A step a person takes with one line."""

    person_id: UUID
    scheme: SchemeCode
    month: MonthText
    seq: Annotated[int, Field(ge=0, le=32_767)] = 0
    step: LineStep = Field(description="hold、clear、cancel、renew、close；其余由银行回盘产生")
    reason: LineReason
    approval_id: UUID | None = Field(
        default=None, description="renew 须有第二人的复核（种类 payment.renewal，对象“批次:人员:补贴:月份:序号”）"
    )


class ResultIn(RequestModel):
    """One answer of the bank."""

    instruction_key: UUID
    outcome: Outcome
    code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_.-]{0,12}$")] = ""
    amount_fen: Annotated[int, Field(ge=1, le=FEN_MAX)]
    at: AwareDatetime


class AnswersIn(RequestModel):
    """Answers of the bank to instructions of a run."""

    results: Annotated[list[ResultIn], Field(min_length=1, max_length=RESULTS_MAX)]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class DraftOut(_Out):
    """What was drawn up, and how far the register was applied then."""

    known_at: datetime
    epoch: int
    position: int
    proven_at: datetime
    policy_digest: str
    digest: str
    digest_version: int
    lines: int
    amount_fen: int
    held: int
    left_out: int


class RunOut(_Out):
    """A run; ``allowed`` are the steps people may take now."""

    run_id: UUID
    version: int
    division: str
    month: str
    schemes: list[str]
    arrears_from: str
    state: RunState
    allowed: list[str]
    draft: DraftOut | None
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, run: Run) -> RunOut:
        """From a run."""
        draft = None
        if run.draft is not None:
            proven = run.draft.proven
            told = {name: getattr(run.draft, name) for name in DraftOut.model_fields if hasattr(run.draft, name)}
            draft = DraftOut(**told, epoch=proven.epoch, position=proven.position, proven_at=proven.at)
        return cls(
            run_id=run.run_id,
            version=run.version,
            division=run.division,
            month=str(run.month),
            schemes=list(run.schemes),
            arrears_from=str(run.arrears_from),
            state=run.state,
            allowed=[step.value for step in run.allowed()],
            draft=draft,
            created_at=run.created_at,
            created_by=run.created_by,
        )


class StepOut(_Out):
    """Something that was done with a run, by whom, and what it came to."""

    version: int
    step: str
    state_before: str | None
    state: str
    at: datetime
    recorded_by: str
    reason: str | None
    told: dict[str, Any]


class CheckOut(_Out):
    """A red check: how many it found, the first of them (person ids or townships), and its waiver."""

    name: str
    found: int
    shown: list[str]
    waived_at: datetime | None
    waived_by: str | None
    waiver: str | None


class DifferenceOut(_Out):
    """What is new, stopped or changed against the month before; ``reasons``: the rules that stopped it."""

    person_id: UUID
    scheme: str
    kind: str
    county: str
    before_fen: int
    after_fen: int
    reasons: list[str]

    @classmethod
    def of(cls, row: Any) -> DifferenceOut:
        """From its row."""
        told = {name: getattr(row, name) for name in cls.model_fields if name != "reasons"}
        return cls(**told, reasons=reasons_of(row.rules))


class LineOut(_Out):
    """A line: what is paid for which month, why, and where it stands."""

    person_id: UUID
    scheme: str
    month: str
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

    @classmethod
    def of(cls, line: LineSeen) -> LineOut:
        """From a line."""
        told = {name: getattr(line, name) for name in cls.model_fields}
        return cls(**told | {"month": str(Month.of(line.month))})


class BalanceOut(_Out):
    """What is due for a month and where it is. Amounts in fen; None where the month has no rate (READ-14).

    due = settled + in flight + held + returned + not yet run - overpaid; ``agrees``: whether it is so.
    """

    scheme: str
    month: str
    due_fen: int | None
    settled_fen: int
    in_flight_fen: int
    held_fen: int
    returned_fen: int
    not_yet_run_fen: int | None
    overpaid_fen: int | None
    agrees: bool | None

    @classmethod
    def of(cls, balance: Balance) -> BalanceOut:
        """From a balance."""
        told = {name: getattr(balance, name) for name in cls.model_fields}
        return cls(**told | {"month": str(balance.month)})


class InstructionOut(_Out):
    """What the bank was told to pay. ``instruction_key`` names line and attempt, in the file and in the answer."""

    instruction_key: UUID
    person_id: UUID
    scheme: str
    month: str
    seq: int
    attempt: int
    award_id: UUID
    county: str
    amount_fen: int

    @classmethod
    def of(cls, instruction: Instruction) -> InstructionOut:
        """From an instruction."""
        told = {name: getattr(instruction, name) for name in cls.model_fields}
        return cls(**told | {"month": str(instruction.month)})


class RefusedOut(_Out):
    """An answer that changed nothing, by its place in the list."""

    place: int
    instruction_key: UUID
    fault: Fault


class AnsweredOut(_Out):
    """``received = applied + unchanged + refused``."""

    received: int
    applied: int
    unchanged: int
    refused: list[RefusedOut]
    state: RunState


class BucketOut(_Out):
    """Lines of one county, scheme and state."""

    county: str
    scheme: str
    state: LineState
    lines: int
    amount_fen: int


class HopOut(_Out):
    """Two records of one sum."""

    name: str
    here_fen: int
    there_fen: int
    agrees: bool


class ReconciliationOut(_Out):
    """Run, ledger, instructions and answers side by side."""

    agrees: bool
    hops: list[HopOut]
    buckets: list[BucketOut]


def reasons_of(rules: int) -> list[str]:
    """The rules a bitmap names."""
    return [rule.id for rule in RULES if rules >> rule.number & 1]
