"""Banks' files as declared: drafted, tried with the bank, put in force by a second person; the dictionary of codes."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID, uuid5

from fastapi import Depends, Path, Query, Response

from services.subsidy.adapters import bank_declarations, bank_files
from services.subsidy.adapters.bank_declarations import DECLARATIONS, SHIPPED, StoredDeclaration
from services.subsidy.adapters.bank_files import BankFile
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.banking.cells import WORDS, CellDoesNotFit
from services.subsidy.domain.banking.declaration import Declaration, Holds
from services.subsidy.domain.banking.declaration_faults import faults
from services.subsidy.domain.banking.matching import Sent, SentLines, match
from services.subsidy.domain.banking.reading import Answer
from services.subsidy.domain.banking.writing import Batch, NotWritten, Payment
from services.subsidy.domain.errors import (
    AuthorCannotApprove,
    DeclarationInForce,
    DeclarationNotFound,
    TrialDoesNotFit,
    TrialPartNotFound,
)
from services.subsidy.entrypoints.http.bank_schemas import (
    AnswerLineOut,
    DeclarationIn,
    DeclarationOut,
    DivisionIn,
    NotWrittenOut,
    ReturnCodeOut,
    TrialAnswerIn,
    TrialAnswerOut,
    TrialFileOut,
    TrialIn,
    TrialOut,
)
from shared.kit.audit import Change
from shared.kit.clock import SHANGHAI
from shared.kit.document_routes import ApprovedIn, ShippedOut, must_be_faultless, must_be_inside
from shared.kit.documents import DocumentStatus, checker_of
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.four_eyes import redeem
from shared.kit.idempotency import Idempotent
from shared.kit.limits import Budget
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import FieldError, Problem
from shared.kit.routing import Router, open_work
from shared.values.division import Division
from shared.values.document_faults import NATION
from shared.values.month import Month

router = Router(prefix="/api/v1/bank-declarations", tags=["bank files"])
beside = Router(prefix="/api/v1/shipped-bank-declarations", tags=["bank files"])

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
READER = Permit("bank:read")
WRITER = Permit("bank:write")
Writer = Annotated[Caller, WRITER]
Seen = Annotated[Precondition, Depends(if_match)]
ShippedName = Annotated[str, Path(pattern=r"^[A-Za-z-]{1,40}$")]
_TRIALS: Final = UUID("8a5d6b0e-41c5-5c1b-9d0e-2b8a4f7c9e31")
"""The namespace of the instruction keys of trials: the same trial has the same keys, and no real one has them."""


@router.post("", status_code=201, dependencies=[Idempotent()], summary="起草银行文件约定")
async def draft(caller: Writer, body: DeclarationIn, work: Work, response: Response) -> DeclarationOut:
    """Draft a declaration; no file is made by it yet, but it can be tried out."""
    stored = await _drafted(work, caller, body.document)
    response.headers["Location"] = f"/api/v1/bank-declarations/{stored.document_id}"
    tag(response, stored.version)
    return DeclarationOut.of(stored)


@router.get("", dependencies=[READER], summary="银行文件约定列表")
async def list_declarations(
    work: Work,
    page: PageAsked,
    *,
    division: Annotated[str | None, Query(max_length=12, description="该区划适用的约定，含上级")] = None,
    status: DocumentStatus | None = None,
) -> Listed[DeclarationOut]:
    """Declarations; with a division all that concern it."""
    asked = None if division is None else Division.parse(division)
    items, following = await DECLARATIONS.page_of(work.connection, page, division=asked, status=status)
    return Listed(items=[DeclarationOut.of(item) for item in items], next=following)


@beside.get("", dependencies=[READER], summary="随产品提供的银行文件约定样本")
async def list_shipped() -> Listed[ShippedOut]:
    """Examples to begin from; nothing of them counts before it was drafted and put in force."""
    return Listed(items=[ShippedOut(name=name, titles=titles) for name, titles in SHIPPED.titles().items()])


@beside.post("/{name}/drafts", status_code=201, dependencies=[Idempotent()], summary="以样本起草银行文件约定")
async def draft_shipped(caller: Writer, name: ShippedName, body: DivisionIn, work: Work) -> Listed[DeclarationOut]:
    """Draft a shipped declaration for a division; change it to what was agreed with the bank before it is used."""
    shipped = SHIPPED.documents(name)
    if shipped is None:
        raise DeclarationNotFound
    return Listed(
        items=[
            DeclarationOut.of(await _drafted(work, caller, replace(document, division=body.division)))
            for document in shipped
        ]
    )


@router.get("/{declaration_id}", dependencies=[READER], summary="银行文件约定详情")
async def read_declaration(declaration_id: UUID, work: Work, response: Response) -> DeclarationOut:
    """One declaration."""
    stored = await _found(work, declaration_id)
    tag(response, stored.version)
    return DeclarationOut.of(stored)


@router.get("/{declaration_id}/return-codes", dependencies=[READER], summary="银行返回码字典")
async def list_codes(declaration_id: UUID, work: Work) -> Listed[ReturnCodeOut]:
    """What the codes of this bank mean, and what to do about each."""
    stored = await _found(work, declaration_id)
    return Listed(items=[ReturnCodeOut.of(code) for code in stored.document.codes], next=None)


@router.put("/{declaration_id}", summary="修改银行文件约定草案")
async def change(
    *, caller: Writer, declaration_id: UUID, body: DeclarationIn, work: Work, seen: Seen, response: Response
) -> DeclarationOut:
    """Replace the content of a draft."""
    must_be_faultless(faults(body.document), "declaration_invalid")
    must_be_inside(body.document.division, caller)
    stored = await _mine(work, declaration_id, caller)
    seen.check(stored.version)
    changed = await DECLARATIONS.change(work.connection, stored, body.document, by=caller.subject)
    return _told(work, response, "changed", changed)


@router.post("/{declaration_id}/entry-into-force", dependencies=[Idempotent()], summary="启用银行文件约定（双人复核）")
async def put_in_force(
    caller: Writer, declaration_id: UUID, body: ApprovedIn, work: Work, response: Response
) -> DeclarationOut:
    """Put a draft in force with the approval of another person (matter ``bank_declaration.in_force``)."""
    stored = await _mine(work, declaration_id, caller)
    stored.must_allow("put_in_force")
    await redeem(work, DECLARATIONS.in_force, str(declaration_id), body.approval_id)
    checker = await checker_of(work.connection, body.approval_id)
    if checker == stored.created_by:
        raise AuthorCannotApprove
    document = stored.document
    standing = await bank_declarations.in_force(work.connection, document.division, document.code)
    if standing is not None:
        raise DeclarationInForce(declaration_id=str(standing))
    return _told(
        work, response, "put_in_force", await DECLARATIONS.put_in_force(work.connection, stored, approved_by=checker)
    )


@router.post("/{declaration_id}/withdrawal", dependencies=[Idempotent()], summary="停用银行文件约定（双人复核）")
async def withdraw(
    caller: Writer, declaration_id: UUID, body: ApprovedIn, work: Work, response: Response
) -> DeclarationOut:
    """Withdraw a declaration (matter ``bank_declaration.withdrawal``); files made by it stay readable."""
    stored = await _mine(work, declaration_id, caller)
    stored.must_allow("withdraw")
    await redeem(work, DECLARATIONS.withdrawal, str(declaration_id), body.approval_id)
    return _told(work, response, "withdrawn", await DECLARATIONS.withdraw(work.connection, stored))


@router.post("/{declaration_id}/discarding", dependencies=[Idempotent()], summary="作废银行文件约定草案")
async def discard(caller: Writer, declaration_id: UUID, work: Work, seen: Seen, response: Response) -> DeclarationOut:
    """Give up a draft."""
    stored = await _mine(work, declaration_id, caller)
    seen.check(stored.version)
    return _told(work, response, "discarded", await DECLARATIONS.discard(work.connection, stored))


# --- trials ---------------------------------------------------------------------------------------------------------

_TRIED: Final = Budget("bank.trial", subject="30/minute")


@router.post("/{declaration_id}/trial-files", dependencies=[WRITER, _TRIED], summary="试生成银行文件")
async def try_files(declaration_id: UUID, body: TrialIn, work: Work) -> TrialOut:
    """The files these payments would make, for testing with the bank; nothing is kept and nothing is paid."""
    stored = await _found(work, declaration_id)
    work.audit(_tried(stored))
    payments = _payments(declaration_id, body)
    made, refused = _written(stored.document, body, work, payments)
    numbers = _numbers(payments)
    return TrialOut(
        files=[_file(each) for each in made],
        not_written=[NotWrittenOut.of(each, numbers[each.instruction_key]) for each in refused],
    )


@router.post("/{declaration_id}/trial-answers", dependencies=[WRITER, _TRIED], summary="试读银行回盘文件")
async def try_answer(declaration_id: UUID, body: TrialAnswerIn, work: Work) -> TrialAnswerOut:
    """What an answer to one file of a trial would come to, line by line; nothing is kept."""
    stored = await _found(work, declaration_id)
    work.audit(_tried(stored))
    payments = _payments(declaration_id, body)
    made, _ = _written(stored.document, body, work, payments)
    file = next((each for each in made if each.file.part == body.part), None)
    if file is None:
        raise TrialPartNotFound(parts=len(made))
    try:
        content = base64.b64decode(body.content, validate=True)
    except binascii.Error:
        wrong = FieldError("base64_invalid", "不是完整的 base64 内容", "not base64", pointer="#/content")
        raise Problem("body_invalid", errors=[wrong], count=1) from None
    answer = bank_files.answer_of(stored.document, io.BytesIO(content), batch=body.batch)
    return _answered(stored.document, file, payments, answer, at=work.now().astimezone(SHANGHAI))


def _payments(declaration_id: UUID, body: TrialIn) -> list[Payment]:
    """In the order given. The same trial has the same keys."""
    month = Month.parse(body.month)
    return [
        Payment(
            instruction_key=uuid5(_TRIALS, f"{declaration_id}/{body.batch}/{number}"),
            month=month,
            **given.model_dump(),
        )
        for number, given in enumerate(body.payments, start=1)
    ]


def _numbers(payments: list[Payment]) -> dict[UUID, int]:
    return {payment.instruction_key: number for number, payment in enumerate(payments, start=1)}


def _written(
    declaration: Declaration, body: TrialIn, work: SubsidyWork, payments: list[Payment]
) -> tuple[list[BankFile], list[NotWritten]]:
    batch = Batch(body.batch, work.today(), Month.parse(body.month), body.purpose)
    try:
        return bank_files.write(declaration, batch, sorted(payments, key=lambda payment: payment.bank))
    except CellDoesNotFit as cell:
        zh, en = WORDS[cell.misfit]
        raise TrialDoesNotFit(holds=cell.holds.value, zh=zh, en=en) from None


def _file(made: BankFile) -> TrialFileOut:
    file = made.file
    return TrialFileOut(
        name=file.name,
        part=file.part,
        bank=file.bank,
        count=file.count,
        total_fen=file.total_fen,
        sha256=made.sha256.hex(),
        content=base64.b64encode(made.content).decode(),
    )


def _answered(
    declaration: Declaration, file: BankFile, payments: list[Payment], answer: Answer, *, at: datetime
) -> TrialAnswerOut:
    amounts = {payment.instruction_key: payment.amount_fen for payment in payments}
    by_key = declaration.known_by is Holds.INSTRUCTION_KEY
    sent: SentLines = {
        key if by_key else ordinal: Sent(key, amounts[key]) for ordinal, key in enumerate(file.file.keys, start=1)
    }
    matched = match(declaration, answer, sent, at=at)
    numbers, codes = _numbers(payments), {code.code: code for code in declaration.codes}
    outcomes = {result.instruction_key: result.outcome for result in matched.results}
    return TrialAnswerOut(
        faults=[TrialAnswerOut.fault(each) for each in answer.faults],
        lines=[
            AnswerLineOut.of(
                each,
                number=None if each.sent is None else numbers[each.sent.instruction_key],
                outcome=None if each.sent is None else outcomes.get(each.sent.instruction_key),
                reason=codes.get(each.line.code),
            )
            for each in matched.lines
        ],
        counts=dict(matched.counts),
        unanswered=[numbers[each] for each in matched.unanswered],
    )


# --- documents ------------------------------------------------------------------------------------------------------


async def _drafted(work: SubsidyWork, caller: Caller, document: Declaration) -> StoredDeclaration:
    must_be_faultless(faults(document), "declaration_invalid")
    must_be_inside(document.division, caller)
    stored = await DECLARATIONS.draft(work.connection, work.new_id(), document, by=caller.subject)
    work.audit(_change("drafted", stored))
    return stored


async def _found(work: SubsidyWork, declaration_id: UUID, *, lock: bool = False) -> StoredDeclaration:
    stored = await DECLARATIONS.get(work.connection, declaration_id, lock=lock)
    if stored is None:
        raise DeclarationNotFound
    return stored


async def _mine(work: SubsidyWork, declaration_id: UUID, caller: Caller) -> StoredDeclaration:
    """A declaration of the caller's divisions, locked; everybody may read the others, and nothing more."""
    stored = await _found(work, declaration_id, lock=True)
    must_be_inside(stored.document.division, caller)
    return stored


def _told(work: SubsidyWork, response: Response, what: str, stored: StoredDeclaration) -> DeclarationOut:
    work.audit(_change(what, stored))
    tag(response, stored.version)
    return DeclarationOut.of(stored)


def _place(stored: StoredDeclaration) -> str | None:
    return None if stored.document.division == NATION else stored.document.division


def _change(what: str, stored: StoredDeclaration) -> Change:
    after = {"declaration_id": stored.document_id, "version": stored.version, "status": stored.status}
    return Change(None, f"bank_declaration.{what}", after=after, division=_place(stored))


def _tried(stored: StoredDeclaration) -> Change:
    after = {"declaration_id": stored.document_id, "version": stored.version}
    return Change(None, "bank_declaration.tried", after=after, division=_place(stored))
