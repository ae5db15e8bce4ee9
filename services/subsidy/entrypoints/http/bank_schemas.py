"""Bodies and answers about banks' files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.subsidy.adapters import bank_declarations
from services.subsidy.adapters.bank_declarations import StoredDeclaration
from services.subsidy.domain.banking.cells import AMOUNT_FEN_MAX, WORDS, Misfit
from services.subsidy.domain.banking.declaration import CodeMeaning, Declaration, Holds
from services.subsidy.domain.banking.matching import READING_WORDS, Reading, ReadLine, words_of
from services.subsidy.domain.banking.reading import FILE_WORDS, FileFault
from services.subsidy.domain.banking.reasons import MEANINGS, Next, Reason
from services.subsidy.domain.banking.writing import NotWritten
from services.subsidy.domain.payroll.instructions import Outcome
from shared.kit.documents import DocumentStatus
from shared.kit.routing import RequestModel

TRIAL_PAYMENTS_MAX = 100
CONTENT_LENGTH_MAX = 400_000
"""Of base64: 300 kB of file, some thousand lines."""

MonthText = Annotated[str, StringConstraints(pattern=r"^(19|20|21)\d{2}-(0[1-9]|1[0-2])$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class DeclarationIn(RequestModel):
    """A whole declaration."""

    document: Declaration


class DivisionIn(RequestModel):
    """Whose declaration it becomes."""

    division: Annotated[str, StringConstraints(pattern=r"^(\*|\d{2}|\d{4}|\d{6})$", max_length=6)]


class TrialPaymentIn(RequestModel):
    """One payment of a trial, as agreed with the bank for testing. It is written and forgotten."""

    name: Words = Field(repr=False)
    account: Words = Field(repr=False)
    bank: Words
    amount_fen: int = Field(ge=1, le=AMOUNT_FEN_MAX)
    citizen_id_no: Annotated[str, StringConstraints(max_length=32)] = Field(default="", repr=False)


class TrialIn(RequestModel):
    """A trial sending: what would the files be."""

    batch: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,20}$")]
    month: MonthText
    purpose: Words
    payments: Annotated[list[TrialPaymentIn], Field(min_length=1, max_length=TRIAL_PAYMENTS_MAX, repr=False)]


class TrialAnswerIn(TrialIn):
    """The answer to one file of a trial: the same sending, the part answered, and the bank's file."""

    part: int = Field(default=1, ge=1, le=TRIAL_PAYMENTS_MAX)
    content: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]*={0,2}$", max_length=CONTENT_LENGTH_MAX)] = (
        Field(repr=False, description="银行回盘文件（base64）")
    )


class WordsOut(BaseModel):
    """A code with its words."""

    model_config = ConfigDict(frozen=True)

    code: str
    zh: str
    en: str


class DeclarationOut(BaseModel):
    """A declaration and its life."""

    model_config = ConfigDict(frozen=True)

    declaration_id: UUID
    version: int
    status: DocumentStatus
    division: str
    code: str
    title: str
    document: dict[str, Any]
    created_at: datetime
    created_by: str
    in_force_at: datetime | None
    approved_by: str | None
    withdrawn_at: datetime | None

    @classmethod
    def of(cls, stored: StoredDeclaration) -> DeclarationOut:
        """From what is stored."""
        return cls(
            declaration_id=stored.document_id,
            document=bank_declarations.dump(stored.document),
            **{name: getattr(stored.document, name) for name in ("division", "code", "title")},
            **{
                name: getattr(stored, name) for name in cls.model_fields if hasattr(stored, name) and name != "document"
            },
        )


class ReturnCodeOut(BaseModel):
    """A code of a bank: what it means, what it does to the line, what to do."""

    model_config = ConfigDict(frozen=True)

    code: str
    reason: Reason
    outcome: Outcome
    next: Next
    zh: str
    en: str
    advice_zh: str
    advice_en: str

    @classmethod
    def of(cls, code: CodeMeaning) -> ReturnCodeOut:
        """From the declaration and the dictionary of reasons."""
        meaning, (zh, en) = MEANINGS[code.reason], words_of(code)
        return cls(
            code=code.code,
            reason=code.reason,
            outcome=meaning.outcome,
            next=meaning.next,
            zh=zh,
            en=en,
            advice_zh=meaning.advice_zh,
            advice_en=meaning.advice_en,
        )


class TrialFileOut(BaseModel):
    """One sub-file with its control totals."""

    model_config = ConfigDict(frozen=True)

    name: str
    part: int
    bank: str
    count: int
    total_fen: int
    sha256: str
    content: str = Field(description="文件内容（base64）")


class NotWrittenOut(BaseModel):
    """A payment that stands in no file: its number in the trial, from 1, and what does not fit."""

    model_config = ConfigDict(frozen=True)

    number: int
    holds: Holds
    misfit: Misfit
    zh: str
    en: str

    @classmethod
    def of(cls, refused: NotWritten, number: int) -> NotWrittenOut:
        """From a refusal."""
        zh, en = WORDS[refused.misfit]
        return cls(number=number, holds=refused.holds, misfit=refused.misfit, zh=zh, en=en)


class TrialOut(BaseModel):
    """What a sending would be."""

    model_config = ConfigDict(frozen=True)

    files: list[TrialFileOut]
    not_written: list[NotWrittenOut]


class AnswerLineOut(BaseModel):
    """What one line of the answer is to us: its row in the file, the payment it is about, the reading."""

    model_config = ConfigDict(frozen=True)

    row: int
    number: int | None
    reading: Reading
    zh: str
    en: str
    code: str
    outcome: Outcome | None
    reason: ReturnCodeOut | None
    holds: Holds | None
    misfit: Misfit | None

    @classmethod
    def of(
        cls, read: ReadLine, *, number: int | None, outcome: Outcome | None, reason: CodeMeaning | None
    ) -> AnswerLineOut:
        """From a reading."""
        zh, en = READING_WORDS[read.reading]
        holds, misfit = read.line.misfit or (None, None)
        if misfit is not None:
            zh, en = f"{zh}：{WORDS[misfit][0]}", f"{en}: {WORDS[misfit][1]}"
        return cls(
            row=read.line.row,
            number=number,
            reading=read.reading,
            zh=zh,
            en=en,
            code=read.line.code,
            outcome=outcome,
            reason=None if reason is None else ReturnCodeOut.of(reason),
            holds=holds,
            misfit=misfit,
        )


class TrialAnswerOut(BaseModel):
    """What an answer would come to. With ``faults`` nothing of it counts."""

    model_config = ConfigDict(frozen=True)

    faults: list[WordsOut]
    lines: list[AnswerLineOut]
    counts: dict[Reading, int]
    unanswered: list[int]

    @staticmethod
    def fault(fault: FileFault) -> WordsOut:
        """A fault in words."""
        zh, en = FILE_WORDS[fault]
        return WordsOut(code=fault.value, zh=zh, en=en)
