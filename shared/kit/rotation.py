"""Rotation of keys: what was made with another key or algorithm than the active one is made anew while work goes on.

The order of things: give every process the new key beside the old one; make it active everywhere; rotate; when nothing
is left under the old key (`GET /api/v1/keys` counts), take it away. Blind indexes rotate the same way: the old key is
given as ``previous_index_key``, both find until the rotation has computed every index anew.

A chunk is read without locks and written by compare-and-swap, rows somebody holds are left for the next pass: requests
neither wait for the rotation nor lose to it, and what they change meanwhile wins (it is made with the active key).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sql
from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.kit import dead_letters
from shared.kit.blobs import NAME_CONTEXT, Blobs, BlobTables
from shared.kit.crypto import BlindIndex, Cipher, CiphertextIsUnreadable, KeyIsUnknown, KeyRing, key_named_in
from shared.kit.four_eyes import APPROVAL, NOTE, REASON, Content, Matter, redeem
from shared.kit.idempotency import ANSWER_CONTEXT, IdempotencyTables, Idempotent
from shared.kit.job_routes import JobView, Texts, view_of
from shared.kit.jobs import Handler, JobResult, Jobs, RunningJob
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem, ProblemText
from shared.kit.routing import RequestModel, Router
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork
from shared.values.division import Scope
from shared.values.refusal import Refusal

JOB_KIND: Final = "keys.rotation"
CHUNK_ROWS: Final = 1_000
PASSES_MAX: Final = 20
PASS_PAUSE_SECONDS: Final = 0.5


class KeysAreStillInUse(Refusal):
    """Values under another key are left: a process still writes with it, or they cannot be read (facts ``left``,
    ``unreadable``)."""

    code: ClassVar[str] = "keys_still_in_use"


class KeyIsNotActiveHere(Refusal):
    """The process that runs the rotation has another active key or algorithm than the one it was asked for."""

    code: ClassVar[str] = "key_not_active_here"


ROTATION_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    KeysAreStillInUse: ProblemText(
        409,
        "旧密钥仍在使用",
        "Old keys are still in use",
        "仍有 {left} 个值使用旧密钥（其中 {unreadable} 个无法解密）；请确认所有进程均已启用新密钥后重试",
        "{left} value(s) are left under other keys ({unreadable} unreadable); make the new key active everywhere",
    ),
    KeyIsNotActiveHere: ProblemText(
        409,
        "新密钥尚未在后台进程启用",
        "The key is not active in the worker",
        "后台进程启用的密钥为 {active}，不是 {wanted}",
        "the worker's active key is {active}, not {wanted}",
    ),
}


@dataclass(frozen=True, slots=True)
class Sealed:
    """The encrypted columns of one table: column -> context; the row they are bound to, from its primary key.

    ``indexes``: encrypted column -> (its blind index column, the index's purpose).
    """

    table: sql.Table
    columns: Mapping[str, bytes]
    row: Callable[[Sequence[Any]], bytes] = lambda key: key[0].bytes
    indexes: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)

    @property
    def key(self) -> list[sql.Column[Any]]:
        """The primary key: the order of the rotation."""
        return list(self.table.primary_key.columns)

    @property
    def written(self) -> list[str]:
        """The columns a rotation may write."""
        return [*self.columns, *(index for index, _ in self.indexes.values())]


def house_columns(answers: IdempotencyTables, blobs: BlobTables) -> tuple[Sealed, ...]:
    """What the kit itself keeps encrypted in every service: kept answers, names of files, words about approvals."""
    return (
        Sealed(APPROVAL, {"note_cipher": NOTE, "reason_cipher": REASON}),
        Sealed(answers.idempotency_key, {"answer": ANSWER_CONTEXT}, lambda key: f"{key[0]}\n{key[1]}".encode()),
        Sealed(blobs.blob, {"name": NAME_CONTEXT}),
    )


READER_COLUMNS: Final = (Sealed(dead_letters.LETTER, {"note_cipher": dead_letters.NOTE}),)
"""What a service that reads others' journals has beside them: why a dead letter was given up."""


# ---------------------------------------------------------------------------- counting


@dataclass(frozen=True, slots=True)
class Use:
    """How many values of a column were made with one key."""

    table: str
    column: str
    key: str
    algorithm: str
    values: int
    current: bool


async def census(connection: AsyncConnection, sealed: Sequence[Sealed], cipher: Cipher) -> list[Use]:
    """Every value counted by the key it was made with. Reads whole tables."""
    found: list[Use] = []
    for each in sealed:
        for name in each.columns:
            column = each.table.c[name]
            header = sql.func.substring(column, 1, 3 + sql.func.get_byte(column, 2))
            query = sql.select(header, sql.func.count()).where(column.is_not(None)).group_by(sql.text("1"))
            for bytes_, count in await connection.execute(query):
                algorithm, key = key_named_in(bytes(bytes_))
                current = bytes(bytes_) == cipher.header
                found.append(Use(each.table.name, name, key, algorithm.name, count, current))
    return found


# ---------------------------------------------------------------------------- one chunk


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Rows as read, and what their columns become; a row that cannot be read is left out and counted."""

    keys: list[tuple[Any, ...]]
    old: dict[str, list[bytes | None]]
    new: dict[str, list[bytes | None]]
    unreadable: int


class _Maker:
    """Makes the columns of one table anew. Pure computation, for a thread."""

    def __init__(self, sealed: Sealed, keys: KeyRing, cipher: Cipher) -> None:
        self._sealed = sealed
        self._cipher = cipher
        self._indexes = {column: BlindIndex(keys, purpose) for column, (_, purpose) in sealed.indexes.items()}

    def make(self, rows: Sequence[sql.Row[Any]]) -> _Chunk:
        sealed = self._sealed
        width = len(sealed.key)
        chunk = _Chunk([], {name: [] for name in sealed.written}, {name: [] for name in sealed.written}, 0)
        unreadable = 0
        for row in rows:
            key = tuple(row[:width])
            old = dict(
                zip(sealed.written, (None if value is None else bytes(value) for value in row[width:]), strict=True)
            )
            try:
                new = self._renewed(sealed.row(key), old)
            except (CiphertextIsUnreadable, KeyIsUnknown):
                unreadable += 1
                continue
            if new == old:
                continue
            chunk.keys.append(key)
            for name in sealed.written:
                chunk.old[name].append(old[name])
                chunk.new[name].append(new[name])
        return _Chunk(chunk.keys, chunk.old, chunk.new, unreadable)

    def _renewed(self, row: bytes, old: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
        new = dict(old)
        for name, context in self._sealed.columns.items():
            value = old[name]
            if value is None:
                continue
            index = self._indexes.get(name)
            if index is None and not self._cipher.needs_rotation(value):
                continue
            clear = self._cipher.decrypt(value, context=context, row=row)
            if self._cipher.needs_rotation(value):
                new[name] = self._cipher.encrypt(clear, context=context, row=row)
            if index is not None:
                new[self._sealed.indexes[name][0]] = index.of(clear.decode())
        return new


class _Statements:
    """The three statements of one table."""

    def __init__(self, sealed: Sealed, header: bytes) -> None:
        table, key = sealed.table, sealed.key
        others = [
            sql.and_(table.c[name].is_not(None), sql.func.substring(table.c[name], 1, len(header)) != header)
            for name in sealed.columns
        ]
        self._key = key
        self._due = sql.true() if sealed.indexes else sql.or_(*others)
        self._read = sql.select(*key, *(table.c[name] for name in sealed.written)).order_by(*key).limit(CHUNK_ROWS)
        self.count = sql.select(sql.func.count()).select_from(table).where(self._due)
        self.left = sql.select(sql.func.count()).select_from(table).where(sql.or_(*others))
        self.swap = _swap(sealed)

    def read(self, after: Sequence[Any] | None) -> sql.Select[Any]:
        """The next rows to make anew, behind a key."""
        statement = self._read.where(self._due)
        if after is None:
            return statement
        values = (sql.literal(value, column.type) for value, column in zip(after, self._key, strict=True))
        return statement.where(sql.tuple_(*self._key) > sql.tuple_(*values))


def _swap(sealed: Sealed) -> sql.TextClause:
    """Compare and swap: rows that others hold are skipped, rows that others changed are left as they are."""
    table, dialect = sealed.table.name, postgresql.dialect()  # type: ignore[no-untyped-call]  # the library leaves its constructor untyped
    keys = [(column.name, column.type.compile(dialect)) for column in sealed.key]
    names = [f"k_{name}" for name, _ in keys]
    inputs = [f"CAST(:key_{name} AS {kind}[])" for name, kind in keys]
    for name in sealed.written:
        inputs += [f"CAST(:old_{name} AS bytea[])", f"CAST(:new_{name} AS bytea[])"]
        names += [f"o_{name}", f"n_{name}"]
    held = " AND ".join(f"t.{name} = r.k_{name}" for name, _ in keys)
    same = " AND ".join(f"t.{name} IS NOT DISTINCT FROM r.o_{name}" for name in sealed.written)
    # Two rows with the same new index would be two persons that were one before: for a human, not for a rotation.
    free = " AND ".join(
        f"NOT EXISTS (SELECT FROM {table} x WHERE x.{index} = r.n_{index} AND r.n_{index} <> r.o_{index})"
        for index, _ in sealed.indexes.values()
        if sealed.table.c[index].unique
    )
    key_list = ", ".join(name for name, _ in keys)
    return sql.text(
        f"WITH r AS (SELECT * FROM unnest({', '.join(inputs)}) AS r({', '.join(names)})), "  # noqa: S608 - names of our own tables
        f"free AS (SELECT {', '.join(f't.{name}' for name, _ in keys)} FROM {table} t JOIN r ON {held} "
        f"ORDER BY {key_list} FOR UPDATE OF t SKIP LOCKED) "
        f"UPDATE {table} t SET {', '.join(f'{name} = r.n_{name}' for name in sealed.written)} FROM r JOIN free "
        f"ON {' AND '.join(f'free.{name} = r.k_{name}' for name, _ in keys)} "
        f"WHERE {held} AND {same}{' AND ' + free if free else ''}"
    )


# ---------------------------------------------------------------------------- the job


@dataclass(frozen=True, slots=True)
class _Tally:
    """Rows made anew; values that could not be read; rows that others held, changed, or that would collide."""

    rotated: int
    unreadable: int
    missed: int

    def plus(self, rotated: int, unreadable: int, missed: int) -> _Tally:
        """After one more chunk."""
        return _Tally(self.rotated + rotated, self.unreadable + unreadable, self.missed + missed)


class Rotation:
    """The job of one service: its encrypted columns, then the contents of its files."""

    def __init__(self, sealed: Sequence[Sealed], keys: KeyRing, blob_tables: BlobTables) -> None:
        # While the index key stays, indexes are none of our business: not read, not written, not computed.
        reindex = keys.previous_index_key() is not None
        self._sealed = [each if reindex else replace(each, indexes={}) for each in sealed]
        self._keys = keys
        self._cipher = Cipher(keys)
        self._blob = blob_tables.blob

    def handler(self) -> Handler[Any]:
        """For the job runner."""
        return self._run

    async def _run(self, job: RunningJob[Any]) -> JobResult:
        wanted = (job.params["key"], job.params["algorithm"])
        algorithm, active = key_named_in(self._cipher.header)
        if wanted != (active, algorithm.name):
            raise KeyIsNotActiveHere(active=f"{active}/{algorithm.name}", wanted="/".join(wanted))
        tally = _Tally(*(int(job.checkpoint.get(name, 0)) for name in ("rotated", "unreadable", "missed")))
        for number in range(int(job.checkpoint.get("table", 0)), len(self._sealed)):
            tally = await self._rotate(job, number, tally)
        files = await self._reseal_files(job)
        left = tally.missed + await self._left(job)
        if left:
            raise KeysAreStillInUse(left=left, unreadable=tally.unreadable)
        return JobResult({"key": active, "algorithm": algorithm.name, "rows": tally.rotated, "files": files, "left": 0})

    async def _rotate(self, job: RunningJob[Any], number: int, before: _Tally) -> _Tally:
        """All rows of one table; a pass leaves rows that were held or changed meanwhile to the next one."""
        sealed = self._sealed[number]
        statements = _Statements(sealed, self._cipher.header)
        async with job.begin() as work:
            total = await work.connection.scalar(statements.count)
        await job.progress(phase=sealed.table.name, done=0, total=total)
        tally = before
        for _ in range(PASSES_MAX):
            # What a pass could not read or write is counted anew by the next one.
            start = _Tally(tally.rotated, before.unreadable, before.missed)
            tally = await self._pass(job, number, statements, start)
            if tally.missed == before.missed:
                break
            await asyncio.sleep(PASS_PAUSE_SECONDS)
        await job.progress(checkpoint={"table": number + 1, **asdict(tally)})
        return tally

    async def _pass(self, job: RunningJob[Any], number: int, statements: _Statements, tally: _Tally) -> _Tally:
        """One walk over what is due, from the checkpoint on."""
        sealed = self._sealed[number]
        maker = _Maker(sealed, self._keys, self._cipher)
        after, done = _resumed(job, number, sealed), 0
        while True:
            async with job.begin() as work:
                rows = (await work.connection.execute(statements.read(after))).all()
            if not rows:
                job.checkpoint.pop("after", None)
                return tally
            chunk = await asyncio.to_thread(maker.make, rows)
            after, done = tuple(rows[-1][: len(sealed.key)]), done + len(rows)
            async with job.begin() as work:
                swapped = await _swapped(work.connection, statements.swap, sealed, chunk)
                tally = tally.plus(swapped, chunk.unreadable, len(chunk.keys) - swapped)
                place = {"table": number, "after": [str(part) for part in after]}
                await job.progress(work=work, done=done, checkpoint={**place, **asdict(tally)})

    async def _reseal_files(self, job: RunningJob[Any]) -> int:
        """Contents are rewritten one by one; a reader keeps the one it has open."""
        blob, resealed, after = self._blob, 0, UUID(int=0)
        await job.progress(phase="files", done=0)
        while True:
            query = (
                sql.select(blob.c.blob_id)
                .where(blob.c.blob_id > after, blob.c.erased_at.is_(None))
                .order_by(blob.c.blob_id)
                .limit(CHUNK_ROWS)
            )
            async with job.begin() as work:
                ids = (await work.connection.execute(query)).scalars().all()
            if not ids:
                return resealed
            for blob_id in ids:
                resealed += await self._reseal(job, blob_id)
                after = blob_id
            await job.progress(done=resealed)

    async def _reseal(self, job: RunningJob[Any], blob_id: UUID) -> bool:
        blobs: Blobs = job.blobs
        found = await job.find_blob(blob_id)
        done = await asyncio.to_thread(blobs.reseal, found)
        async with job.begin() as work:
            gone = await work.connection.scalar(
                sql.select(self._blob.c.erased_at.is_not(None)).where(self._blob.c.blob_id == blob_id)
            )
        if gone:  # its time ended while it was rewritten
            await asyncio.to_thread(blobs.erase_content, blob_id)
        return done

    async def _left(self, job: RunningJob[Any]) -> int:
        left = 0
        for each in self._sealed:
            statements = _Statements(each, self._cipher.header)
            async with job.begin() as work:
                left += int(await work.connection.scalar(statements.left) or 0)
        return left


def _resumed(job: RunningJob[Any], number: int, sealed: Sealed) -> tuple[Any, ...] | None:
    """Where an interrupted run stopped in this table."""
    if job.checkpoint.get("table") != number or "after" not in job.checkpoint:
        return None
    texts = job.checkpoint["after"]
    kinds = [column.type.python_type for column in sealed.key]
    return tuple(kind(text) for kind, text in zip(kinds, texts, strict=True))


async def _swapped(connection: AsyncConnection, swap: sql.TextClause, sealed: Sealed, chunk: _Chunk) -> int:
    if not chunk.keys:
        return 0
    values: dict[str, Any] = {
        f"key_{column.name}": [key[place] for key in chunk.keys] for place, column in enumerate(sealed.key)
    }
    for name in sealed.written:
        values |= {f"old_{name}": chunk.old[name], f"new_{name}": chunk.new[name]}
    return (await connection.execute(swap, values)).rowcount


# ---------------------------------------------------------------------------- over HTTP


class UseOut(BaseModel):
    """How many values of a column were made with one key."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    table: str
    column: str
    key: str
    algorithm: str
    values: int
    current: bool


class KeysOut(BaseModel):
    """The active key, and what is in use; ``left`` counts values that a rotation would make anew."""

    model_config = ConfigDict(frozen=True)

    active: str
    algorithm: str
    left: int
    uses: list[UseOut]


class RotationIn(RequestModel):
    """Start, with the approval another person gave."""

    approval_id: UUID


_ANOTHER_KEY: Final = ProblemText(
    409, "密钥已变更", "Another key is active", "当前启用的密钥已不是 {key}", "the active key is no longer {key}"
)
Work = Annotated[UnitOfWork, Depends(open_work, scope="function")]


def rotation_matter(keys: KeyRing) -> Matter:
    """What two people decide: to make everything anew under the active key. The subject is ``<key>/<algorithm>``."""

    async def content(_work: UnitOfWork, subject_id: str) -> Content | None:
        active = _subject(keys)
        return Content({"key": keys.active, "algorithm": keys.algorithm.name}) if subject_id == active else None

    return Matter(JOB_KIND, "key:rotate", content)


def _subject(keys: KeyRing) -> str:
    return f"{keys.active}/{keys.algorithm.name}"


def key_router(sealed: Sequence[Sealed], keys: KeyRing, jobs: Jobs, *, texts: Texts) -> Router:
    """Which keys are in use, and the start of a rotation."""
    router = Router(prefix="/api/v1", tags=["keys"])
    cipher, matter = Cipher(keys), rotation_matter(keys)

    @router.get("/keys", dependencies=[Permit("key:read")], summary="密钥使用情况")
    async def read_keys(work: Work) -> KeysOut:
        """Every encrypted value counted by the key it was made with."""
        uses = await census(work.connection, sealed, cipher)
        return KeysOut(
            active=keys.active,
            algorithm=keys.algorithm.name,
            left=sum(use.values for use in uses if not use.current),
            uses=[UseOut.model_validate(use) for use in uses],
        )

    @router.post("/key-rotations", status_code=202, dependencies=[Idempotent()], summary="启动密钥轮换")
    async def start(
        caller: Annotated[Caller, Permit("key:rotate")], body: RotationIn, work: Work, request: Request
    ) -> JobView:
        """Make every value anew under the active key; watch the job."""
        if caller.machine:
            raise Problem("permission_denied", permission="key:rotate")
        await redeem(work, matter, _subject(keys), body.approval_id)
        job = await jobs.submit(
            work, JOB_KIND, {"key": keys.active, "algorithm": keys.algorithm.name}, scope=Scope.everywhere()
        )
        return view_of(job, request, texts)

    return router
