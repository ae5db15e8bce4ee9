"""Seals of settled runs: lines in the state they ended in, drawn from one snapshot into a file, signed and chained."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from psycopg import sql
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.payroll import drafting, turning
from services.subsidy.adapters.tables_payroll import run_seal
from services.subsidy.domain.payroll import seal as form
from services.subsidy.domain.payroll.errors import SealNotFound
from services.subsidy.domain.payroll.run import Run, RunState
from services.subsidy.domain.payroll.seal import GENESIS, Seal
from shared.kit.blobs import Blob
from shared.kit.copying import driver_of
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.kit.signing import Signer
from shared.values.division import Division, Scope
from shared.values.month import Month

SEAL: Final = "payroll.seal"
"""The kind of the job."""
READ_BYTES: Final = 1 << 20

# Text and hash of a line are made in the database: a province's month is 1.9 million of them. As `form.LINE_FIELDS`.
_LINES: Final = f"""
SELECT CAST(json_build_array(month, person_id, scheme, seq, encode(sha256(convert_to(line, 'UTF8')), 'hex')) AS text),
       line
  FROM (SELECT month, person_id, scheme, seq, CAST(json_build_array(
                 month, person_id, scheme, seq, award_id, county, amount_fen, settled_before_fen, cause, rules, state,
                 reason, to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) AS text) AS line
          FROM ({turning.STANDING}) AS standing) AS told
 ORDER BY month, person_id, scheme COLLATE "C", seq"""
_SUMS: Final = text(
    "SELECT count(*) AS lines, CAST(coalesce(sum(amount_fen) FILTER (WHERE state = 'SETTLED'), 0) AS bigint) AS fen "
    f"FROM ({turning.STANDING}) AS standing"
)
_UNSEALED: Final = """
SELECT r.run_id, r.division FROM payroll_run r
 WHERE r.state = 'SETTLED' AND NOT EXISTS (
   SELECT FROM run_seal s WHERE s.run_id = r.run_id AND s.run_version = r.version)"""
_NOBODY_AT_IT: Final = """
   AND NOT EXISTS (SELECT FROM job j WHERE j.kind = :kind AND j.params ->> 'run_id' = CAST(r.run_id AS text)
                   AND j.state IN ('QUEUED', 'RUNNING'))
 ORDER BY r.month, r.run_id"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Lines of a run, hashed and written down: ``listed`` has their keys and hashes, ``lines`` their texts."""

    listed: Path
    lines: Path
    count: int
    settled_fen: int
    digest: str


async def waiting(connection: AsyncConnection) -> int:
    """How many settled runs have no seal."""
    return int(await connection.scalar(text(f"SELECT count(*) FROM ({_UNSEALED}) AS unsealed")) or 0)


async def unattended(connection: AsyncConnection) -> Sequence[Any]:
    """Settled runs that have no seal and that no job is about to seal, the oldest month first."""
    return (await connection.execute(text(_UNSEALED + _NOBODY_AT_IT), {"kind": SEAL})).all()


async def is_due(connection: AsyncConnection, run: Run) -> bool:
    """Whether the run has settled and is not sealed as it stands."""
    if run.state is not RunState.SETTLED:
        return False
    sealed = select(run_seal.c.seal_id).where(run_seal.c.run_id == run.run_id, run_seal.c.run_version == run.version)
    return await connection.scalar(sealed) is None


async def draw(reader: AsyncConnection, run: Run, folder: Path) -> Drawn:
    """Write the lines of a run down as they stand, in order of key; memory does not grow with them."""
    listed, lines, digest = folder / "listed", folder / "lines", sha256()
    sums = (await reader.execute(_SUMS, {"run_id": run.run_id})).one()
    query = sql.SQL(_LINES.replace(":run_id", "{run_id}")).format(run_id=run.run_id)
    with listed.open("wb") as keys, lines.open("wb") as texts:
        async with (await driver_of(reader)).cursor().copy(sql.SQL("COPY ({}) TO STDOUT").format(query)) as copy:
            copy.set_types(("text", "text"))
            async for entry, line in copy.rows():
                told = entry.encode()
                digest.update(told)
                keys.write(told + b"\n")
                texts.write(line.encode() + b"\n")
    return Drawn(listed, lines, int(sums.lines), int(sums.fen), digest.hexdigest())


async def chain_of(connection: AsyncConnection, division: str) -> tuple[Seal, ...]:
    """The seals of a division, the first one first."""
    query = select(run_seal).where(run_seal.c.division == division).order_by(run_seal.c.number)
    return tuple(_seal(row) for row in await connection.execute(query))


async def sign(reader: AsyncConnection, run: Run, drawn: Drawn, before: tuple[Seal, ...], signer: Signer) -> Seal:
    """The next seal of the run's division."""
    assert run.draft is not None, "what settled was drawn up"
    seal = Seal(
        division=run.division,
        number=len(before) + 1,
        run_id=str(run.run_id),
        run_version=run.version,
        month=str(run.month),
        schemes=run.schemes,
        lines=drawn.count,
        amount_fen=drawn.settled_fen,
        digest=drawn.digest,
        approved=run.draft.digest,
        as_approved=await drafting.as_approved(reader, run),
        previous=before[-1].chain if before else GENESIS,
        sealed_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        key_id=signer.key_id,
    )
    return seal.signed(base64.b64encode(signer.sign(seal.statement)).decode())


async def content(seals: tuple[Seal, ...], drawn: Drawn) -> AsyncIterator[bytes]:
    """The file of the last of these seals."""
    yield f"{form.header(seals)}\n{form.LISTED}\n".encode()
    for path, ends in ((drawn.listed, form.LINES), (drawn.lines, form.END)):
        with path.open("rb") as file:
            while piece := file.read(READ_BYTES):
                yield piece
        yield f"{ends}\n".encode()


def name_of(seal: Seal) -> str:
    """What its file is called."""
    return f"封存-{seal.division}-{seal.number:04d}-{seal.month}.txt"


async def keep(connection: AsyncConnection, seal_id: UUID, seal: Seal, blob: Blob) -> bool:
    """Add a seal to its chain; False where another was added meanwhile. In the transaction that locked the run."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:chain, 14))"), {"chain": seal.division}
    )
    head = await connection.scalar(
        select(run_seal.c.chain).where(run_seal.c.division == seal.division).order_by(run_seal.c.number.desc()).limit(1)
    )
    if (head or GENESIS) != seal.previous:
        return False
    values = seal.as_json() | {
        "seal_id": seal_id,
        "run_id": UUID(seal.run_id),
        "month": Month.parse(seal.month).first_day,
        "schemes": list(seal.schemes),
        "chain": seal.chain,
        "blob_id": blob.id,
    }
    await connection.execute(insert(run_seal).values(values))
    return True


async def get(connection: AsyncConnection, seal_id: UUID, *, within: Scope) -> Any:
    """A seal. Raises `SealNotFound`, also outside the scope."""
    query = select(run_seal).where(run_seal.c.seal_id == seal_id, inside(run_seal.c.division, within))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise SealNotFound
    return row


async def page_of(
    connection: AsyncConnection, page: Page, *, within: Scope, division: Division | None, run_id: UUID | None
) -> tuple[Sequence[Any], str | None]:
    """A page of seals, the newest first."""
    narrowed = within if division is None else within.narrowed_to(division)
    query = select(run_seal).where(inside(run_seal.c.division, narrowed))
    if run_id is not None:
        query = query.where(run_seal.c.run_id == run_id)
    return await paginate(connection, query, [run_seal.c.seal_id], page, descending=True)


def _seal(row: Any) -> Seal:
    told = {name: getattr(row, name) for name in Seal.__dataclass_fields__}
    return Seal(**told | {"run_id": str(row.run_id), "month": str(Month.of(row.month)), "schemes": tuple(row.schemes)})
