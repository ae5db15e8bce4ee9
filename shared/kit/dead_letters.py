"""Events that could not be applied, and the events of the same person waiting behind them.

Nothing disappears: a permanent failure is copied here with its error, the cursor goes on, other persons are not
touched; later events of that person are parked in order until somebody retries or discards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    TIMESTAMP,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from shared.contracts.event import Envelope
from shared.kit.crypto import Cipher
from shared.kit.database import uuid_array
from shared.kit.instruments import DEAD_LETTERS

NOTE: Final = b"dead_letter.note"
ERROR_CHARACTERS_MAX: Final = 2_000
RAW_BYTES_MAX: Final = 65_536


class LetterState(StrEnum):
    """OPEN failed itself; PARKED waits behind an open one; the others are settled and kept."""

    OPEN = "OPEN"
    PARKED = "PARKED"
    APPLIED = "APPLIED"
    DISCARDED = "DISCARDED"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter as stored. ``envelope`` is None when the bytes could not be read at all."""

    letter_id: UUID
    publisher: str
    position: int | None
    event_id: UUID | None
    type: str | None
    person_id: UUID | None
    state: LetterState
    error: str | None
    attempts: int
    failed_at: datetime
    body: dict[str, object]
    note_cipher: bytes | None

    def envelope(self) -> Envelope:
        """The event; raises `EnvelopeUnreadable` for a foreign message."""
        return Envelope.from_cloud_event(self.body)


LETTER: Final = Table(
    "dead_letter",
    MetaData(),
    Column("letter_id", Uuid, primary_key=True),
    Column("publisher", Text, nullable=False),
    Column("epoch", Integer),
    Column("position", BigInteger),
    Column("event_id", Uuid),
    Column("type", Text),
    Column("person_id", Uuid),
    Column("state", Text, nullable=False),
    Column("error", Text),
    Column("attempts", Integer, nullable=False),
    Column("failed_at", TIMESTAMP(timezone=True), nullable=False, server_default=text("now()")),
    Column("settled_at", TIMESTAMP(timezone=True)),
    Column("settled_by", Text),
    Column("note_cipher", LargeBinary),
    Column("body", JSONB, nullable=False),
    Index("uq_dead_letter_publisher_epoch_position", "publisher", "epoch", "position", unique=True),
    Index(
        "ix_dead_letter_waiting",
        "publisher",
        "person_id",
        postgresql_where=text("state IN ('OPEN', 'PARKED')"),
    ),
)


def dead_letter_tables(metadata: MetaData) -> None:
    """Declare the table."""
    LETTER.to_metadata(metadata)


_WAITING: Final = "state IN ('OPEN', 'PARKED')"


async def waiting_persons(connection: AsyncConnection, publisher: str, persons: Iterable[UUID]) -> set[UUID]:
    """Those of the given persons whose events wait here."""
    rows = await connection.execute(
        text(
            "SELECT DISTINCT person_id FROM dead_letter "  # noqa: S608
            f"WHERE publisher = :publisher AND person_id = ANY(CAST(:persons AS uuid[])) AND {_WAITING}"
        ),
        {"publisher": publisher, "persons": uuid_array(set(persons))},
    )
    return {row.person_id for row in rows}


async def keep(
    connection: AsyncConnection,
    publisher: str,
    envelopes: Sequence[Envelope],
    *,
    state: LetterState,
    error: BaseException | None = None,
) -> None:
    """Store events as letters; a letter that is here already stays as it is."""
    if not envelopes:
        return
    statement = text(
        "INSERT INTO dead_letter (letter_id, publisher, epoch, position, event_id, type, person_id, state, error, "
        "attempts, body) VALUES (:letter_id, :publisher, :epoch, :position, :event_id, :type, :person_id, :state, "
        ":error, :attempts, :body) ON CONFLICT (publisher, epoch, position) DO NOTHING"
    ).bindparams(bindparam("body", type_=JSONB))
    await connection.execute(
        statement,
        [
            {
                "letter_id": uuid7(),
                "publisher": publisher,
                "epoch": envelope.epoch,
                "position": envelope.position,
                "event_id": envelope.event_id,
                "type": envelope.type,
                "person_id": envelope.aggregate_id,
                "state": state.value,
                "error": describe(error),
                "attempts": 0 if error is None else 1,
                "body": envelope.cloud_event(),
            }
            for envelope in envelopes
        ],
    )


async def keep_foreign(connection: AsyncConnection, publisher: str, raw: bytes, error: BaseException) -> None:
    """Store a message that is not one of our envelopes, so that somebody can look at it.

    As text, whatever it is: what may be in a message is more than what may be in a JSON column.
    """
    statement = text(
        "INSERT INTO dead_letter (letter_id, publisher, state, error, attempts, body) "
        "VALUES (:letter_id, :publisher, 'OPEN', :error, 1, :body)"
    ).bindparams(bindparam("body", type_=JSONB))
    kept = {"raw": raw[:RAW_BYTES_MAX].decode("utf-8", "replace").replace("\x00", "�")}
    await connection.execute(
        statement, {"letter_id": uuid7(), "publisher": publisher, "error": describe(error), "body": kept}
    )


def describe(error: BaseException | None) -> str | None:
    """The error as an operator reads it: type and first lines, bounded."""
    return None if error is None else f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX]


_COLUMNS: Final = (
    "letter_id, publisher, position, event_id, type, person_id, state, error, attempts, failed_at, body, note_cipher"
)


async def get(connection: AsyncConnection, letter_id: UUID) -> Letter | None:
    """One letter, locked for the transaction."""
    row = (
        await connection.execute(
            text(f"SELECT {_COLUMNS} FROM dead_letter WHERE letter_id = :id FOR UPDATE"),  # noqa: S608
            {"id": letter_id},
        )
    ).one_or_none()
    return None if row is None else _letter(row)


async def of_person(connection: AsyncConnection, publisher: str, person_id: UUID) -> list[Letter]:
    """Everything that waits for one person, in order, locked."""
    rows = await connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM dead_letter WHERE publisher = :publisher AND person_id = :person_id "  # noqa: S608
            f"AND {_WAITING} ORDER BY epoch, position FOR UPDATE"
        ),
        {"publisher": publisher, "person_id": person_id},
    )
    return [_letter(row) for row in rows]


async def listed(
    connection: AsyncConnection, *, states: Sequence[LetterState], after: UUID | None, limit: int
) -> list[Letter]:
    """A page of letters, oldest first (letter ids grow with time)."""
    rows = await connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM dead_letter WHERE state = ANY(:states) "  # noqa: S608
            "AND (CAST(:after AS uuid) IS NULL OR letter_id > :after) ORDER BY letter_id LIMIT :limit"
        ),
        {"states": [state.value for state in states], "after": after, "limit": limit},
    )
    return [_letter(row) for row in rows]


async def settle(
    connection: AsyncConnection, letters: Iterable[UUID], *, state: LetterState, by: str, note: bytes | None = None
) -> None:
    """Close letters: APPLIED, DISCARDED or SUPERSEDED, with a `sealed_note`. They stay listed under that state."""
    await connection.execute(
        text(
            "UPDATE dead_letter SET state = :state, settled_at = now(), settled_by = :by, note_cipher = :note "
            "WHERE letter_id = ANY(:letters)"
        ),
        {"state": state.value, "by": by, "note": note, "letters": list(letters)},
    )


async def failed_again(connection: AsyncConnection, letter_id: UUID, error: BaseException) -> None:
    """Count an unsuccessful retry."""
    await connection.execute(
        text(
            "UPDATE dead_letter SET attempts = attempts + 1, error = :error, state = 'OPEN', failed_at = now() "
            "WHERE letter_id = :id"
        ),
        {"id": letter_id, "error": describe(error)},
    )


async def supersede(connection: AsyncConnection, publisher: str) -> None:
    """After a resync from a snapshot: what waited from the old history is contained in the snapshot."""
    await connection.execute(
        text(
            f"UPDATE dead_letter SET state = 'SUPERSEDED', settled_at = now(), settled_by = 'resync' "  # noqa: S608
            f"WHERE publisher = :publisher AND {_WAITING}"
        ),
        {"publisher": publisher},
    )


async def count(connection: AsyncConnection) -> None:
    """Refresh the gauge of waiting letters."""
    rows = await connection.execute(
        text(f"SELECT publisher, state, count(*) AS n FROM dead_letter WHERE {_WAITING} GROUP BY 1, 2")  # noqa: S608
    )
    DEAD_LETTERS.clear()
    for row in rows:
        DEAD_LETTERS.labels(row.publisher, row.state).set(row.n)


def sealed_note(cipher: Cipher, letter_id: UUID, note: str) -> bytes:
    """Why a letter was given up, as it is kept: it may name somebody."""
    return cipher.encrypt(note.encode(), context=NOTE, row=letter_id.bytes)


def note_of(letter: Letter, cipher: Cipher) -> str | None:
    """The reverse; None when the letter was not given up."""
    if letter.note_cipher is None:
        return None
    return cipher.decrypt(letter.note_cipher, context=NOTE, row=letter.letter_id.bytes).decode()


def _letter(row: Any) -> Letter:
    note = None if row.note_cipher is None else bytes(row.note_cipher)
    return Letter(**{**row._mapping, "state": LetterState(row.state), "note_cipher": note})
