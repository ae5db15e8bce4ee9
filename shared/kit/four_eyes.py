"""Four eyes: what one person proposes another must approve, and what was approved is exactly what is done.

An approval freezes the *content* of what it is about. The maker proposes; the checker approves the digest they saw; the
action then redeems the approval once, and only while the content is still the same. The database holds all of it: who
proposes cannot approve, content and decision cannot be edited, a changed digest cannot be approved, nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sql
from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert

from shared.kit.audit import Change, Code
from shared.kit.crypto import Cipher
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked, paginate
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem, ProblemText
from shared.kit.routing import RequestModel, Router
from shared.kit.scoping import inside
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork

VALID_DAYS: Final = 7
"""A proposal not decided, or an approval not used, lapses after so long."""

NOTE: Final = b"approval.note"
REASON: Final = b"approval.reason"
"""What people write in their own words may name somebody: it is encrypted, bound to the approval."""

APPROVAL: Final = sql.Table(
    "approval",
    sql.MetaData(),
    sql.Column("approval_id", sql.Uuid, primary_key=True),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("subject_id", sql.Text, nullable=False),
    sql.Column("division", sql.Text, comment="null: a matter of the house, not of a place"),
    sql.Column("content", JSONB, nullable=False, comment="what is to be done; never personal values"),
    sql.Column("digest", sql.LargeBinary, nullable=False, comment="SHA-256 of kind, subject and content; made here"),
    sql.Column("maker", sql.Text, nullable=False),
    sql.Column("note_cipher", sql.LargeBinary, nullable=False),
    sql.Column("made_at", sql.TIMESTAMP(timezone=True), nullable=False, server_default=sql.text("clock_timestamp()")),
    sql.Column("expires_at", sql.TIMESTAMP(timezone=True), nullable=False),
    sql.Column("checker", sql.Text),
    sql.Column("checked_digest", sql.LargeBinary, comment="of the content as it was when the checker approved"),
    sql.Column("decision", sql.Text),
    sql.Column("reason_cipher", sql.LargeBinary),
    sql.Column("decided_at", sql.TIMESTAMP(timezone=True)),
    sql.Column("used_at", sql.TIMESTAMP(timezone=True)),
    sql.CheckConstraint("checker IS NULL OR checker <> maker", name="four_eyes"),
    sql.CheckConstraint("decision IN ('APPROVED', 'REJECTED', 'WITHDRAWN', 'LAPSED')", name="decision_is_known"),
    sql.CheckConstraint(
        "CASE WHEN decision IN ('APPROVED', 'REJECTED') THEN checker IS NOT NULL "
        "ELSE checker IS NULL OR decision IS NOT NULL END",
        name="decided_by_checker",
    ),
    sql.CheckConstraint(
        "decision IS DISTINCT FROM 'APPROVED' OR (checked_digest IS NOT NULL AND checked_digest = digest)",
        name="content_unchanged",
    ),
    sql.CheckConstraint(
        "used_at IS NULL OR (decision IS NOT NULL AND decision = 'APPROVED')", name="used_when_approved"
    ),
    sql.Index(
        "uq_approval_live",
        "kind",
        "subject_id",
        unique=True,
        postgresql_where=sql.text("used_at IS NULL AND (decision IS NULL OR decision = 'APPROVED')"),
    ),
)

FOUR_EYES_DDL: Final = (
    """
CREATE OR REPLACE FUNCTION approval_digest(kind text, subject_id text, content jsonb) RETURNS bytea
LANGUAGE sql STABLE STRICT AS
$$ SELECT sha256(convert_to(kind || E'\\n' || subject_id || E'\\n' || content::text, 'UTF8')) $$
""",
    """
CREATE OR REPLACE FUNCTION approval_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF num_nonnulls(NEW.checker, NEW.decision, NEW.decided_at, NEW.used_at, NEW.checked_digest) > 0 THEN
      RAISE EXCEPTION 'an approval begins undecided' USING ERRCODE = 'check_violation';
    END IF;
    NEW.digest := approval_digest(NEW.kind, NEW.subject_id, NEW.content);
    RETURN NEW;
  ELSIF TG_OP <> 'UPDATE' THEN
    RAISE EXCEPTION 'approvals are kept for ever' USING ERRCODE = 'restrict_violation';
  END IF;
  -- Words are not compared: a rotation of keys writes them anew, and nobody without a key can.
  IF (OLD.approval_id, OLD.kind, OLD.subject_id, OLD.division, OLD.content, OLD.digest, OLD.maker, OLD.made_at,
      OLD.expires_at)
     IS DISTINCT FROM
     (NEW.approval_id, NEW.kind, NEW.subject_id, NEW.division, NEW.content, NEW.digest, NEW.maker, NEW.made_at,
      NEW.expires_at) THEN
    RAISE EXCEPTION 'what was proposed is frozen' USING ERRCODE = 'restrict_violation';
  END IF;
  -- An approval nobody used may still be taken back or lapse; who gave it stays on it.
  IF OLD.decision IS NOT NULL
     AND (OLD.decision, OLD.checker, OLD.checked_digest, OLD.reason_cipher IS NULL)
         IS DISTINCT FROM (NEW.decision, NEW.checker, NEW.checked_digest, NEW.reason_cipher IS NULL)
     AND NOT (OLD.decision = 'APPROVED' AND NEW.decision IN ('WITHDRAWN', 'LAPSED') AND OLD.used_at IS NULL
              AND (OLD.checker, OLD.checked_digest, OLD.reason_cipher IS NULL)
                  IS NOT DISTINCT FROM (NEW.checker, NEW.checked_digest, NEW.reason_cipher IS NULL)) THEN
    RAISE EXCEPTION 'a decision is made once' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.decision IS NULL AND NEW.decision = 'APPROVED' AND clock_timestamp() > OLD.expires_at THEN
    RAISE EXCEPTION 'the proposal has lapsed' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.used_at IS DISTINCT FROM OLD.used_at
     AND (OLD.used_at IS NOT NULL OR OLD.decision IS DISTINCT FROM 'APPROVED'
          OR clock_timestamp() > OLD.expires_at) THEN
    RAISE EXCEPTION 'an approval is used once, after it was given and before it lapses'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
""",
    """
CREATE OR REPLACE TRIGGER approval_guard BEFORE INSERT OR UPDATE OR DELETE ON approval
FOR EACH ROW EXECUTE FUNCTION approval_guard()
""",
    """
CREATE OR REPLACE TRIGGER approval_guard_all BEFORE TRUNCATE ON approval
FOR EACH STATEMENT EXECUTE FUNCTION approval_guard()
""",
)


@dataclass(frozen=True, slots=True)
class ApprovalTables:
    """The table of this module in a service's metadata."""

    approval: sql.Table


def approval_tables(metadata: sql.MetaData) -> ApprovalTables:
    """Declare the table in `metadata`; its rules are `FOUR_EYES_DDL`, run by the migration."""
    return ApprovalTables(APPROVAL.to_metadata(metadata))


class Decision(StrEnum):
    """How an approval ended."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"


@dataclass(frozen=True, slots=True)
class Content:
    """What exactly is to be done, as it stands now; ``division`` is where it belongs, None for the whole house.

    No personal values: ids, versions and codes are what makes two contents equal.
    """

    what: Mapping[str, object]
    division: str | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """A kind of thing that takes two persons. ``content`` reads what a subject is now, None when there is none."""

    kind: str
    permission: str
    content: Callable[[UnitOfWork, str], Awaitable[Content | None]]


_UNKNOWN: Final = ProblemText(404, "复核事项不存在", "Unknown approval", "没有该复核事项", "there is no such approval")
_SUBJECT_UNKNOWN: Final = ProblemText(
    404, "复核对象不存在", "Unknown subject", "没有可提请复核的该事项", "there is nothing of that kind to propose"
)
_EXISTS: Final = ProblemText(
    409,
    "已提请复核",
    "Proposed already",
    "该事项已有未办结的复核（{approval_id}）",
    "the matter has a live approval ({approval_id}) already",
)
_SETTLED: Final = ProblemText(
    409, "复核已办结", "Approval is settled", "该复核已{decision}，不能再办理", "the approval is {decision} already"
)
_CHANGED: Final = ProblemText(
    409,
    "内容已变化",
    "Content has changed",
    "提请复核后内容已发生变化，请撤回后重新提请",
    "what was proposed is no longer what stands; withdraw it and propose again",
)
_ANOTHER: Final = ProblemText(
    403,
    "须由他人复核",
    "Another person must decide",
    "提请人不能复核自己提请的事项",
    "who proposed it cannot decide on it",
)
_PEOPLE_ONLY: Final = ProblemText(
    403, "须由自然人办理", "People only", "双人复核只能由自然人办理", "only people can be two pairs of eyes"
)
_NEEDED: Final = ProblemText(
    409,
    "须先经双人复核",
    "A second person must approve first",
    "该操作须先提请复核并由另一人通过，且复核在 {days} 天内有效、只能使用一次",
    "propose it, have another person approve it, and use the approval once within {days} days",
)


async def redeem(work: UnitOfWork, matter: Matter, subject_id: str, approval_id: UUID | None) -> None:
    """Use an approval for the action of this transaction; None: nobody named one.

    Raises Problem: 409 `approval_needed` unless it was approved for this subject, has not lapsed and was not used;
    409 `approval_content_changed` when what was approved is no longer what stands.
    """
    if approval_id is None:
        raise Problem("approval_needed", text=_NEEDED, days=VALID_DAYS)
    await redeemable(work, matter, subject_id, approval_id)
    await use(work, approval_id)


async def use(work: UnitOfWork, approval_id: UUID) -> None:
    """Mark an approval used; the database refuses a second time."""
    await work.connection.execute(
        APPROVAL.update().where(APPROVAL.c.approval_id == approval_id).values(used_at=sql.func.clock_timestamp())
    )


async def redeemable(work: UnitOfWork, matter: Matter, subject_id: str, approval_id: UUID) -> None:
    """What `redeem` raises, without using the approval: for an action that spans several transactions."""
    approval = APPROVAL
    row = (
        await work.connection.execute(
            sql.select(approval)
            .where(
                approval.c.approval_id == approval_id,
                approval.c.kind == matter.kind,
                approval.c.subject_id == subject_id,
                approval.c.decision == Decision.APPROVED,
                approval.c.used_at.is_(None),
                approval.c.expires_at > sql.func.clock_timestamp(),
            )
            .with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise Problem("approval_needed", text=_NEEDED, days=VALID_DAYS)
    await _must_be_unchanged(work, matter, row)


async def _must_be_unchanged(work: UnitOfWork, matter: Matter, row: Any) -> bytes:
    """The digest of the content as it stands, which must be the frozen one."""
    content = await matter.content(work, row.subject_id)
    told = None if content is None else orjson.dumps(dict(content.what), default=str).decode()
    digest = await work.connection.scalar(
        sql.text("SELECT approval_digest(:kind, :subject, CAST(:content AS jsonb))"),
        {"kind": matter.kind, "subject": row.subject_id, "content": told},
    )
    if digest is None or bytes(digest) != bytes(row.digest):
        raise Problem("approval_content_changed", text=_CHANGED)
    return bytes(digest)


# ---------------------------------------------------------------------------- over HTTP


class ProposalIn(RequestModel):
    """Propose: what kind of thing, which one, and why."""

    kind: Annotated[str, StringConstraints(max_length=64)]
    subject_id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class ApprovingIn(RequestModel):
    """Approve what was seen: its digest, from the approval read before."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class RejectingIn(RequestModel):
    """Reject, with a reason."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class ApprovalOut(BaseModel):
    """An approval: what exactly is to be done, who proposed it, who decided."""

    model_config = ConfigDict(frozen=True)

    approval_id: UUID
    kind: str
    subject_id: str
    division: str | None
    content: dict[str, Any]
    digest: str = Field(description="SHA-256 of kind, subject and content, hexadecimal")
    maker: str
    note: str
    made_at: datetime
    expires_at: datetime
    checker: str | None
    decision: Decision | None
    reason: str | None
    decided_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Words:
    """Approvals with what was written about them."""

    cipher: Cipher

    def sealed(self, approval_id: UUID, context: bytes, words: str) -> bytes | None:
        """As stored; nothing when nothing was written."""
        return self.cipher.encrypt(words.encode(), context=context, row=approval_id.bytes) if words else None

    def told(self, row: Any) -> ApprovalOut:
        """From its row."""
        words = {"note": self._clear(row, NOTE), "reason": self._clear(row, REASON)}
        return ApprovalOut.model_validate({**row._mapping, **words, "digest": bytes(row.digest).hex()})

    def _clear(self, row: Any, context: bytes) -> str | None:
        sealed = row.note_cipher if context == NOTE else row.reason_cipher
        if sealed is None:
            return None
        return self.cipher.decrypt(bytes(sealed), context=context, row=row.approval_id.bytes).decode()


async def _words(request: Request) -> _Words:
    return _Words(request.app.state.cipher)


Work = Annotated[UnitOfWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("approval:read")]
Decider = Annotated[Caller, Permit("approval:decide")]
Words = Annotated[_Words, Depends(_words)]


def approval_router(matters: Iterable[Matter]) -> Router:
    """Propose, list, approve, reject and withdraw: one set of routes for every matter of a service."""
    known = {matter.kind: matter for matter in matters}
    router = Router(prefix="/api/v1/approvals", tags=["approvals"])

    @router.get("", summary="复核事项列表")
    async def list_approvals(
        *, caller: Reader, work: Work, words: Words, page: PageAsked, open_only: bool = False, kind: str | None = None
    ) -> Listed[ApprovalOut]:
        """Approvals of the house and of the caller's divisions, the newest first."""
        wanted = (APPROVAL.c.decision.is_(None) if open_only else sql.true(), _kind_is(kind))
        query = sql.select(APPROVAL).where(_visible_to(caller), *wanted)
        rows, following = await paginate(work.connection, query, [APPROVAL.c.approval_id], page, descending=True)
        return Listed(items=[words.told(row) for row in rows], next=following)

    @router.get("/{approval_id}", summary="复核事项详情")
    async def read_approval(caller: Reader, approval_id: UUID, work: Work, words: Words) -> ApprovalOut:
        """One approval; its digest is what approving it must name."""
        return words.told(await _found(work, caller, approval_id))

    @router.post("", status_code=201, dependencies=[Idempotent()], summary="提请复核")
    async def propose(caller: Decider, body: ProposalIn, work: Work, words: Words, response: Response) -> ApprovalOut:
        """Freeze what is to be done and ask another person."""
        matter = _permitted(known.get(body.kind), caller)
        proposed = await _propose(work, caller, matter, body, words)
        response.headers["Location"] = f"/api/v1/approvals/{proposed.approval_id}"
        return words.told(proposed)

    @router.post("/{approval_id}/approval", dependencies=[Idempotent()], summary="复核通过")
    async def approve(caller: Decider, approval_id: UUID, body: ApprovingIn, work: Work, words: Words) -> ApprovalOut:
        """Approve exactly what was seen, as another person than the maker."""
        row, matter = await _decidable(known, work, caller, approval_id)
        digest = await _must_be_unchanged(work, matter, row)
        if digest.hex() != body.digest:
            raise Problem("approval_content_changed", text=_CHANGED)
        reason = words.sealed(approval_id, REASON, body.reason)
        decided = {"checker": caller.subject, "checked_digest": digest, "reason_cipher": reason}
        return words.told(await _decide(work, row, Decision.APPROVED, **decided))

    @router.post("/{approval_id}/rejection", dependencies=[Idempotent()], summary="复核不通过")
    async def reject(caller: Decider, approval_id: UUID, body: RejectingIn, work: Work, words: Words) -> ApprovalOut:
        """Reject, as another person than the maker."""
        row, _ = await _decidable(known, work, caller, approval_id)
        reason = words.sealed(approval_id, REASON, body.reason)
        return words.told(await _decide(work, row, Decision.REJECTED, checker=caller.subject, reason_cipher=reason))

    @router.post("/{approval_id}/withdrawal", dependencies=[Idempotent()], summary="撤回提请")
    async def withdraw(caller: Decider, approval_id: UUID, work: Work, words: Words) -> ApprovalOut:
        """Take back one's own proposal, also an approved one that was not used."""
        row = await _found(work, caller, approval_id, lock=True)
        _must_be_withdrawable(row, caller)
        return words.told(await _decide(work, row, Decision.WITHDRAWN))

    return router


def _visible_to(caller: Caller) -> sql.ColumnElement[bool]:
    return sql.or_(APPROVAL.c.division.is_(None), inside(APPROVAL.c.division, caller.scope))


async def _found(work: UnitOfWork, caller: Caller, approval_id: UUID, *, lock: bool = False) -> Any:
    query = sql.select(APPROVAL).where(APPROVAL.c.approval_id == approval_id, _visible_to(caller))
    row = (await work.connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise Problem("approval_unknown", text=_UNKNOWN)
    return row


def _permitted(matter: Matter | None, caller: Caller) -> Matter:
    if matter is None:
        raise Problem("approval_subject_unknown", text=_SUBJECT_UNKNOWN)
    if caller.machine:
        raise Problem("approval_people_only", text=_PEOPLE_ONLY)
    if not caller.may(matter.permission):
        raise Problem("permission_denied", permission=matter.permission)
    return matter


async def _decidable(
    known: Mapping[str, Matter], work: UnitOfWork, caller: Caller, approval_id: UUID
) -> tuple[Any, Matter]:
    row = await _found(work, caller, approval_id, lock=True)
    matter = _permitted(known.get(row.kind), caller)
    if row.maker == caller.subject:
        raise Problem("approval_needs_another_person", text=_ANOTHER)
    _must_be_open(row)
    return row, matter


def _must_be_open(row: Any) -> None:
    if row.decision is not None:
        raise Problem("approval_settled", text=_SETTLED, decision=row.decision, allowed=[])


def _must_be_withdrawable(row: Any, caller: Caller) -> None:
    if row.maker != caller.subject:
        raise Problem("permission_denied", permission="approval:decide")
    if row.decision != Decision.APPROVED or row.used_at is not None:
        _must_be_open(row)


def _kind_is(kind: str | None) -> sql.ColumnElement[bool]:
    return sql.true() if kind is None else APPROVAL.c.kind == kind


async def _decide(work: UnitOfWork, row: Any, decision: Decision, **values: Any) -> Any:
    decided = await work.connection.execute(
        APPROVAL.update()
        .where(APPROVAL.c.approval_id == row.approval_id)
        .values(decision=decision, decided_at=sql.func.clock_timestamp(), **values)
        .returning(APPROVAL)
    )
    work.audit(_told(row, "approval.decided", decision))
    return decided.one()


def _told(row: Any, what: str, decision: Decision | None) -> Change:
    after = {"approval_id": row.approval_id, "kind": Code(row.kind), "decision": decision}
    return Change(None, what, after=after, division=row.division)


async def _propose(work: UnitOfWork, caller: Caller, matter: Matter, body: ProposalIn, words: _Words) -> Any:
    content = await matter.content(work, body.subject_id)
    if content is None or not (content.division is None or caller.scope.covers(content.division)):
        raise Problem("approval_subject_unknown", text=_SUBJECT_UNKNOWN)
    same = (APPROVAL.c.kind == body.kind, APPROVAL.c.subject_id == body.subject_id, APPROVAL.c.used_at.is_(None))
    await work.connection.execute(
        APPROVAL.update()
        .where(
            *same,
            sql.or_(APPROVAL.c.decision.is_(None), APPROVAL.c.decision == Decision.APPROVED),
            APPROVAL.c.expires_at <= sql.func.clock_timestamp(),
        )
        .values(decision=Decision.LAPSED, decided_at=sql.func.clock_timestamp())
    )
    approval_id = work.new_id()
    inserted = await work.connection.execute(
        pg_insert(APPROVAL)
        .values(
            approval_id=approval_id,
            kind=body.kind,
            subject_id=body.subject_id,
            division=content.division,
            content=orjson.loads(orjson.dumps(dict(content.what), default=str)),
            digest=b"",  # the trigger computes it
            maker=caller.subject,
            note_cipher=words.sealed(approval_id, NOTE, body.note),
            expires_at=sql.func.clock_timestamp() + timedelta(days=VALID_DAYS),
        )
        .on_conflict_do_nothing()
        .returning(APPROVAL)
    )
    row = inserted.one_or_none()
    if row is None:
        live = await work.connection.scalar(
            sql.select(APPROVAL.c.approval_id).where(
                *same, sql.or_(APPROVAL.c.decision.is_(None), APPROVAL.c.decision == Decision.APPROVED)
            )
        )
        raise Problem("approval_exists", text=_EXISTS, approval_id=live)
    work.audit(_told(row, "approval.proposed", None))
    return row
