"""Files: encrypted where they lie, whole or refused, seen within a scope, gone when their time is over."""

import hashlib
import io
import os
import shutil
import zipfile
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text

from shared.kit import blobs as module
from shared.kit.blobs import (
    CHUNK_BYTES,
    CSV,
    JPEG,
    PDF,
    PNG,
    XLSX,
    Blob,
    BlobIsDamaged,
    BlobIsTooLarge,
    BlobIsUnknown,
    Blobs,
    DirectoryStore,
    MediaTypeIsNotAccepted,
    MediaTypeIsNotTrue,
)
from shared.kit.clock import Clock
from shared.kit.crypto import Algorithm, KeyIsUnknown
from shared.kit.work import UnitOfWork, Works
from shared.values.division import Scope
from tests.integration.kit_jobs.conftest import BLOBS, a_ring

SECRET = "张三,341502199001011234\n".encode()
EVERYWHERE = Scope.everywhere()


async def stream(content: bytes, piece: int = 70_001) -> AsyncIterator[bytes]:
    for start in range(0, len(content), piece):
        yield content[start : start + piece]


async def put(blobs: Blobs, content: bytes, *, media_type: str = CSV, name: str = "名单.csv", **more: object) -> Blob:
    return await blobs.put(
        stream(content),
        media_type=media_type,
        name=name,
        division="341502",
        owner="wang",
        **more,  # type: ignore[arg-type]  # only known keywords are given
    )


async def put_and_record(blobs: Blobs, works: Works[UnitOfWork], content: bytes, **more: object) -> Blob:
    blob = await put(blobs, content, **more)  # type: ignore[arg-type]  # only known keywords are given
    async with works.begin() as work:
        await blobs.record(work.connection, blob)
    return blob


async def content_of(blobs: Blobs, blob: Blob) -> bytes:
    return b"".join([chunk async for chunk in await blobs.read(blob)])


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 1_000_003])
async def test_what_was_put_is_read_back_whole(blobs: Blobs, size: int) -> None:
    content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    blob = await put(blobs, content)
    assert await content_of(blobs, blob) == content
    assert (blob.size, blob.sha256) == (size, hashlib.sha256(content).digest())


async def test_the_national_cipher_serves_as_well(store: DirectoryStore, clock: Clock) -> None:
    blobs = Blobs(store, BLOBS, a_ring(), clock, algorithm=Algorithm.SM4_GCM)
    assert await content_of(blobs, await put(blobs, SECRET)) == SECRET


async def test_neither_content_nor_name_lies_in_the_open(
    blobs: Blobs, works: Works[UnitOfWork], tmp_path: Path
) -> None:
    blob = await put_and_record(blobs, works, SECRET, name="张三.csv")
    (sealed,) = files(tmp_path)
    assert "张三".encode() not in sealed.read_bytes()
    assert b"341502199001011234" not in sealed.read_bytes()
    async with works.begin() as work:
        row = (await work.connection.execute(select(BLOBS.blob))).one()
        assert (await blobs.find(work.connection, blob.id, within=EVERYWHERE)).name == "张三.csv"
    assert "张三".encode() not in bytes(row.name)
    assert "张三" not in repr(blob)


async def test_any_part_can_be_read_without_the_parts_before_it(blobs: Blobs) -> None:
    content = b"".join(b"%09d\n" % number for number in range(100_000))
    blob = await put(blobs, content)
    with blobs.open(blob) as file:
        for position in (999_990, 0, CHUNK_BYTES - 5, 3 * CHUNK_BYTES + 1):
            file.seek(position)
            assert file.read(20) == content[position : position + 20]
        assert file.seek(0, io.SEEK_END) == len(content)
        assert file.read(1) == b""


async def test_a_file_appears_only_when_it_is_whole(blobs: Blobs, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"a" * (2 * CHUNK_BYTES)
        assert [path.parent.name for path in files(tmp_path)] == ["unfinished"]
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await blobs.put(broken(), media_type=CSV, name="x", division="34", owner="wang")
    assert files(tmp_path) == []


async def test_a_file_over_the_limit_is_refused_while_it_arrives(blobs: Blobs, tmp_path: Path) -> None:
    arrived = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal arrived
        while True:
            arrived += 100_000
            yield b"a" * 100_000

    with pytest.raises(BlobIsTooLarge) as refused:
        await blobs.put(endless(), media_type=CSV, name="x", division="34", owner="wang", size_bytes_max=1_000_000)
    assert refused.value.facts == {"limit_bytes": 1_000_000}
    assert arrived <= 1_100_000
    assert files(tmp_path) == []
    assert (await put(blobs, b"a" * 1_000_000, size_bytes_max=1_000_000)).size == 1_000_000


def a_zip(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


BEGINNINGS = {
    XLSX: a_zip("[Content_Types].xml", "xl/workbook.xml"),
    PDF: b"%PDF-1.7\n",
    PNG: b"\x89PNG\r\n\x1a\n\0",
    JPEG: b"\xff\xd8\xff\xe0\0",
    CSV: "姓名,区划\n".encode("gb18030"),
}


@pytest.mark.parametrize("declared", BEGINNINGS)
@pytest.mark.parametrize("actual", BEGINNINGS)
async def test_a_file_must_begin_like_what_it_says_it_is(
    blobs: Blobs, tmp_path: Path, declared: str, actual: str
) -> None:
    if declared == actual:
        assert (await put(blobs, BEGINNINGS[actual], media_type=declared)).media_type == declared
        return
    with pytest.raises(MediaTypeIsNotTrue):
        await put(blobs, BEGINNINGS[actual], media_type=declared)
    assert files(tmp_path) == []


@pytest.mark.parametrize("content", [a_zip("META-INF/MANIFEST.MF"), a_zip("word/document.xml"), b"PK\x03\x04", b""])
async def test_another_archive_is_no_workbook(blobs: Blobs, content: bytes) -> None:
    with pytest.raises(MediaTypeIsNotTrue):
        await put(blobs, content, media_type=XLSX)


async def test_a_text_that_turns_binary_later_is_refused(blobs: Blobs) -> None:
    with pytest.raises(MediaTypeIsNotTrue):
        await put(blobs, b"a" * (2 * CHUNK_BYTES) + b"\0")


async def test_types_nobody_needs_are_refused(blobs: Blobs) -> None:
    with pytest.raises(MediaTypeIsNotAccepted):
        await put(blobs, b"<html>", media_type="text/html")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\Users\\王\\名单.csv", "名单.csv"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie x"),
        ("\u202egpj.exe", "gpj.exe"),
        ("...", "file"),
        ("长" * 300, "长" * 200),
    ],
)
async def test_names_are_made_harmless(blobs: Blobs, given: str, kept: str) -> None:
    assert (await put(blobs, b"a", name=given)).name == kept


# ---------------------------------------------------------------------------- tampering


async def damaged(blobs: Blobs, blob: Blob) -> bool:
    try:
        await content_of(blobs, blob)
    except (BlobIsDamaged, KeyIsUnknown):
        return True
    return False


async def test_every_altered_byte_is_noticed(blobs: Blobs, tmp_path: Path) -> None:
    blob = await put(blobs, SECRET)
    (path,) = files(tmp_path)
    sealed = path.read_bytes()
    for position in range(len(sealed)):
        path.write_bytes(sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :])
        assert await damaged(blobs, blob), position
    path.write_bytes(sealed)
    assert not await damaged(blobs, blob)


async def test_cutting_reordering_repeating_and_extending_are_noticed(blobs: Blobs, tmp_path: Path) -> None:
    blob = await put(blobs, b"a" * (3 * CHUNK_BYTES))
    (path,) = files(tmp_path)
    sealed = path.read_bytes()
    chunk = CHUNK_BYTES + 16
    header = len(sealed) - 3 * chunk
    one, two, three = (sealed[header + n * chunk : header + (n + 1) * chunk] for n in range(3))
    forgeries: Iterable[bytes] = (
        sealed[:-1],
        sealed[: header + 2 * chunk],
        sealed[:header],
        b"",
        sealed[:header] + two + one + three,
        sealed[:header] + one + one + three,
        sealed[:header] + one + three,
        sealed + three,
        sealed + b"\0",
    )
    for forged in forgeries:
        path.write_bytes(forged)
        assert await damaged(blobs, blob)
    path.write_bytes(sealed)
    assert not await damaged(blobs, blob)


async def test_a_file_put_in_the_place_of_another_is_noticed(blobs: Blobs, store: DirectoryStore) -> None:
    mine, other = await put(blobs, SECRET), await put(blobs, SECRET)
    shutil.copy(store._path(other.id), store._path(mine.id))
    assert await damaged(blobs, mine)


async def test_a_lost_file_is_told_before_an_answer_begins(blobs: Blobs, store: DirectoryStore) -> None:
    blob = await put(blobs, SECRET)
    store.erase(blob.id)
    with pytest.raises(BlobIsDamaged):
        await blobs.read(blob)


# ---------------------------------------------------------------------------- scope, life


async def test_outside_the_scope_a_file_does_not_exist(blobs: Blobs, works: Works[UnitOfWork]) -> None:
    blob = await put_and_record(blobs, works, SECRET)
    async with works.begin() as work:
        for inside in (Scope.of("34"), Scope.of("3415"), Scope.of("341502"), EVERYWHERE):
            assert (await blobs.find(work.connection, blob.id, within=inside)).id == blob.id
        for outside in (Scope.of("3416"), Scope.of("341502001"), Scope.nowhere()):
            with pytest.raises(BlobIsUnknown):
                await blobs.find(work.connection, blob.id, within=outside)
            with pytest.raises(BlobIsUnknown):
                await blobs.delete(work.connection, blob.id, within=outside)


async def test_a_deleted_file_is_not_found_and_its_content_goes_with_the_sweep(
    blobs: Blobs, works: Works[UnitOfWork], tmp_path: Path
) -> None:
    blob, kept = await put_and_record(blobs, works, SECRET), await put_and_record(blobs, works, b"other")
    async with works.begin() as work:
        await blobs.delete(work.connection, blob.id, within=EVERYWHERE)
    async with works.begin() as work:
        with pytest.raises(BlobIsUnknown):
            await blobs.find(work.connection, blob.id, within=EVERYWHERE)
        assert await blobs.sweep(work.connection) == 1
    assert [path.name for path in files(tmp_path)] == [kept.id.hex]
    async with works.begin() as work:
        assert await blobs.sweep(work.connection) == 0


async def test_a_deletion_that_rolls_back_never_happened(blobs: Blobs, works: Works[UnitOfWork]) -> None:
    blob = await put_and_record(blobs, works, SECRET)
    with suppress(ZeroDivisionError):
        async with works.begin() as work:
            await blobs.delete(work.connection, blob.id, within=EVERYWHERE)
            raise ZeroDivisionError
    async with works.begin() as work:
        assert await blobs.sweep(work.connection) == 0
    assert await content_of(blobs, blob) == SECRET


async def test_a_file_is_kept_through_its_last_day_and_erased_after(
    blobs: Blobs, works: Works[UnitOfWork], clock: Clock, tmp_path: Path
) -> None:
    last_day = clock.today() + timedelta(days=30)
    blob = await put_and_record(blobs, works, SECRET, retained_until=last_day)
    for day, swept in ((last_day, 0), (last_day + timedelta(days=1), 1)):
        clock.show(day)
        async with works.begin() as work:
            assert await blobs.sweep(work.connection) == swept
    assert files(tmp_path) == []
    async with works.begin() as work:
        with pytest.raises(BlobIsUnknown):
            await blobs.find(work.connection, blob.id, within=EVERYWHERE)


async def test_content_nobody_recorded_is_a_stray_and_goes_after_a_day(
    blobs: Blobs, works: Works[UnitOfWork], tmp_path: Path
) -> None:
    recorded = await put_and_record(blobs, works, SECRET)
    await put(blobs, b"stray")
    (tmp_path / "blobs" / "unfinished" / UUID(int=1).hex).write_bytes(b"half")
    async with works.begin() as work:
        assert await blobs.sweep_strays(work.connection) == 0
        for path in files(tmp_path):
            os.utime(path, (1, 1))
        assert await blobs.sweep_strays(work.connection) == 1
    assert [path.name for path in files(tmp_path)] == [recorded.id.hex]


async def test_tending_erases_everything_whose_time_is_over(
    blobs: Blobs, works: Works[UnitOfWork], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEEP_BATCH", 2)
    deleted = [await put_and_record(blobs, works, SECRET) for _ in range(5)]
    kept = await put_and_record(blobs, works, SECRET)
    await put(blobs, b"stray, but young")
    async with works.begin() as work:
        for blob in deleted:
            await blobs.delete(work.connection, blob.id, within=EVERYWHERE)
    await blobs.tend(works)
    assert len(files(tmp_path)) == 2
    assert await content_of(blobs, kept) == SECRET


async def test_the_row_of_a_file_rolls_back_with_what_refers_to_it(blobs: Blobs, works: Works[UnitOfWork]) -> None:
    blob = await put(blobs, SECRET)
    with suppress(ZeroDivisionError):
        async with works.begin() as work:
            await blobs.record(work.connection, blob)
            raise ZeroDivisionError
    async with works.begin() as work:
        assert (await work.connection.execute(text("SELECT count(*) FROM blob"))).scalar_one() == 0


async def test_memory_does_not_grow_with_the_file(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    largest = 0
    cut = module._chunks

    async def watched(source: AsyncIterator[bytes], limit: int) -> AsyncIterator[tuple[bytes, bool]]:
        nonlocal largest
        async for chunk, last in cut(source, limit):
            largest = max(largest, len(chunk))
            yield chunk, last

    monkeypatch.setattr(module, "_chunks", watched)
    await put(blobs, b"a" * (20 * CHUNK_BYTES))
    assert largest == CHUNK_BYTES
