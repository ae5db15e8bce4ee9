"""A dispatch as files for banks: written from the record of instructions alone, each payment in one file at most.

A sub-file is one transaction: its content is stored, then its totals, hash and lines. Killed between two of them the
next try goes on behind the last; the rest is written in the same order, so the same files come of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.bank_files import BankFile, files
from services.subsidy.adapters.payees import Payees
from services.subsidy.adapters.tables_banking import bank_file, bank_file_line
from services.subsidy.domain.banking.cells import Misfit
from services.subsidy.domain.banking.declaration import Declaration, Format, Holds
from services.subsidy.domain.banking.writing import Batch, NotWritten, Payment, Writer
from services.subsidy.domain.payroll.errors import (
    BankFileNotFound,
    DeclarationNotUsable,
    DispatchNotFound,
    FilesAreBeingWritten,
    NothingToWrite,
)
from services.subsidy.domain.payroll.instructions import Outcome, Result
from services.subsidy.domain.payroll.run import Run
from shared.kit.blobs import CSV, PLAIN_TEXT, XLSX, Blob
from shared.kit.clock import SHANGHAI
from shared.kit.copying import copy_rows
from shared.kit.pagination import Page, paginate
from shared.kit.work import UnitOfWork
from shared.values.month import Month

PURPOSE: Final = "残疾人补贴"
MEDIA_TYPES: Final = {Format.CSV: CSV, Format.FIXED_WIDTH: PLAIN_TEXT, Format.XLSX: XLSX}
NOT_WRITTEN: Final = "NOT_WRITTEN"
"""How the reason of a line begins that is in no file: column and why follow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """What left at once, and how much of it is in files. Amounts in fen."""

    run_id: UUID
    no: int
    sent_at: datetime
    instructions: int
    amount_fen: int
    in_files: int
    files_fen: int
    not_written: int
    """Came back before they left: no declaration's cells took them."""

    @property
    def waiting(self) -> int:
        """Instructions that are in no file yet."""
        return self.instructions - self.in_files - self.not_written


_DISPATCHES: Final = """
SELECT d.run_id, d.no, d.sent_at, d.instructions, d.amount_fen,
       coalesce(f.lines, 0) AS in_files, coalesce(f.fen, 0) AS files_fen,
       (SELECT count(*) FROM instruction i WHERE i.run_id = d.run_id AND i.dispatch_no = d.no AND EXISTS (
          SELECT FROM line_turn t WHERE (t.person_id, t.scheme, t.month, t.seq)
                 = (i.person_id, i.scheme, i.month, i.seq) AND t.instruction_key = i.instruction_key
             AND t.state = 'RETURNED' AND starts_with(t.reason, 'NOT_WRITTEN'))) AS not_written
  FROM dispatch d
  LEFT JOIN (SELECT dispatch_no, sum(lines) AS lines, CAST(sum(amount_fen) AS bigint) AS fen FROM bank_file
              WHERE run_id = :run_id GROUP BY 1) f ON f.dispatch_no = d.no
 WHERE d.run_id = :run_id ORDER BY d.no"""
# An answered instruction needs no file: the bank knows of it some other way.
_LEFT: Final = """
  FROM instruction i JOIN payee p USING (award_id)
 WHERE i.run_id = :run_id AND i.dispatch_no = :no AND (:any_bank OR p.bank = ANY(CAST(:banks AS text[])))
   AND NOT EXISTS (SELECT FROM bank_file_line l
                    WHERE l.run_id = i.run_id AND l.instruction_key = i.instruction_key)
   AND NOT EXISTS (SELECT FROM line_turn t WHERE (t.person_id, t.scheme, t.month, t.seq)
                   = (i.person_id, i.scheme, i.month, i.seq) AND t.instruction_key = i.instruction_key)"""
_COUNT: Final = text(f"SELECT count(*) {_LEFT}")
# What came back is paid again to the account two persons approved, not to one recorded behind their backs.
_APPROVED: Final = """
i.attempt = 1 OR p.recorded_at < (
  SELECT min(t.at) FROM line_turn t
   WHERE (t.person_id, t.scheme, t.month, t.seq) = (i.person_id, i.scheme, i.month, i.seq) AND t.state = 'PENDING'
     AND t.no > (SELECT max(b.no) FROM line_turn b WHERE b.state = 'RETURNED'
                  AND (b.person_id, b.scheme, b.month, b.seq) = (i.person_id, i.scheme, i.month, i.seq)))"""
_PAYMENTS: Final = text(
    "SELECT i.instruction_key, i.award_id, i.amount_fen, i.month, p.bank, p.name_cipher, p.account_cipher, "
    f"{_APPROVED} AS approved {_LEFT} ORDER BY p.bank, i.county, i.instruction_key"
)


async def dispatches(connection: AsyncConnection, run: Run) -> list[Dispatch]:
    """What left, the first one first, and how much of it the banks' files hold."""
    rows = await connection.execute(text(_DISPATCHES), {"run_id": run.run_id})
    return [Dispatch(**row._mapping) for row in rows]


def must_be_usable(declaration: Declaration, run: Run) -> None:
    """Raises `DeclarationNotUsable` for a declaration of elsewhere, or one that asks for what is not kept here."""
    if declaration.division != "*" and not run.division.startswith(declaration.division):
        raise DeclarationNotUsable(reason="OTHER_DIVISION")
    if any(each.holds is Holds.CITIZEN_ID_NO and each.required for each in declaration.file.columns):
        raise DeclarationNotUsable(reason="ASKS_FOR_IDENTITY_NUMBER")


async def must_be_waiting(connection: AsyncConnection, run: Run, no: int, declaration: Declaration) -> int:
    """How many instructions of a dispatch a declaration would write. Raises `DispatchNotFound`, `NothingToWrite`."""
    if not any(each.no == no for each in await dispatches(connection, run)):
        raise DispatchNotFound(dispatch_no=no)
    waiting = int(await connection.scalar(_COUNT, _bound(run, no, declaration)) or 0)
    if not waiting:
        raise NothingToWrite
    return waiting


@dataclass(slots=True)
class Writing:
    """One declaration's files of one dispatch, read from one snapshot that nobody else writes from meanwhile."""

    reader: AsyncConnection
    payees: Payees
    run: Run
    no: int
    declaration: Declaration
    declaration_id: UUID

    async def alone(self) -> None:
        """Raises `FilesAreBeingWritten` while another writes files of this run."""
        if not await self.reader.scalar(
            text("SELECT pg_try_advisory_xact_lock(hashtextextended(:run, 12))"), {"run": str(self.run.run_id)}
        ):
            raise FilesAreBeingWritten
        await self.reader.exec_driver_sql("SET LOCAL statement_timeout = 0")
        await self.reader.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '10min'")

    async def write(self, keep: Callable[[BankFile, str], Awaitable[None]]) -> tuple[int, list[NotWritten]]:
        """Hand every file to ``keep`` with the name of its batch; how many they were, and what is in none."""
        sent_at = await self.reader.scalar(
            text("SELECT sent_at FROM dispatch WHERE run_id = :run_id AND no = :no"),
            {"run_id": self.run.run_id, "no": self.no},
        )
        assert isinstance(sent_at, datetime)
        before = await self.reader.scalar(
            select(bank_file.c.part)
            .where(
                bank_file.c.run_id == self.run.run_id,
                bank_file.c.dispatch_no == self.no,
                bank_file.c.declaration_id == self.declaration_id,
            )
            .order_by(bank_file.c.part.desc())
            .limit(1)
        )
        number = f"{str(self.run.month).replace('-', '')}-{self.run.run_id.hex[-8:]}-{self.no:03d}"
        batch = Batch(number, sent_at.astimezone(SHANGHAI).date(), self.run.month, PURPOSE)
        writer = Writer(self.declaration, batch, parts_before=int(before or 0))
        rows = (await self.reader.execute(_PAYMENTS, _bound(self.run, self.no, self.declaration))).all()
        count = 0
        for written in files(self.declaration, writer, self._payments(row for row in rows if row.approved)):
            await keep(written, number)
            count += 1
        changed = (
            NotWritten(row.instruction_key, Holds.ACCOUNT, Misfit.NOT_APPROVED) for row in rows if not row.approved
        )
        return count, [*writer.not_written, *changed]

    def _payments(self, rows: Any) -> Iterator[Payment]:
        for row in rows:
            name, account = self.payees.opened(row)
            yield Payment(
                instruction_key=row.instruction_key,
                name=name.clear,
                account=account.clear,
                bank=row.bank,
                amount_fen=row.amount_fen,
                month=Month.of(row.month),
            )


async def record(work: UnitOfWork, writing: Writing, written: BankFile, blob: Blob, *, batch: str, by: str) -> UUID:
    """A file and its lines; from the commit on it may be fetched."""
    file_id, file, run = work.new_id(), written.file, writing.run
    await work.connection.execute(
        bank_file.insert().values(
            file_id=file_id,
            run_id=run.run_id,
            dispatch_no=writing.no,
            declaration_id=writing.declaration_id,
            part=file.part,
            name=file.name,
            bank=file.bank,
            batch=batch,
            lines=file.count,
            amount_fen=file.total_fen,
            sha256=written.sha256,
            blob_id=blob.id,
            written_by=by,
        )
    )
    rows = ((run.run_id, key, file_id, ordinal) for ordinal, key in enumerate(file.keys, start=1))
    await copy_rows(work.connection, bank_file_line.name, tuple(bank_file_line.c.keys()), rows)
    return file_id


def results_of(not_written: list[NotWritten], amounts: dict[UUID, int], at: datetime) -> Iterator[Result]:
    """What is in no file came back before it left: its account or name is to be corrected."""
    for each in not_written:
        yield Result(
            instruction_key=each.instruction_key,
            outcome=Outcome.RETURNED,
            code=f"{NOT_WRITTEN}_{each.holds}_{each.misfit}",
            amount_fen=amounts[each.instruction_key],
            at=at,
        )


async def amounts_of(connection: AsyncConnection, run: Run, keys: list[UUID]) -> dict[UUID, int]:
    """What some instructions are about, in fen."""
    rows = await connection.execute(
        text(
            "SELECT instruction_key, amount_fen FROM instruction "
            "WHERE run_id = :run_id AND instruction_key = ANY(:keys)"
        ),
        {"run_id": run.run_id, "keys": keys},
    )
    return {row.instruction_key: row.amount_fen for row in rows}


async def page_of(
    connection: AsyncConnection, page: Page, run: Run, *, dispatch_no: int | None
) -> tuple[Sequence[Any], str | None]:
    """Files of a run."""
    query = select(bank_file).where(bank_file.c.run_id == run.run_id)
    if dispatch_no is not None:
        query = query.where(bank_file.c.dispatch_no == dispatch_no)
    return await paginate(connection, query, [bank_file.c.dispatch_no, bank_file.c.file_id], page)


async def get(connection: AsyncConnection, run: Run, file_id: UUID) -> Any:
    """One file of a run. Raises `BankFileNotFound`."""
    query = select(bank_file).where(bank_file.c.run_id == run.run_id, bank_file.c.file_id == file_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise BankFileNotFound
    return row


async def content_of(written: BankFile) -> AsyncIterator[bytes]:
    """As a stream."""
    yield written.content


def _bound(run: Run, no: int, declaration: Declaration) -> dict[str, Any]:
    banks = list(declaration.banks)
    return {"run_id": run.run_id, "no": no, "any_bank": not banks, "banks": banks}
