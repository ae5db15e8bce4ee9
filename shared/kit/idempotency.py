"""Idempotency keys: a POST that creates or moves something happens once, however often it is sent.

The first answer is stored by the transaction that made it (IETF draft `Idempotency-Key`): either both exist
or neither. Only successes are kept: a refusal changed nothing, so asking again may as well be judged again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Final, cast

from fastapi import Depends, Header
from sqlalchemy import (
    Column,
    CursorResult,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    delete,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from shared.kit.crypto import Cipher
from shared.kit.metrics import IDEMPOTENT
from shared.kit.permissions import Caller
from shared.kit.problems import Problem
from shared.kit.routing import Answerer
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork

KEY_LENGTH_MAX: Final = 255
KEY_PATTERN: Final = r'^("[!#-~]+"|[!#-~]+)$'
"""Visible ASCII; the draft writes it as a quoted string, most clients without the quotes."""
_KEPT_HEADERS: Final = ("content-type", "location", "etag", "content-language")
ANSWER_CONTEXT: Final = b"idempotency_key.answer"
_FINGERPRINT_BYTES: Final = 32
_SUCCESS: Final = range(200, 300)

_ANSWERS: Final = Table(
    "idempotency_key",
    MetaData(),
    Column("client_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("status", SmallInteger, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column(
        "answer",
        LargeBinary,
        nullable=False,
        comment="encrypted: SHA-256 of the request, then the body. The hash is inside because a bare hash of a "
        "request with few unknowns (an identity number) could be guessed back",
    ),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("kept_until", DateTime(timezone=True), comment="null: for ever"),
    Index("ix_idempotency_key_kept_until", "kept_until"),
)


KeyGiven = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="Repeat with the same key to get the first answer, not another effect"),
]
"""The header as a parameter; `valid_key` judges it."""


@dataclass(frozen=True, slots=True)
class IdempotencyTables:
    """The table of this module in a service's metadata."""

    idempotency_key: Table


def idempotency_tables(metadata: MetaData) -> IdempotencyTables:
    """Declare the table in `metadata`, for its migration."""
    return IdempotencyTables(_ANSWERS.to_metadata(metadata))


async def purge_answers(connection: AsyncConnection, *, now: datetime, rows_max: int = 10_000) -> int:
    """Forget at most `rows_max` answers whose time is over; returns how many. Repeat until it returns 0."""
    old = select(_ANSWERS.c.client_id, _ANSWERS.c.key).where(_ANSWERS.c.kept_until < now).limit(rows_max).subquery()
    gone = await connection.execute(
        delete(_ANSWERS).where(_ANSWERS.c.client_id == old.c.client_id, _ANSWERS.c.key == old.c.key)
    )
    return cast("CursorResult[Any]", gone).rowcount


class _Idempotency(Answerer):
    """The dependency behind Idempotent: claims the key, replays a known answer, keeps a new one."""

    def __init__(self, kept_days: int | None) -> None:
        self._kept_days = kept_days

    async def prepare(self, request: Request) -> None:
        """Hold the body: a form would otherwise be consumed while it is parsed."""
        await request.body()

    async def __call__(
        self,
        request: Request,
        work: Annotated[UnitOfWork, Depends(open_work, scope="function")],
        idempotency_key: KeyGiven = None,
    ) -> str:
        """Claim the key for the length of this transaction. Raises Problem 400, 409, 422 or replays."""
        key = valid_key(idempotency_key)
        caller = _caller(request)
        fingerprint = _fingerprint(request, caller, await request.body())
        claimed = await work.connection.scalar(select(func.pg_try_advisory_xact_lock(_lock_number(caller, key))))
        if not claimed:
            IDEMPOTENT.labels("refused").inc()
            raise Problem("idempotency_in_flight", headers={"Retry-After": "1"})
        row = (
            await work.connection.execute(
                select(_ANSWERS.c.status, _ANSWERS.c.headers, _ANSWERS.c.answer).where(
                    _ANSWERS.c.client_id == caller.client_id, _ANSWERS.c.key == key
                )
            )
        ).one_or_none()
        if row is not None:
            sealed = _cipher(request).decrypt(row.answer, context=ANSWER_CONTEXT, row=_row(caller, key))
            if sealed[:_FINGERPRINT_BYTES] != fingerprint:
                IDEMPOTENT.labels("refused").inc()
                raise Problem("idempotency_key_reused")
            IDEMPOTENT.labels("replayed").inc()
            raise self.Answered(_replay(row.status, row.headers, sealed[_FINGERPRINT_BYTES:]))
        request.state.idempotency = (key, fingerprint)
        return key

    async def keep(self, request: Request, response: Response) -> None:
        """Store a success in the transaction that made it."""
        if response.status_code not in _SUCCESS:
            return
        caller = _caller(request)
        key, fingerprint = request.state.idempotency
        answer = _cipher(request).encrypt(
            fingerprint + bytes(response.body), context=ANSWER_CONTEXT, row=_row(caller, key)
        )
        kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        until = None if self._kept_days is None else func.now() + literal(timedelta(days=self._kept_days))
        work: UnitOfWork = request.state.work
        try:
            await work.connection.execute(
                insert(_ANSWERS).values(
                    client_id=caller.client_id,
                    key=key,
                    status=response.status_code,
                    headers=kept,
                    answer=answer,
                    kept_until=until,
                )
            )
        except IntegrityError as error:
            # Under REPEATABLE READ our snapshot may be older than the first request's commit.
            raise Problem("idempotency_in_flight", headers={"Retry-After": "1"}) from error
        IDEMPOTENT.labels("first").inc()


def Idempotent(*, kept_days: int | None = 30) -> Any:  # noqa: N802 - reads as a declaration, like Depends
    """Require an Idempotency-Key on this route; its answers are kept `kept_days` (None: for ever, for money).

    `@router.post("/things", dependencies=[Idempotent()])`
    """
    return Depends(_Idempotency(kept_days), scope="function")


def valid_key(key: str | None) -> str:
    """The key a request gave, without quotes. Raises Problem 400: none, or not one."""
    if key is None:
        raise Problem("idempotency_key_missing")
    if len(key) > KEY_LENGTH_MAX or not re.fullmatch(KEY_PATTERN, key):
        raise Problem("idempotency_key_invalid", length_max=KEY_LENGTH_MAX)
    return key.strip('"')


def _caller(request: Request) -> Caller:
    caller = getattr(request.state, "caller", None)
    assert isinstance(caller, Caller), "an idempotent route needs a caller: keys are kept per client"
    return caller


def _cipher(request: Request) -> Cipher:
    cipher: Cipher = request.app.state.cipher
    return cipher


def _row(caller: Caller, key: str) -> bytes:
    return f"{caller.client_id}\n{key}".encode()


def _lock_number(caller: Caller, key: str) -> int:
    """64 bits for an advisory lock; its prefix keeps it apart from the other locks of the house."""
    digest = sha256(b"idempotency_key\n" + _row(caller, key)).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _fingerprint(request: Request, caller: Caller, body: bytes) -> bytes:
    """What makes two requests the same: who, what, where. The random boundary of a form is no difference.

    The subject is part of it: keys are kept per client, and one person must not be shown another's answer.
    """
    _, _, boundary = request.headers.get("content-type", "").partition("boundary=")
    if boundary:
        body = body.replace(boundary.strip('"').encode(), b"")
    digest = sha256()
    for part in (caller.subject, request.method, request.url.path, request.url.query):
        digest.update(part.encode() + b"\n")
    digest.update(body)
    return digest.digest()


def _replay(status: int, headers: Mapping[str, str], body: bytes) -> Response:
    return Response(body, status, headers={**headers, "Idempotent-Replay": "true"})
