"""Certificates: look up, list, and the steps of RULES 3.2."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.registry.adapters import queries
from services.registry.adapters.certificate_history import history_of, status_on
from services.registry.adapters.trail import CERTIFICATE_FIELDS, STOP_FIELDS
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import CertificateNotFound, StopNotFound
from services.registry.domain.overdue import earliest_cancellation, earliest_freeze
from services.registry.entrypoints.http.schemas import (
    Cancellation,
    CertificateOut,
    Changed,
    Freezing,
    StopOut,
    Transfer,
)
from services.registry.use_cases import change_certificate as steps
from services.registry.use_cases.ports import Subject
from shared.kit.audit import Look, looks
from shared.kit.bodies import Day, Moment
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work
from shared.kit.scoping import DivisionAsked
from shared.values.certificate import CertificateStatus
from shared.values.division import Division

router = Router(prefix="/api/v1", tags=["certificates"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("certificate:read")]
Writer = Annotated[Caller, Permit("certificate:write")]
Seen = Annotated[Precondition, Depends(if_match)]


@router.get("/certificates", summary="残疾人证列表")
async def list_certificates(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    division: DivisionAsked = None,
    status: CertificateStatus | None = None,
    person_id: UUID | None = None,
) -> Listed[CertificateOut]:
    """Certificates of the caller's divisions."""
    items, following = await queries.certificates_page(
        work.connection,
        page,
        within=caller.scope,
        division=None if division is None else Division.parse(division),
        status=status,
        person_id=person_id,
    )
    work.audit(*looks(((item.person_id, item.division.code) for item in items), CERTIFICATE_FIELDS, what="read"))
    return Listed(items=[CertificateOut.of(item, today=work.today()) for item in items], next=following)


@router.get("/certificates/{certificate_id}", summary="残疾人证详情")
async def read_certificate(
    *,
    caller: Reader,
    certificate_id: UUID,
    work: Work,
    response: Response,
    as_of: Annotated[Day | None, Query(description="当时的情况")] = None,
    known_at: Annotated[Moment | None, Query(description="截至何时所知")] = None,
) -> CertificateOut:
    """One certificate; its ETag is what a change must present. Looking back gives no ETag: the past is not changed."""
    found = await queries.certificate_by_id(work.connection, certificate_id, within=caller.scope)
    if found is None:
        raise CertificateNotFound
    work.audit(Look(found.person_id, CERTIFICATE_FIELDS, "read", found.division.code))
    if as_of is None and known_at is None:
        tag(response, found.version)
        return CertificateOut.of(found, today=work.today())
    day = as_of or work.today()
    versions = await history_of(work.connection, certificate_id, within=caller.scope, as_of=day, known_at=known_at)
    if not versions:
        raise CertificateNotFound
    then = {**versions[0], "status": status_on(versions[0], day), "person_id": found.person_id}
    return CertificateOut.model_validate({name: then[name] for name in CertificateOut.model_fields})


@router.get("/stops/{stop_id}", summary="停发事实详情")
async def read_stop(caller: Reader, stop_id: UUID, work: Work) -> StopOut:
    """One stop fact with its origin: what an award's cause points to."""
    found = await queries.stop_by_id(work.connection, stop_id, within=caller.scope)
    if found is None:
        raise StopNotFound
    work.audit(Look(found["person_id"], STOP_FIELDS, "read", found["division"]))
    return StopOut.model_validate(found)


@router.post("/certificates/{certificate_id}/cancellation", dependencies=[Idempotent()], summary="注销")
async def cancel(
    *, caller: Writer, certificate_id: UUID, body: Cancellation, work: Work, seen: Seen, response: Response
) -> Changed:
    """Cancel (CERT-26, CERT-27); subsidies are suspended by the event."""
    subject = await _load(certificate_id, work, caller, seen)
    timing = await work.timing(subject.certificate.division)
    outcome = await steps.cancel_certificate(
        subject,
        work,
        reason=body.reason,
        effective_date=body.effective_date or work.today(),
        proof=body.proof.proof(),
        earliest=earliest_cancellation(subject.certificate, body.reason, since=body.since, timing=timing),
    )
    tag(response, outcome[0].version)
    return Changed.of(outcome)


@router.post("/certificates/{certificate_id}/freezing", dependencies=[Idempotent()], summary="冻结")
async def freeze(
    *, caller: Writer, certificate_id: UUID, body: Freezing, work: Work, seen: Seen, response: Response
) -> Changed:
    """Freeze (CERT-24, CERT-28)."""
    subject = await _load(certificate_id, work, caller, seen)
    timing = await work.timing(subject.certificate.division)
    outcome = await steps.freeze_certificate(
        subject,
        work,
        reason=body.reason,
        effective_date=body.effective_date or work.today(),
        earliest=earliest_freeze(subject.certificate, body.reason, since=body.since, timing=timing),
    )
    tag(response, outcome[0].version)
    return Changed.of(outcome)


@router.post("/certificates/{certificate_id}/unfreezing", dependencies=[Idempotent()], summary="解冻")
async def unfreeze(*, caller: Writer, certificate_id: UUID, work: Work, seen: Seen, response: Response) -> Changed:
    """The cause of the freeze is gone (SUB-47)."""
    outcome = await steps.unfreeze_certificate(await _load(certificate_id, work, caller, seen), work)
    tag(response, outcome[0].version)
    return Changed.of(outcome)


@router.post("/certificates/{certificate_id}/transfer", dependencies=[Idempotent()], summary="迁移")
async def transfer(
    *, caller: Writer, certificate_id: UUID, body: Transfer, work: Work, seen: Seen, response: Response
) -> Changed:
    """Follow the household to another county (CERT-23). The caller must answer for the receiving county too."""
    subject = await _load(certificate_id, work, caller, seen)
    to = Division.parse(body.division)
    caller.must_cover(to.code)
    outcome = await steps.transfer_certificate(subject, work, to=to, moved_on=body.moved_on)
    tag(response, outcome[0].version)
    return Changed.of(outcome)


@router.post("/certificates/{certificate_id}/reinstatement", dependencies=[Idempotent()], summary="恢复")
async def reinstate(*, caller: Writer, certificate_id: UUID, work: Work, seen: Seen, response: Response) -> Changed:
    """A cancellation was wrong (RULES 3.2, reversal)."""
    outcome = await steps.reinstate_certificate(await _load(certificate_id, work, caller, seen), work)
    tag(response, outcome[0].version)
    return Changed.of(outcome)


async def _load(certificate_id: UUID, work: RegistryWork, caller: Caller, seen: Precondition) -> Subject:
    subject = await steps.load(certificate_id, work, within=caller.scope)
    seen.check(subject.certificate.version)
    return subject
