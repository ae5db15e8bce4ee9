"""Aid programmes as documents: drafted, put in force by a second person, withdrawn by two; how far each is."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Path, Response

from services.rehab.adapters import aid_programmes, aid_queries
from services.rehab.adapters.aid import reaches
from services.rehab.adapters.aid_programmes import PROGRAMMES, SHIPPED, StoredProgramme
from services.rehab.domain.aid import AidProgramme, faults
from services.rehab.domain.aid_errors import ProgrammeAuthorCannotApprove, ProgrammeInForce, ProgrammeNotFound
from services.rehab.entrypoints.http.desk import ONCE, Seen, Work
from services.rehab.entrypoints.http.schemas_aid import CountyIn, ProgrammeIn, ProgrammeOut, ProgressOut
from shared.kit.audit import Change
from shared.kit.document_routes import ApprovedIn, ShippedOut, must_be_faultless, must_be_inside
from shared.kit.documents import DocumentStatus, checker_of
from shared.kit.etags import tag
from shared.kit.four_eyes import redeem
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router
from shared.kit.scoping import DivisionAsked
from shared.values.division import Division

router = Router(prefix="/api/v1/programmes", tags=["programmes"])
beside = Router(prefix="/api/v1/shipped-programmes", tags=["programmes"])

READER = Permit("programme:read")
Reader = Annotated[Caller, READER]
Writer = Annotated[Caller, Permit("programme:write")]
ShippedName = Annotated[str, Path(pattern=r"^[a-z-]{1,40}$")]


@router.post("", status_code=201, dependencies=[ONCE], summary="起草救助项目")
async def draft(caller: Writer, body: ProgrammeIn, work: Work, response: Response) -> ProgrammeOut:
    """Draft a programme; nothing is given by it before another person approved."""
    stored = await _drafted(work, caller, body.document)
    response.headers["Location"] = f"/api/v1/programmes/{stored.document_id}"
    tag(response, stored.version)
    return ProgrammeOut.of(stored)


@router.get("", summary="救助项目列表")
async def list_programmes(
    *, caller: Reader, work: Work, page: PageAsked, division: DivisionAsked = None, status: DocumentStatus | None = None
) -> Listed[ProgrammeOut]:
    """Programmes of the caller's divisions and around them; with a division all that concern it."""
    asked = None if division is None else Division.parse(division)
    items, following = await PROGRAMMES.page_of(
        work.connection, page, division=asked, status=status, reaching=caller.scope
    )
    return Listed(items=[ProgrammeOut.of(item) for item in items], next=following)


@beside.get("", dependencies=[READER], summary="随产品提供的救助项目样本")
async def list_shipped() -> Listed[ShippedOut]:
    """Every programme the sources name, to begin from; nothing of them counts before it is in force."""
    return Listed(items=[ShippedOut(name=name, titles=titles) for name, titles in SHIPPED.titles().items()])


@beside.post("/{name}/drafts", status_code=201, dependencies=[ONCE], summary="以样本起草救助项目")
async def draft_shipped(caller: Writer, name: ShippedName, body: CountyIn, work: Work) -> Listed[ProgrammeOut]:
    """Draft a shipped programme for a division; quota, money and contract are then the division's to set."""
    shipped = SHIPPED.documents(name)
    if shipped is None:
        raise ProgrammeNotFound
    drafted = [await _drafted(work, caller, replace(document, division=body.division)) for document in shipped]
    return Listed(items=[ProgrammeOut.of(each) for each in drafted])


@router.get("/{programme_id}", summary="救助项目详情")
async def read_programme(caller: Reader, programme_id: UUID, work: Work, response: Response) -> ProgrammeOut:
    """One programme."""
    stored = await _found(work, programme_id, caller)
    tag(response, stored.version)
    return ProgrammeOut.of(stored)


@router.get("/{programme_id}/progress", summary="救助项目进度（符合条件、名额、完成、结余）")
async def read_progress(caller: Reader, programme_id: UUID, work: Work) -> ProgressOut:
    """Eligible, quota, done and surplus side by side (KPI-45), for who answers for a place the programme reaches."""
    stored = await _found(work, programme_id, caller)
    return ProgressOut(**await aid_queries.progress(work.connection, programme_id, stored.document, today=work.today()))


@router.put("/{programme_id}", summary="修改救助项目草案")
async def change(
    *, caller: Writer, programme_id: UUID, body: ProgrammeIn, work: Work, seen: Seen, response: Response
) -> ProgrammeOut:
    """Replace the content of a draft."""
    stored = await _mine(work, programme_id, caller)
    must_be_faultless(faults(body.document), "programme_invalid")
    must_be_inside(body.document.division, caller)
    seen.check(stored.version)
    changed = await PROGRAMMES.change(work.connection, stored, body.document, by=caller.subject)
    return _told(work, response, "changed", changed)


@router.post("/{programme_id}/entry-into-force", dependencies=[ONCE], summary="启动救助项目（双人复核）")
async def put_in_force(
    caller: Writer, programme_id: UUID, body: ApprovedIn, work: Work, response: Response
) -> ProgrammeOut:
    """With the approval of another person (matter ``aid_programme.in_force``)."""
    stored = await _mine(work, programme_id, caller)
    stored.must_allow("put_in_force")
    await redeem(work, PROGRAMMES.in_force, str(programme_id), body.approval_id)
    checker = await checker_of(work.connection, body.approval_id)
    if checker == stored.created_by:
        raise ProgrammeAuthorCannotApprove
    standing = await aid_programmes.in_force(work.connection, stored.document.division, stored.document.code)
    if standing is not None:
        raise ProgrammeInForce(programme_id=str(standing))
    changed = await PROGRAMMES.put_in_force(work.connection, stored, approved_by=checker)
    return _told(work, response, "put_in_force", changed)


@router.post("/{programme_id}/withdrawal", dependencies=[ONCE], summary="终止救助项目（双人复核）")
async def withdraw(
    caller: Writer, programme_id: UUID, body: ApprovedIn, work: Work, response: Response
) -> ProgrammeOut:
    """Nothing more is given (matter ``aid_programme.withdrawal``); what was given is still accepted and settled."""
    stored = await _mine(work, programme_id, caller)
    stored.must_allow("withdraw")
    await redeem(work, PROGRAMMES.withdrawal, str(programme_id), body.approval_id)
    return _told(work, response, "withdrawn", await PROGRAMMES.withdraw(work.connection, stored))


@router.post("/{programme_id}/discarding", dependencies=[ONCE], summary="作废救助项目草案")
async def discard(caller: Writer, programme_id: UUID, work: Work, seen: Seen, response: Response) -> ProgrammeOut:
    """Give up a draft."""
    stored = await _mine(work, programme_id, caller)
    seen.check(stored.version)
    return _told(work, response, "discarded", await PROGRAMMES.discard(work.connection, stored))


async def _drafted(work: Work, caller: Caller, document: AidProgramme) -> StoredProgramme:
    must_be_faultless(faults(document), "programme_invalid")
    must_be_inside(document.division, caller)
    stored = await PROGRAMMES.draft(work.connection, work.new_id(), document, by=caller.subject)
    work.audit(_change("drafted", stored))
    return stored


async def _found(work: Work, programme_id: UUID, caller: Caller, *, lock: bool = False) -> StoredProgramme:
    """One that lies in the caller's divisions or around them."""
    stored = await PROGRAMMES.get(work.connection, programme_id, lock=lock)
    if stored is None or not reaches(stored.document.division, caller.scope):
        raise ProgrammeNotFound
    return stored


async def _mine(work: Work, programme_id: UUID, caller: Caller) -> StoredProgramme:
    """A programme of the caller's divisions, locked; those around them may be read, and nothing more."""
    stored = await _found(work, programme_id, caller, lock=True)
    must_be_inside(stored.document.division, caller)
    return stored


def _told(work: Work, response: Response, what: str, stored: StoredProgramme) -> ProgrammeOut:
    work.audit(_change(what, stored))
    tag(response, stored.version)
    return ProgrammeOut.of(stored)


def _change(what: str, stored: StoredProgramme) -> Change:
    after = {"programme_id": stored.document_id, "version": stored.version, "status": stored.status}
    return Change(None, f"aid_programme.{what}", after=after, division=stored.document.division)
