"""Files: papers, evidence, imports, results. Encrypted in chunks, hashed, size- and type-checked, scoped, retained.

A file has two halves. `Blobs.put` writes the content, streaming, and answers a `Blob`; `Blobs.record` then inserts its
row in the transaction that refers to it. Content nobody recorded is a stray and swept after a day, so a crash between
the two leaves nothing that anybody can see. Deleting marks the row in a transaction; the sweep erases the content.
"""

import asyncio
import contextlib
import hashlib
import io
import os
import time
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Final, Protocol
from uuid import UUID

import sqlalchemy as sql
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from shared.kit.clock import Clock
from shared.kit.crypto import Algorithm, ChunkCipher, Cipher, CiphertextIsUnreadable, KeyIsUnknown, Keys
from shared.kit.problems import ProblemText
from shared.kit.work import Works
from shared.values.division import Scope
from shared.values.refusal import Refusal

__all__ = [
    "BLOB_TEXTS",
    "CSV",
    "JPEG",
    "JSON",
    "PDF",
    "PLAIN_TEXT",
    "PNG",
    "XLSX",
    "Blob",
    "BlobIsDamaged",
    "BlobIsTooLarge",
    "BlobIsUnknown",
    "BlobStore",
    "BlobTables",
    "Blobs",
    "DirectoryStore",
    "MediaTypeIsNotAccepted",
    "MediaTypeIsNotTrue",
    "blob_tables",
]

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv"
PLAIN_TEXT: Final = "text/plain"
JSON: Final = "application/json"
PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"

CHUNK_BYTES: Final = 256 * 1024
SIZE_BYTES_MAX: Final = 64 * 1024 * 1024
STRAY_AGE_SECONDS: Final = 24 * 3600
NAME_LENGTH_MAX: Final = 200
SWEEP_BATCH: Final = 200
NAME_CONTEXT: Final = b"blob.name"
FORBIDDEN_IN_NAMES: Final = '/\\:*?"<>|'


class BlobIsUnknown(Refusal):
    """There is no such file, or it lies outside the caller's scope: the same answer."""

    code: ClassVar[str] = "blob_not_found"


class BlobIsTooLarge(Refusal):
    """More bytes arrived than the limit (fact ``limit_bytes``). Nothing is kept."""

    code: ClassVar[str] = "blob_too_large"


class MediaTypeIsNotAccepted(Refusal):
    """The declared type is not among those accepted (facts ``declared``, ``accepted``)."""

    code: ClassVar[str] = "media_type_not_accepted"


class MediaTypeIsNotTrue(Refusal):
    """The content does not begin like the declared type (fact ``declared``). Nothing is kept."""

    code: ClassVar[str] = "media_type_not_true"


class BlobIsDamaged(Refusal):
    """The stored content was altered, cut or lost (fact ``blob_id``). Nothing of the damaged part is given out."""

    code: ClassVar[str] = "blob_damaged"


BLOB_TEXTS: Final[Mapping[type[Refusal], ProblemText]] = {
    BlobIsUnknown: ProblemText(404, "文件不存在", "No such file", "没有找到该文件。", "There is no such file."),
    BlobIsTooLarge: ProblemText(
        413,
        "文件过大",
        "The file is too large",
        "文件不能超过 {limit_bytes} 字节。",
        "A file may have at most {limit_bytes} bytes.",
    ),
    MediaTypeIsNotAccepted: ProblemText(
        415,
        "不支持的文件类型",
        "File type not accepted",
        "不支持文件类型“{declared}”，可用：{accepted}。",
        "The file type '{declared}' is not accepted; use {accepted}.",
    ),
    MediaTypeIsNotTrue: ProblemText(
        422,
        "文件内容与类型不符",
        "The file is not what it says",
        "文件内容不是所声明的类型“{declared}”。",
        "The content is not of the declared type '{declared}'.",
    ),
    BlobIsDamaged: ProblemText(
        500,
        "文件已损坏",
        "The file is damaged",
        "存储的文件 {blob_id} 已损坏或丢失，请联系管理员。",
        "The stored file {blob_id} is damaged or lost. Tell the operators.",
    ),
}
"""Words of this module's refusals, for the application's table."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file. ``name`` is only for people and may hold personal words: stored encrypted, never logged."""

    id: UUID
    sha256: bytes
    size: int
    media_type: str
    name: str
    division: str
    owner: str
    created_at: datetime
    retained_until: date | None = None

    def __repr__(self) -> str:
        return f"Blob({self.id}, {self.media_type}, {self.size} bytes)"


# ---------------------------------------------------------------------------- what content looks like


def _is_xlsx(start: bytes) -> bool:
    # A workbook is a zip whose first member, named at offset 30, belongs to an Office package; a jar's does not.
    members = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"customXml/", b"customUI/")
    return start.startswith(b"PK\x03\x04") and start[30:].startswith(members)


def _is_text(start: bytes) -> bool:
    binary = (b"PK\x03\x04", b"%PDF-", b"\xd0\xcf\x11\xe0", b"\x7fELF", b"MZ", b"\x1f\x8b")
    return b"\0" not in start and not start.startswith(binary)


MEDIA_CHECKS: Final[Mapping[str, Callable[[bytes], bool]]] = {
    XLSX: _is_xlsx,
    CSV: _is_text,
    PLAIN_TEXT: _is_text,
    JSON: _is_text,
    PDF: lambda start: start.startswith(b"%PDF-"),
    PNG: lambda start: start.startswith(b"\x89PNG\r\n\x1a\n"),
    JPEG: lambda start: start.startswith(b"\xff\xd8\xff"),
}
"""Media type -> whether the first chunk of a content can be that type."""


def _clean_name(name: str) -> str:
    """The last part of a path, without control characters or characters file systems refuse."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        letter for letter in base if unicodedata.category(letter)[0] != "C" and letter not in FORBIDDEN_IN_NAMES
    )
    return kept.strip(" .")[:NAME_LENGTH_MAX] or "file"


# ---------------------------------------------------------------------------- where sealed content lies


class Sink(Protocol):
    """A content being written. Nobody can open it before ``keep``; after ``abandon`` nothing is left."""

    def write(self, sealed: bytes, /) -> object: ...
    def keep(self) -> None: ...
    def abandon(self) -> None: ...


class BlobStore(Protocol):
    """Keeps sealed bytes by id; knows nothing of keys or meaning. Methods block and are called in threads."""

    def create(self, blob_id: UUID) -> Sink: ...

    def open(self, blob_id: UUID) -> BinaryIO:
        """Seekable; raises FileNotFoundError."""

    def erase(self, blob_id: UUID) -> None:
        """Erasing what is not there is no error."""

    def older_than(self, age_seconds: float) -> Iterator[UUID]:
        """Ids of contents written longer ago than that; also drops unfinished ones of that age."""


class _DirectorySink:
    def __init__(self, unfinished: Path, target: Path) -> None:
        self._unfinished, self._target = unfinished, target
        # Buffered: closing waits for a write that still runs in another thread.
        self._file = unfinished.open("xb")
        self.write = self._file.write

    def keep(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._unfinished.rename(self._target)
        # The new name, and the directory holding it, must survive a power cut as well.
        for directory in (self._target.parent, self._target.parent.parent):
            _fsync_directory(directory)

    def abandon(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self._unfinished.unlink(missing_ok=True)


def _fsync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class DirectoryStore:
    """Contents as files under one directory, spread over 256 folders, readable by the owner of the process only."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._unfinished = root / "unfinished"
        self._unfinished.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, blob_id: UUID) -> Path:
        # The tail of a uuid7 is random, its head is the time.
        return self._root / blob_id.hex[-2:] / blob_id.hex

    def create(self, blob_id: UUID) -> Sink:
        return _DirectorySink(self._unfinished / blob_id.hex, self._path(blob_id))

    def open(self, blob_id: UUID) -> BinaryIO:
        return self._path(blob_id).open("rb", buffering=0)

    def erase(self, blob_id: UUID) -> None:
        self._path(blob_id).unlink(missing_ok=True)

    def older_than(self, age_seconds: float) -> Iterator[UUID]:
        before = time.time() - age_seconds
        for folder in self._root.iterdir():
            for entry in os.scandir(folder):
                if entry.stat().st_mtime >= before:
                    continue
                if folder == self._unfinished:
                    Path(entry).unlink(missing_ok=True)
                else:
                    yield UUID(hex=entry.name)


class _SealedReader(io.RawIOBase):
    """Plaintext view of a sealed content: seekable, one opened chunk in memory, nothing decrypted on disk."""

    def __init__(self, raw: BinaryIO, cipher: ChunkCipher, blob: Blob) -> None:
        self._raw, self._cipher, self._blob = raw, cipher, blob
        self._header_bytes = len(cipher.header)
        body = raw.seek(0, io.SEEK_END) - self._header_bytes
        self._chunks = -(-body // _SEALED_CHUNK)
        if body - self._chunks * ChunkCipher.OVERHEAD_BYTES != blob.size:
            raise BlobIsDamaged(blob_id=str(blob.id))
        self._position = 0
        self._opened: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._blob.size}[whence]
        if start + offset < 0:
            raise ValueError("negative position")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]  # BufferedReader always gives a memoryview
        number, skip = divmod(self._position, CHUNK_BYTES)
        if self._position >= self._blob.size > 0 or number >= self._chunks:
            return 0
        piece = self._chunk(number)[skip : skip + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _chunk(self, number: int) -> bytes:
        if self._opened[0] != number:
            self._raw.seek(self._header_bytes + number * _SEALED_CHUNK)
            sealed = self._raw.read(_SEALED_CHUNK)
            try:
                opened = self._cipher.open(sealed, number, last=number == self._chunks - 1)
            except CiphertextIsUnreadable:
                raise BlobIsDamaged(blob_id=str(self._blob.id)) from None
            self._opened = (number, opened)
        return self._opened[1]

    def close(self) -> None:
        self._raw.close()
        super().close()


_SEALED_CHUNK: Final = CHUNK_BYTES + ChunkCipher.OVERHEAD_BYTES


# ---------------------------------------------------------------------------- tables


@dataclass(frozen=True, slots=True)
class BlobTables:
    blob: sql.Table


def blob_tables(metadata: sql.MetaData) -> BlobTables:
    blob = sql.Table(
        "blob",
        metadata,
        sql.Column("blob_id", sql.Uuid, primary_key=True),
        sql.Column("sha256", BYTEA, nullable=False, comment="of the plaintext"),
        sql.Column("size_bytes", sql.BigInteger, nullable=False),
        sql.Column("media_type", sql.Text, nullable=False),
        sql.Column("name", BYTEA, nullable=False, comment="encrypted"),
        sql.Column("division", sql.Text, nullable=False, comment="a code, or * for everywhere"),
        sql.Column("owner", sql.Text, nullable=False),
        sql.Column("created_at", sql.DateTime(timezone=True), nullable=False),
        sql.Column("retained_until", sql.Date, comment="the last day it must be kept; it is erased after"),
        sql.Column("deleted_at", sql.DateTime(timezone=True)),
        sql.Column("erased_at", sql.DateTime(timezone=True)),
        sql.CheckConstraint("octet_length(sha256) = 32", name="sha256_is_32_bytes"),
    )
    sql.Index("ix_blob_retained_until", blob.c.retained_until, postgresql_where=blob.c.erased_at.is_(None))
    sql.Index(
        "ix_blob_deleted_at",
        blob.c.deleted_at,
        postgresql_where=sql.and_(blob.c.deleted_at.is_not(None), blob.c.erased_at.is_(None)),
    )
    return BlobTables(blob)


# ---------------------------------------------------------------------------- the port


class Blobs:
    """Puts, finds, reads and erases files. One per process; holds no connection."""

    def __init__(
        self,
        store: BlobStore,
        tables: BlobTables,
        keys: Keys,
        clock: Clock,
        *,
        size_bytes_max: int = SIZE_BYTES_MAX,
        algorithm: Algorithm | None = None,
    ) -> None:
        self._store = store
        self._table = tables.blob
        self._keys = keys
        self._clock = clock
        self._algorithm = algorithm
        self._names = Cipher(keys, algorithm)
        self.size_bytes_max = size_bytes_max

    async def put(
        self,
        stream: AsyncIterable[bytes],
        *,
        media_type: str,
        name: str,
        division: str,
        owner: str,
        retained_until: date | None = None,
        size_bytes_max: int | None = None,
    ) -> Blob:
        """Writes the content, durably and encrypted, holding one chunk in memory. The caller must `record` the answer.

        :raises MediaTypeIsNotAccepted, MediaTypeIsNotTrue, BlobIsTooLarge: and leaves nothing behind.
        """
        looks_right = MEDIA_CHECKS.get(media_type)
        if looks_right is None:
            raise MediaTypeIsNotAccepted(declared=media_type[:NAME_LENGTH_MAX], accepted=sorted(MEDIA_CHECKS))
        # What comes from outside is bounded by the house; what the house writes itself says its own bound.
        limit = size_bytes_max or self.size_bytes_max
        blob_id = uuid7()
        cipher = ChunkCipher.create(self._keys, context=_context(blob_id), algorithm=self._algorithm)
        digest = hashlib.sha256()
        size = 0
        sink = await asyncio.to_thread(self._store.create, blob_id)
        try:
            sink.write(cipher.header)
            number = 0
            async for chunk, last in _chunks(stream, limit):
                if (number == 0 or looks_right is _is_text) and not looks_right(chunk):
                    raise MediaTypeIsNotTrue(declared=media_type)
                await asyncio.to_thread(_seal_into, sink, cipher, digest.update, chunk, number, last=last)
                size += len(chunk)
                number += 1
            await asyncio.to_thread(sink.keep)
        except BaseException:
            sink.abandon()
            raise
        return Blob(
            id=blob_id,
            sha256=digest.digest(),
            size=size,
            media_type=media_type,
            name=_clean_name(name),
            division=division,
            owner=owner,
            created_at=self._clock.now(),
            retained_until=retained_until,
        )

    async def record(self, connection: AsyncConnection, blob: Blob) -> None:
        """Makes the file part of the transaction: from its commit on it can be found."""
        await connection.execute(
            self._table.insert().values(
                blob_id=blob.id,
                sha256=blob.sha256,
                size_bytes=blob.size,
                media_type=blob.media_type,
                name=self._names.encrypt(blob.name.encode(), context=NAME_CONTEXT, row=blob.id.bytes),
                division=blob.division,
                owner=blob.owner,
                created_at=blob.created_at,
                retained_until=blob.retained_until,
            )
        )

    async def discard(self, blob: Blob) -> None:
        """Erases a content that will not be recorded after all, instead of leaving it to the sweep."""
        await asyncio.to_thread(self._store.erase, blob.id)

    async def find(self, connection: AsyncConnection, blob_id: UUID, *, within: Scope) -> Blob:
        """:raises BlobIsUnknown: if there is none, it was deleted, or lies outside the scope."""
        table = self._table
        query = sql.select(table).where(table.c.blob_id == blob_id, table.c.deleted_at.is_(None))
        row = (await connection.execute(query)).one_or_none()
        if row is None or not within.covers(row.division):
            raise BlobIsUnknown(blob_id=str(blob_id))
        return Blob(
            id=row.blob_id,
            sha256=bytes(row.sha256),
            size=row.size_bytes,
            media_type=row.media_type,
            name=self._names.decrypt(bytes(row.name), context=NAME_CONTEXT, row=row.blob_id.bytes).decode(),
            division=row.division,
            owner=row.owner,
            created_at=row.created_at,
            retained_until=row.retained_until,
        )

    def open(self, blob: Blob) -> BinaryIO:
        """The plaintext, seekable, decrypted while read. Blocks: use it in a thread.

        :raises BlobIsDamaged: now or at any read.
        """
        try:
            raw = self._store.open(blob.id)
        except FileNotFoundError:
            raise BlobIsDamaged(blob_id=str(blob.id)) from None
        try:
            start = raw.read(3)
            header = start + raw.read(ChunkCipher.header_length(start) - len(start))
            cipher = ChunkCipher(self._keys, header, context=_context(blob.id))
            return io.BufferedReader(_SealedReader(raw, cipher, blob), CHUNK_BYTES)
        except CiphertextIsUnreadable:
            raw.close()
            raise BlobIsDamaged(blob_id=str(blob.id)) from None
        except (KeyIsUnknown, BlobIsDamaged):
            raw.close()
            raise

    async def read(self, blob: Blob) -> AsyncIterator[bytes]:
        """The plaintext in chunks. Awaiting it already opens the first one, so that a lost or damaged content is
        refused before a response has begun.

        :raises BlobIsDamaged: now or while iterating.
        """
        source = await asyncio.to_thread(self.open, blob)
        try:
            first = await asyncio.to_thread(source.read, CHUNK_BYTES)
        except BaseException:
            source.close()
            raise

        async def chunks() -> AsyncIterator[bytes]:
            try:
                chunk = first
                while chunk:
                    yield chunk
                    chunk = await asyncio.to_thread(source.read, CHUNK_BYTES)
            finally:
                source.close()

        return chunks()

    def reseal(self, blob: Blob) -> bool:
        """Encrypts a content anew under the active key; False when it is already, or is gone. Blocks.

        Readers keep the content they have open; the new one takes its place at once or not at all.

        :raises BlobIsDamaged, KeyIsUnknown: the old content stays as it is.
        """
        try:
            with self._store.open(blob.id) as raw:
                start = raw.read(3)
                header = start + raw.read(ChunkCipher.header_length(start) - len(start))
        except FileNotFoundError:
            return False  # lost or erased: reading says so, rotating cannot help
        cipher = ChunkCipher.create(self._keys, context=_context(blob.id), algorithm=self._algorithm)
        if cipher.header[: -ChunkCipher.SALT_BYTES] == header[: -ChunkCipher.SALT_BYTES]:
            return False
        sink = self._store.create(blob.id)
        try:
            sink.write(cipher.header)
            with self.open(blob) as source:
                for number in range(max(1, -(-blob.size // CHUNK_BYTES))):
                    chunk = source.read(CHUNK_BYTES)
                    sink.write(cipher.seal(chunk, number, last=(number + 1) * CHUNK_BYTES >= blob.size))
            sink.keep()
        except BaseException:
            sink.abandon()
            raise
        return True

    def erase_content(self, blob_id: UUID) -> None:
        """Erases a content whose row says so already. Blocks."""
        self._store.erase(blob_id)

    async def delete(self, connection: AsyncConnection, blob_id: UUID, *, within: Scope) -> None:
        """From the commit on nobody finds it; the next sweep erases the content, the row stays as evidence.

        :raises BlobIsUnknown: like `find`.
        """
        blob = await self.find(connection, blob_id, within=within)
        table = self._table
        await connection.execute(table.update().where(table.c.blob_id == blob.id).values(deleted_at=self._clock.now()))

    async def sweep(self, connection: AsyncConnection) -> int:
        """Erases up to 200 contents that were deleted or whose retention ended; answers how many. Several may run."""
        table = self._table
        due = (
            sql.select(table.c.blob_id)
            .where(
                table.c.erased_at.is_(None),
                sql.or_(table.c.deleted_at.is_not(None), table.c.retained_until < self._clock.today()),
            )
            .limit(SWEEP_BATCH)
            .with_for_update(skip_locked=True)
        )
        ids = list((await connection.execute(due)).scalars())
        if ids:
            # Erased before the commit: repeating it is harmless, forgetting it would not be.
            await asyncio.to_thread(self._erase, ids)
            now = self._clock.now()
            await connection.execute(
                table.update()
                .where(table.c.blob_id.in_(ids))
                .values(erased_at=now, deleted_at=sql.func.coalesce(table.c.deleted_at, now))
            )
        return len(ids)

    async def sweep_strays(self, connection: AsyncConnection, *, age_seconds: float = STRAY_AGE_SECONDS) -> int:
        """Erases contents of that age which no row knows; answers how many."""
        old = await asyncio.to_thread(lambda: list(self._store.older_than(age_seconds)))  # before the first statement
        strays = []
        for start in range(0, len(old), 1000):
            batch = old[start : start + 1000]
            known = set(
                (
                    await connection.execute(sql.select(self._table.c.blob_id).where(self._table.c.blob_id.in_(batch)))
                ).scalars()
            )
            strays += [blob_id for blob_id in batch if blob_id not in known]
        await asyncio.to_thread(self._erase, strays)
        return len(strays)

    async def tend(self, works: Works[Any]) -> None:
        """For a timer: erases everything whose time is over, and the strays."""
        swept = SWEEP_BATCH
        while swept == SWEEP_BATCH:
            async with works.begin() as work:
                swept = await self.sweep(work.connection)
        async with works.begin() as work:
            await self.sweep_strays(work.connection)

    def _erase(self, ids: list[UUID]) -> None:
        for blob_id in ids:
            self._store.erase(blob_id)


def _context(blob_id: UUID) -> bytes:
    # Binds the content to its id: swapping two files of a directory makes both unreadable.
    return b"blob" + blob_id.bytes


def _seal_into(
    sink: Sink, cipher: ChunkCipher, digest: Callable[[bytes], object], chunk: bytes, number: int, *, last: bool
) -> None:
    digest(chunk)
    sink.write(cipher.seal(chunk, number, last=last))


async def _chunks(stream: AsyncIterable[bytes], limit_bytes: int) -> AsyncIterator[tuple[bytes, bool]]:
    """Cuts a stream into full chunks and a last one, which is empty only when everything is."""
    pending = bytearray()
    received = 0
    async for piece in stream:
        received += len(piece)
        if received > limit_bytes:
            raise BlobIsTooLarge(limit_bytes=limit_bytes)
        pending += piece
        while len(pending) > CHUNK_BYTES:
            yield bytes(pending[:CHUNK_BYTES]), False
            del pending[:CHUNK_BYTES]
    yield bytes(pending), True
