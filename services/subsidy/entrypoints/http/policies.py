"""Policy documents: drafted, looked at in effect, put in force by a second person, withdrawn."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.subsidy.adapters import policy_documents, shipped_policies
from services.subsidy.adapters.policies import POLICIES, PolicyStatus, StoredPolicy
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.errors import AuthorCannotApprove, PolicyNotFound
from services.subsidy.domain.policy import Overlap, PolicyDocument
from services.subsidy.domain.policy_book import PolicyBook
from services.subsidy.domain.policy_faults import advice, clashes, faults
from shared.kit.audit import Change
from shared.kit.bodies import Moment
from shared.kit.document_routes import ApprovedIn, ShippedOut, must_be_faultless, must_be_inside
from shared.kit.documents import checker_of
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.four_eyes import redeem
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import RequestModel, Router, open_work
from shared.values.division import Division
from shared.values.document_faults import NATION, Fault
from shared.values.month import Month

router = Router(prefix="/api/v1/policies", tags=["policies"])
beside = Router(prefix="/api/v1", tags=["policies"])

Work = Annotated[SubsidyWork, Depends(open_work, scope="function")]
READER = Permit("policy:read")
Writer = Annotated[Caller, Permit("policy:write")]
Seen = Annotated[Precondition, Depends(if_match)]
ShippedName = Annotated[str, Path(pattern=r"^[A-Za-z-]{1,40}$")]


class PolicyIn(RequestModel):
    """A whole document; it says only what its division changes."""

    document: PolicyDocument


class AdviceOut(BaseModel):
    """What a second person should look at; it forbids nothing."""

    model_config = ConfigDict(frozen=True)

    where: str
    zh: str
    en: str


class PolicyOut(BaseModel):
    """A document and its life."""

    model_config = ConfigDict(frozen=True)

    policy_id: UUID
    version: int
    status: PolicyStatus
    document: dict[str, Any]
    created_at: datetime
    created_by: str
    in_force_at: datetime | None
    approved_by: str | None
    withdrawn_at: datetime | None
    advice: list[AdviceOut] = Field(default_factory=list)

    @classmethod
    def of(cls, stored: StoredPolicy, told: list[Fault] | None = None) -> PolicyOut:
        """From what is stored."""
        return cls(
            policy_id=stored.document_id,
            version=stored.version,
            status=stored.status,
            document=policy_documents.dump(stored.document),
            created_at=stored.created_at,
            created_by=stored.created_by,
            in_force_at=stored.in_force_at,
            approved_by=stored.approved_by,
            withdrawn_at=stored.withdrawn_at,
            advice=[AdviceOut(where=each.where, zh=each.zh, en=each.en) for each in told or []],
        )


class DifferenceOut(BaseModel):
    """One part: what it is here, and there; null where a document does not say it."""

    model_config = ConfigDict(frozen=True)

    where: str
    here: Any
    there: Any


class ComparisonOut(BaseModel):
    """Two documents side by side."""

    model_config = ConfigDict(frozen=True)

    policy_id: UUID
    other_id: UUID
    differences: list[DifferenceOut]


class SchemeOut(BaseModel):
    """What a scheme is in a county in a month, all documents put together."""

    model_config = ConfigDict(frozen=True)

    scheme: str
    title_zh: str
    offered: bool
    due_month: int | None
    excluded_by: list[str]
    compared_with: list[str]
    quota: int | None
    has_tariff: bool


class EffectivePolicyOut(BaseModel):
    """The policy of a county in a month."""

    model_config = ConfigDict(frozen=True)

    division: str
    month: str
    schemes: list[SchemeOut]
    choices: dict[str, Any]


@router.post("", status_code=201, dependencies=[Idempotent()], summary="起草政策文件")
async def draft(caller: Writer, body: PolicyIn, work: Work, response: Response) -> PolicyOut:
    """Draft a document; it counts for nothing yet, but can be tried out."""
    _must_be_sound(body.document, caller)
    stored = await POLICIES.draft(work.connection, work.new_id(), body.document, by=caller.subject)
    work.audit(_change("policy.drafted", stored))
    response.headers["Location"] = f"/api/v1/policies/{stored.document_id}"
    tag(response, stored.version)
    return PolicyOut.of(stored, await _advice(work, stored))


@router.get("", dependencies=[READER], summary="政策文件列表")
async def list_policies(
    work: Work,
    page: PageAsked,
    *,
    division: Annotated[str | None, Query(max_length=12, description="该区划适用的文件，含上级")] = None,
    status: PolicyStatus | None = None,
) -> Listed[PolicyOut]:
    """Documents; with a division all that concern it."""
    asked = None if division is None else Division.parse(division)
    items, following = await POLICIES.page_of(work.connection, page, division=asked, status=status)
    return Listed(items=[PolicyOut.of(item) for item in items], next=following)


@beside.get("/effective-policies", dependencies=[READER], summary="某地某月适用的政策")
async def in_effect(
    work: Work,
    division: Annotated[str, Query(min_length=6, max_length=12)],
    month: Annotated[str, Query(pattern=r"^\d{4}-\d{2}$")],
    *,
    known_at: Annotated[Moment | None, Query(description="按当时施行的文件；缺省为现在")] = None,
) -> EffectivePolicyOut:
    """All documents of the county and the divisions around it, put together for a month."""
    county, asked = Division.parse(division).code[:6], Month.parse(month)
    book = PolicyBook(await policy_documents.in_force(work.connection, known_at))
    choices = book.choices(county, asked)
    return EffectivePolicyOut(
        division=county,
        month=str(asked),
        schemes=[_scheme(book, county, asked, scheme) for scheme in book.schemes],
        choices={name: getattr(choices, name) for name in choices.__dataclass_fields__},
    )


@beside.get("/shipped-policies", dependencies=[READER], summary="随产品提供的政策样本")
async def list_shipped() -> Listed[ShippedOut]:
    """Profiles a county may begin from; nothing of them counts before it was drafted and put in force."""
    return Listed(items=[ShippedOut(name=name, titles=titles) for name, titles in shipped_policies.titles().items()])


@beside.post("/shipped-policies/{name}/drafts", status_code=201, dependencies=[Idempotent()], summary="以政策样本起草")
async def draft_shipped(caller: Writer, name: ShippedName, work: Work) -> Listed[PolicyOut]:
    """Draft every document of a shipped profile."""
    documents = shipped_policies.documents(name)
    if documents is None:
        raise PolicyNotFound
    for document in documents:
        must_be_inside(document.division, caller)
    stored = [
        await POLICIES.draft(work.connection, work.new_id(), document, by=caller.subject) for document in documents
    ]
    work.audit(*(_change("policy.drafted", each) for each in stored))
    return Listed(items=[PolicyOut.of(each) for each in stored])


@router.get("/{policy_id}/comparison", dependencies=[READER], summary="两份政策文件的比较")
async def compare(
    policy_id: UUID, work: Work, other_id: Annotated[UUID, Query(description="另一份文件")]
) -> ComparisonOut:
    """What another document says differently, part by part."""
    one, two = await _found(work, policy_id), await _found(work, other_id)
    told = policy_documents.differences(one.document, two.document)
    return ComparisonOut(
        policy_id=policy_id,
        other_id=other_id,
        differences=[DifferenceOut(where=where, here=here, there=there) for where, here, there in told],
    )


@router.get("/{policy_id}", dependencies=[READER], summary="政策文件详情")
async def read_policy(policy_id: UUID, work: Work, response: Response) -> PolicyOut:
    """One document."""
    stored = await _found(work, policy_id)
    tag(response, stored.version)
    return PolicyOut.of(stored, await _advice(work, stored))


@router.put("/{policy_id}", summary="修改政策草案")
async def change(
    *, caller: Writer, policy_id: UUID, body: PolicyIn, work: Work, seen: Seen, response: Response
) -> PolicyOut:
    """Replace the content of a draft."""
    _must_be_sound(body.document, caller)
    stored = await _mine(work, policy_id, caller)
    seen.check(stored.version)
    changed = await POLICIES.change(work.connection, stored, body.document, by=caller.subject)
    work.audit(_change("policy.changed", changed))
    tag(response, changed.version)
    return PolicyOut.of(changed, await _advice(work, changed))


@router.post("/{policy_id}/entry-into-force", dependencies=[Idempotent()], summary="施行政策文件（双人复核）")
async def put_in_force(caller: Writer, policy_id: UUID, body: ApprovedIn, work: Work, response: Response) -> PolicyOut:
    """Put a draft in force with the approval of another person (matter ``policy.in_force``)."""
    stored = await _mine(work, policy_id, caller)
    stored.must_allow("put_in_force")
    await redeem(work, POLICIES.in_force, str(policy_id), body.approval_id)
    checker = await checker_of(work.connection, body.approval_id)
    if checker == stored.created_by:
        raise AuthorCannotApprove
    book = PolicyBook(await policy_documents.in_force(work.connection, None))
    must_be_faultless(clashes(stored.document, book), "policy_invalid")
    effective = await POLICIES.put_in_force(work.connection, stored, approved_by=checker)
    work.audit(_change("policy.put_in_force", effective))
    tag(response, effective.version)
    return PolicyOut.of(effective)


@router.post("/{policy_id}/withdrawal", dependencies=[Idempotent()], summary="废止政策文件（双人复核）")
async def withdraw(caller: Writer, policy_id: UUID, body: ApprovedIn, work: Work, response: Response) -> PolicyOut:
    """Withdraw a document that should not have been in force (matter ``policy.withdrawal``)."""
    stored = await _mine(work, policy_id, caller)
    stored.must_allow("withdraw")
    await redeem(work, POLICIES.withdrawal, str(policy_id), body.approval_id)
    withdrawn = await POLICIES.withdraw(work.connection, stored)
    work.audit(_change("policy.withdrawn", withdrawn))
    tag(response, withdrawn.version)
    return PolicyOut.of(withdrawn)


@router.post("/{policy_id}/discarding", dependencies=[Idempotent()], summary="作废政策草案")
async def discard(caller: Writer, policy_id: UUID, work: Work, seen: Seen, response: Response) -> PolicyOut:
    """Give up a draft."""
    stored = await _mine(work, policy_id, caller)
    seen.check(stored.version)
    discarded = await POLICIES.discard(work.connection, stored)
    work.audit(_change("policy.discarded", discarded))
    tag(response, discarded.version)
    return PolicyOut.of(discarded)


def _scheme(book: PolicyBook, county: str, month: Month, scheme: str) -> SchemeOut:
    regime = book.regime(county, month, scheme)

    def kinds(overlap: Overlap) -> list[str]:
        return [] if regime is None else sorted(regime.kinds(overlap))

    return SchemeOut(
        scheme=scheme,
        title_zh=book.title(county, month, scheme),
        offered=regime is not None,
        due_month=None if regime is None else regime.due_month,
        excluded_by=kinds(Overlap.EXCLUDE),
        compared_with=kinds(Overlap.HIGHER),
        quota=book.quota(county, month, scheme),
        has_tariff=book.priced(county, month, scheme) is not None,
    )


def _must_be_sound(document: PolicyDocument, caller: Caller) -> None:
    must_be_faultless(faults(document), "policy_invalid")
    must_be_inside(document.division, caller)


async def _found(work: SubsidyWork, policy_id: UUID, *, lock: bool = False) -> StoredPolicy:
    stored = await POLICIES.get(work.connection, policy_id, lock=lock)
    if stored is None:
        raise PolicyNotFound
    return stored


async def _mine(work: SubsidyWork, policy_id: UUID, caller: Caller) -> StoredPolicy:
    """A document of the caller's divisions, locked; everybody may read the others, and nothing more."""
    stored = await _found(work, policy_id, lock=True)
    must_be_inside(stored.document.division, caller)
    return stored


async def _advice(work: SubsidyWork, stored: StoredPolicy) -> list[Fault]:
    book = PolicyBook(await policy_documents.in_force(work.connection, None))
    told = clashes(stored.document, book) if stored.status is PolicyStatus.DRAFT else []
    return [*told, *advice(stored.document, book)]


def _change(what: str, stored: StoredPolicy) -> Change:
    return Change(
        None,
        what,
        after={"policy_id": stored.document_id, "version": stored.version, "status": stored.status},
        division=None if stored.document.division == NATION else stored.document.division,
    )
