"""Policy documents on record: drafted by one person, put in force by another (RULES: scopes and tariffs are local)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import policy_documents
from services.subsidy.adapters.tables_policy import policy_document
from services.subsidy.domain.errors import PolicyStepNotAllowed
from services.subsidy.domain.policy import NATION, PolicyDocument
from shared.kit.four_eyes import APPROVAL, Content, Matter
from shared.kit.pagination import Page, paginate
from shared.kit.work import UnitOfWork
from shared.values.division import Division


class PolicyStatus(StrEnum):
    """The life of a document."""

    DRAFT = "DRAFT"
    IN_FORCE = "IN_FORCE"
    WITHDRAWN = "WITHDRAWN"
    DISCARDED = "DISCARDED"


ALLOWED: dict[PolicyStatus, tuple[str, ...]] = {
    PolicyStatus.DRAFT: ("change", "put_in_force", "discard"),
    PolicyStatus.IN_FORCE: ("withdraw",),
    PolicyStatus.WITHDRAWN: (),
    PolicyStatus.DISCARDED: (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A document with its life."""

    policy_id: UUID
    version: int
    status: PolicyStatus
    document: PolicyDocument
    created_at: datetime
    created_by: str
    in_force_at: datetime | None
    approved_by: str | None
    withdrawn_at: datetime | None

    def must_allow(self, step: str) -> None:
        """Raise `PolicyStepNotAllowed`."""
        if step not in ALLOWED[self.status]:
            raise PolicyStepNotAllowed(step=step, status=self.status.value, allowed=list(ALLOWED[self.status]))


async def draft(connection: AsyncConnection, policy_id: UUID, document: PolicyDocument, *, by: str) -> StoredPolicy:
    """Store a draft."""
    row = await connection.execute(
        insert(policy_document)
        .values(policy_id=policy_id, version=1, status=PolicyStatus.DRAFT, created_by=by, **_told(document))
        .returning(policy_document)
    )
    return _stored(row.one())


async def change(
    connection: AsyncConnection, stored: StoredPolicy, document: PolicyDocument, *, by: str
) -> StoredPolicy:
    """Replace the content of a draft; whoever changed it last is its author."""
    stored.must_allow("change")
    return await _update(connection, stored, created_by=by, **_told(document))


async def put_in_force(connection: AsyncConnection, stored: StoredPolicy, *, approved_by: str) -> StoredPolicy:
    """From now on known to hold."""
    stored.must_allow("put_in_force")
    return await _update(
        connection,
        stored,
        status=PolicyStatus.IN_FORCE,
        in_force_at=func.clock_timestamp(),
        approved_by=approved_by,
    )


async def withdraw(connection: AsyncConnection, stored: StoredPolicy) -> StoredPolicy:
    """From now on known not to hold; what was decided by it before can still be asked for."""
    stored.must_allow("withdraw")
    return await _update(connection, stored, status=PolicyStatus.WITHDRAWN, withdrawn_at=func.clock_timestamp())


async def discard(connection: AsyncConnection, stored: StoredPolicy) -> StoredPolicy:
    """A draft that is not wanted any more."""
    stored.must_allow("discard")
    return await _update(connection, stored, status=PolicyStatus.DISCARDED)


async def get(connection: AsyncConnection, policy_id: UUID, *, lock: bool = False) -> StoredPolicy | None:
    """One document. Policy is public to whoever may read policy: it has no scope."""
    query = select(policy_document).where(policy_document.c.policy_id == policy_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else _stored(row)


async def page_of(
    connection: AsyncConnection, page: Page, *, division: Division | None, status: PolicyStatus | None
) -> tuple[list[StoredPolicy], str | None]:
    """A page of documents; with a division all that concern it: its own and those of the divisions around it."""
    query = select(policy_document)
    if division is not None:
        above = [division.code[:length] for length in (2, 4, 6) if len(division.code) >= length]
        query = query.where(policy_document.c.division.in_([NATION, *above]))
    if status is not None:
        query = query.where(policy_document.c.status == status)
    rows, following = await paginate(connection, query, [policy_document.c.policy_id], page)
    return [_stored(row) for row in rows], following


async def _update(connection: AsyncConnection, stored: StoredPolicy, **values: Any) -> StoredPolicy:
    row = await connection.execute(
        update(policy_document)
        .where(policy_document.c.policy_id == stored.policy_id)
        .values(version=stored.version + 1, **values)
        .returning(policy_document)
    )
    return _stored(row.one())


def _told(document: PolicyDocument) -> dict[str, Any]:
    return {
        "division": document.division,
        "since": document.since,
        "title": document.title,
        "legal_basis": document.legal_basis,
        "body": policy_documents.dump(document),
    }


def _stored(row: Any) -> StoredPolicy:
    return StoredPolicy(
        policy_id=row.policy_id,
        version=row.version,
        status=PolicyStatus(row.status),
        document=policy_documents.parse(row.body),
        created_at=row.created_at,
        created_by=row.created_by,
        in_force_at=row.in_force_at,
        approved_by=row.approved_by,
        withdrawn_at=row.withdrawn_at,
    )


# --- two persons ----------------------------------------------------------------------------------------------------


def _matter(kind: str, step: str) -> Matter:
    async def content(work: UnitOfWork, subject_id: str) -> Content | None:
        try:
            stored = await get(work.connection, UUID(subject_id))
        except ValueError:
            return None
        if stored is None or step not in ALLOWED[stored.status]:
            return None
        what = {
            "policy_id": str(stored.policy_id),
            "version": stored.version,
            "document": policy_documents.dump(stored.document),
        }
        return Content(what, None if stored.document.division == NATION else stored.document.division)

    return Matter(kind, "policy:write", content)


IN_FORCE: Matter = _matter("policy.in_force", "put_in_force")
WITHDRAWAL: Matter = _matter("policy.withdrawal", "withdraw")


async def checker_of(connection: AsyncConnection, approval_id: UUID) -> str:
    """Who approved."""
    checker = await connection.scalar(select(APPROVAL.c.checker).where(APPROVAL.c.approval_id == approval_id))
    return str(checker)
