"""Documents on record: drafted by one person, put in force by another, withdrawn by two; never changed in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Table,
    Text,
    Uuid,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.kit.four_eyes import APPROVAL, Content, Matter
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.kit.work import UnitOfWork
from shared.values.division import Division, Scope
from shared.values.document_faults import NATION
from shared.values.refusal import Refusal


class DocumentStatus(StrEnum):
    """The life of a document."""

    DRAFT = "DRAFT"
    IN_FORCE = "IN_FORCE"
    WITHDRAWN = "WITHDRAWN"
    DISCARDED = "DISCARDED"


ALLOWED: Final[dict[DocumentStatus, tuple[str, ...]]] = {
    DocumentStatus.DRAFT: ("change", "put_in_force", "discard"),
    DocumentStatus.IN_FORCE: ("withdraw",),
    DocumentStatus.WITHDRAWN: (),
    DocumentStatus.DISCARDED: (),
}


class OfADivision(Protocol):
    """What a document says of itself."""

    @property
    def division(self) -> str: ...


D = TypeVar("D", bound=OfADivision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Generic[D]):
    """A document with its life. ``refusal``: what a step out of place is refused with."""

    document_id: UUID
    version: int
    status: DocumentStatus
    document: D
    created_at: datetime
    created_by: str
    in_force_at: datetime | None
    approved_by: str | None
    withdrawn_at: datetime | None
    refusal: type[Refusal]

    def must_allow(self, step: str) -> None:
        """Raise the refusal of documents of this kind; facts: step, status, allowed."""
        if step not in ALLOWED[self.status]:
            raise self.refusal(step=step, status=self.status.value, allowed=list(ALLOWED[self.status]))


def life_columns(key: str) -> tuple[Column[Any] | CheckConstraint, ...]:
    """Columns and constraints every table of documents has; ``key`` names the primary one."""
    return (
        Column(key, Uuid, primary_key=True),
        Column("version", BigInteger, nullable=False),
        Column("division", Text, nullable=False, comment="* is the nation"),
        Column("title", Text, nullable=False),
        Column("body", JSONB, nullable=False, comment="the whole document"),
        Column("status", Text, nullable=False),
        Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("created_by", Text, nullable=False),
        Column("in_force_at", TIMESTAMP(timezone=True), comment="when it was approved: known from then on"),
        Column("approved_by", Text),
        Column("withdrawn_at", TIMESTAMP(timezone=True)),
        CheckConstraint("status IN ('DRAFT', 'IN_FORCE', 'WITHDRAWN', 'DISCARDED')", name="status_is_known"),
        CheckConstraint("(status IN ('IN_FORCE', 'WITHDRAWN')) = (in_force_at IS NOT NULL)", name="in_force_since"),
        CheckConstraint("approved_by IS NULL OR approved_by <> created_by", name="four_eyes"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents(Generic[D]):
    """The documents of one kind.

    ``told``: the columns a document fills, ``body`` among them; ``parse`` reads a body. ``kind`` and ``permission``:
    of the matters that take two persons, ``<kind>.in_force`` and ``<kind>.withdrawal``.
    """

    table: Table
    kind: str
    permission: str
    told: Callable[[D], dict[str, Any]]
    parse: Callable[[Mapping[str, Any]], D]
    refusal: type[Refusal]

    async def draft(self, connection: AsyncConnection, document_id: UUID, document: D, *, by: str) -> Stored[D]:
        """Store a draft."""
        values = {self._key.name: document_id, "version": 1, "status": DocumentStatus.DRAFT, "created_by": by}
        row = await connection.execute(
            insert(self.table).values(values | self.told(document)).returning(*self.table.columns)
        )
        return self._stored(row.one())

    async def change(self, connection: AsyncConnection, stored: Stored[D], document: D, *, by: str) -> Stored[D]:
        """Replace the content of a draft; whoever changed it last is its author."""
        stored.must_allow("change")
        return await self._update(connection, stored, created_by=by, **self.told(document))

    async def put_in_force(self, connection: AsyncConnection, stored: Stored[D], *, approved_by: str) -> Stored[D]:
        """From now on known to hold."""
        stored.must_allow("put_in_force")
        status = DocumentStatus.IN_FORCE
        now = func.clock_timestamp()
        return await self._update(connection, stored, status=status, in_force_at=now, approved_by=approved_by)

    async def withdraw(self, connection: AsyncConnection, stored: Stored[D]) -> Stored[D]:
        """From now on known not to hold; what was decided by it before can still be asked for."""
        stored.must_allow("withdraw")
        now = func.clock_timestamp()
        return await self._update(connection, stored, status=DocumentStatus.WITHDRAWN, withdrawn_at=now)

    async def discard(self, connection: AsyncConnection, stored: Stored[D]) -> Stored[D]:
        """A draft that is not wanted any more."""
        stored.must_allow("discard")
        return await self._update(connection, stored, status=DocumentStatus.DISCARDED)

    async def get(self, connection: AsyncConnection, document_id: UUID, *, lock: bool = False) -> Stored[D] | None:
        """One document. It is public to whoever may read such documents: it has no scope."""
        query = select(self.table).where(self._key == document_id)
        row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
        return None if row is None else self._stored(row)

    async def page_of(
        self,
        connection: AsyncConnection,
        page: Page,
        *,
        division: Division | None,
        status: DocumentStatus | None,
        reaching: Scope | None = None,
    ) -> tuple[list[Stored[D]], str | None]:
        """A page of documents; with a division all that concern it: its own and those of the divisions around it.

        ``reaching``: only those that lie in a scope or around it; None: documents of this kind are public.
        """
        query = select(self.table)
        if reaching is not None:
            around = (literal(prefix).startswith(self.table.c.division) for prefix in sorted(reaching.prefixes))
            query = query.where(or_(inside(self.table.c.division, reaching), *around))
        if division is not None:
            above = [division.code[:length] for length in (2, 4, 6, 9, 12) if len(division.code) >= length]
            query = query.where(self.table.c.division.in_([NATION, *above]))
        if status is not None:
            query = query.where(self.table.c.status == status)
        rows, following = await paginate(connection, query, [self._key], page)
        return [self._stored(row) for row in rows], following

    @property
    def in_force(self) -> Matter:
        """The matter of putting a draft in force."""
        return self._matter("in_force", "put_in_force")

    @property
    def withdrawal(self) -> Matter:
        """The matter of withdrawing what is in force."""
        return self._matter("withdrawal", "withdraw")

    @property
    def _key(self) -> ColumnElement[Any]:
        key: Column[Any] = self.table.primary_key.columns[0]
        return key

    async def _update(self, connection: AsyncConnection, stored: Stored[D], **values: Any) -> Stored[D]:
        row = await connection.execute(
            update(self.table)
            .where(self._key == stored.document_id)
            .values(version=stored.version + 1, **values)
            .returning(*self.table.columns)
        )
        return self._stored(row.one())

    def _stored(self, row: Any) -> Stored[D]:
        return Stored(
            document_id=row[0],
            version=row.version,
            status=DocumentStatus(row.status),
            document=self.parse(row.body),
            created_at=row.created_at,
            created_by=row.created_by,
            in_force_at=row.in_force_at,
            approved_by=row.approved_by,
            withdrawn_at=row.withdrawn_at,
            refusal=self.refusal,
        )

    def _matter(self, name: str, step: str) -> Matter:
        async def content(work: UnitOfWork, subject_id: str) -> Content | None:
            try:
                stored = await self.get(work.connection, UUID(subject_id))
            except ValueError:
                return None
            if stored is None or step not in ALLOWED[stored.status]:
                return None
            what = {
                str(self._key.name): str(stored.document_id),
                "version": stored.version,
                "document": self.told(stored.document)["body"],
            }
            return Content(what, None if stored.document.division == NATION else stored.document.division)

        return Matter(f"{self.kind}.{name}", self.permission, content)


async def checker_of(connection: AsyncConnection, approval_id: UUID) -> str:
    """Who approved."""
    checker = await connection.scalar(select(APPROVAL.c.checker).where(APPROVAL.c.approval_id == approval_id))
    return str(checker)
