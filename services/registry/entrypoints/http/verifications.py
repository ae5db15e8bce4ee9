"""Verification for others, signed proofs, and a certificate's history."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.registry.adapters import queries
from services.registry.adapters.certificate_history import history_of, status_on
from services.registry.adapters.own_data import number_of
from services.registry.adapters.status_proof import key_set, prove, qr_svg
from services.registry.adapters.trail import CERTIFICATE_FIELDS
from services.registry.adapters.verifications import Verified, verify
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import CertificateNotFound, DateInFuture
from shared.kit.audit import Look
from shared.kit.bodies import Day, Moment
from shared.kit.idempotency import Idempotent
from shared.kit.limits import Budget
from shared.kit.pagination import Listed
from shared.kit.permissions import Caller, Permit, Public
from shared.kit.routing import RequestModel, Router, open_reading, open_work
from shared.kit.signing import PublicKeys, Signer
from shared.values.certificate import CertificateStatus

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reading = Annotated[RegistryWork, Depends(open_reading, scope="function")]
Verifier = Annotated[Caller, Permit("certificate:verify")]
Reader = Annotated[Caller, Permit("certificate:read")]

ITEMS_MAX: Final = 1_000
NAMED_MAX: Final = 20
"""Up to so many persons each look has its own entry in the trail; more share one that names them all."""
_FIELDS: Final = ("status", "category", "grade", "validity")
Number = Annotated[str, StringConstraints(min_length=15, max_length=32)]


class VerificationsIn(RequestModel):
    """Certificate or identity numbers, and the day that is asked about (default today)."""

    items: Annotated[list[Number], Field(min_length=1, max_length=ITEMS_MAX, description="残疾人证号或公民身份号码")]
    on: date | None = None


class VerificationOut(BaseModel):
    """What a number stands for; the numbers themselves are not repeated: answers stand in the order of the question."""

    model_config = ConfigDict(frozen=True)

    status: str = Field(description="证件状态；UNKNOWN：您的辖区内没有该号码的残疾人证")
    valid: bool
    category: int | None
    grade: int | None
    issued_on: date | None
    expires_on: date | None


class VerificationsOut(BaseModel):
    """The answers."""

    model_config = ConfigDict(frozen=True)

    on: date
    items: list[VerificationOut]


class VersionOut(BaseModel):
    """A certificate as it was from ``effective_on``, as it was known from ``recorded_at``."""

    model_config = ConfigDict(frozen=True)

    certificate_id: UUID
    version: int
    division: str
    status: CertificateStatus
    category: int
    grade: int
    components: str
    issued_on: date
    expires_on: date
    effective_on: date
    recorded_at: datetime


class ProofOut(BaseModel):
    """The proof as text and as a QR code to print or show."""

    model_config = ConfigDict(frozen=True)

    proof: str
    valid_until: datetime
    qr_svg: str


class KeySetOut(BaseModel):
    """The keys proofs are checked with, as a JWK set (RFC 7517)."""

    model_config = ConfigDict(frozen=True)

    keys: list[dict[str, str]]


router = Router(prefix="/api/v1", tags=["verifications"])


@router.post(
    "/verifications",
    response_model=VerificationsOut,
    # A number has few unknown digits: whoever may try freely can find everybody.
    dependencies=[Budget("certificate.verification", client="2000/second", subject="120/minute;5000/day")],
    summary="核验残疾人证",
)
async def verify_numbers(caller: Verifier, body: VerificationsIn, work: Reading) -> Response:
    """Status, category, grade and validity of up to a thousand certificates on a day."""
    today = work.today()
    on = body.on or today
    if on > today:
        raise DateInFuture(field="on", given=on.isoformat(), today=today.isoformat())
    found = await verify(work.connection, work.secrets, body.items, on=on, today=today, within=caller.scope)
    work.audit(*_looks(found))
    content = f'{{"on":"{on.isoformat()}","items":[{",".join(found.answers)}]}}'
    return Response(content, media_type="application/json")


def _looks(found: Verified) -> list[Look]:
    if 0 < len(found.holders) <= NAMED_MAX:
        return [Look(UUID(person_id), _FIELDS, "verified", division) for person_id, division in found.holders]
    return [Look(None, _FIELDS, "verified", persons=tuple(person_id for person_id, _ in found.holders))]


@router.get("/certificates/{certificate_id}/history", summary="残疾人证历史")
async def read_history(
    *,
    caller: Reader,
    certificate_id: UUID,
    work: Work,
    as_of: Annotated[Day | None, Query(description="当时的情况")] = None,
    known_at: Annotated[Moment | None, Query(description="截至何时所知")] = None,
) -> Listed[VersionOut]:
    """Every version, newest first; ``as_of`` and ``known_at`` leave the first one as what was so, as far as known."""
    found = await history_of(work.connection, certificate_id, within=caller.scope, as_of=as_of, known_at=known_at)
    holder = await queries.certificate_by_id(work.connection, certificate_id, within=caller.scope)
    if not found and holder is None:
        raise CertificateNotFound
    person_id = None if holder is None else holder.person_id
    work.audit(Look(person_id, CERTIFICATE_FIELDS, "history", found[0]["division"] if found else None))
    if as_of is not None and found:
        found = [{**found[0], "status": status_on(found[0], as_of)}, *found[1:]]
    return Listed(items=[VersionOut.model_validate(each) for each in found])


def proof_router(signer: Signer, keys: PublicKeys, *, issuer: str) -> Router:
    """Proofs, and the keys that check them."""
    proving = Router(prefix="/api/v1", tags=["verifications"])

    @proving.post(
        "/certificates/{certificate_id}/status-proof", dependencies=[Idempotent()], summary="出具残疾人证状态证明"
    )
    async def make_proof(caller: Verifier, certificate_id: UUID, work: Work) -> ProofOut:
        """A proof that a third party checks offline: bound to the card, valid for a day, with no name and no number."""
        certificate = await queries.certificate_by_id(work.connection, certificate_id, within=caller.scope)
        number = await number_of(work, certificate_id)
        if certificate is None or number is None:
            raise CertificateNotFound
        proof, until = prove(certificate, number, signer, issuer=issuer, now=work.now(), today=work.today())
        work.audit(Look(certificate.person_id, ("status",), "proved", certificate.division.code))
        return ProofOut(proof=proof, valid_until=until, qr_svg=qr_svg(proof))

    @proving.get("/status-proof-keys", dependencies=[Public()], summary="状态证明验签公钥")
    async def read_keys() -> KeySetOut:
        """What proofs are checked with."""
        return KeySetOut.model_validate(key_set(keys))

    return proving
