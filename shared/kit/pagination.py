"""Lists by keyset: a page starts after the last key of the one before, so that page 10,000 costs what page 1 does."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Annotated, Any, Final, Generic, TypeVar, TypeVarTuple
from uuid import UUID

import orjson
from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Row, Select, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from shared.kit.problems import Problem

LIMIT_MAX: Final = 1000
_LIMIT_DEFAULT: Final = 100
_CURSOR_LENGTH_MAX: Final = 2048
_OWN_PARAMETERS: Final = frozenset({"cursor", "limit"})

Item = TypeVar("Item")
Columns = TypeVarTuple("Columns")

_READ: Final[Mapping[type, Callable[[Any], Any]]] = {
    bool: bool,
    int: int,
    str: str,
    UUID: UUID,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
    Decimal: Decimal,
}
_WRITTEN_AS: Final[Mapping[type, type]] = {bool: bool, int: int}


class Listed(BaseModel, Generic[Item]):
    """One page as the API answers it; `next` is the cursor of the next page, absent on the last."""

    model_config = ConfigDict(frozen=True)

    items: list[Item]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Which page was asked for. `query` stands for the other parameters: a cursor is good for its own query only."""

    limit: int = _LIMIT_DEFAULT
    cursor: str | None = None
    query: str = ""


async def page(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="How many at most")] = _LIMIT_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=_CURSOR_LENGTH_MAX, description="`next` of the page before")] = None,
) -> Page:
    """Dependency of every list."""
    others = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in _OWN_PARAMETERS)
    told = orjson.dumps([request.url.path, others])
    return Page(limit, cursor, blake2b(told, digest_size=6).hexdigest())


PageAsked = Annotated[Page, Depends(page)]


async def paginate(
    connection: AsyncConnection,
    statement: Select[*Columns],
    keys: Sequence[ColumnElement[Any]],
    page: Page,
    *,
    descending: bool = False,
) -> tuple[Sequence[Row[*Columns]], str | None]:
    """The rows of the page and the cursor of the next one, ordered by `keys`.

    The keys are selected columns that are never null and unique together; the row comparison uses an index
    on them as it stands. Raises Problem 400 `cursor_invalid`.
    """
    result = await connection.execute(window(statement, keys, page, descending=descending))
    columns = list(result.keys())
    rows = result.all()
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, _write(page, [rows[-1][columns.index(_name(key))] for key in keys])


def window(
    statement: Select[*Columns], keys: Sequence[ColumnElement[Any]], page: Page, *, descending: bool = False
) -> Select[*Columns]:
    """The statement of one page: what comes after the cursor, in order, and one row more to see whether more follow."""
    if page.cursor is not None:
        after = tuple_(*(literal(value, key.type) for key, value in zip(keys, _read(page, keys), strict=True)))
        row = tuple_(*keys)
        statement = statement.where(row < after if descending else row > after)
    return statement.order_by(*(key.desc() if descending else key for key in keys)).limit(page.limit + 1)


def _name(key: ColumnElement[Any]) -> str:
    return str(getattr(key, "key", None) or key)


def _write(page: Page, values: Sequence[Any]) -> str:
    return urlsafe_b64encode(orjson.dumps([page.query, *values], default=str)).rstrip(b"=").decode()


def _read(page: Page, keys: Sequence[ColumnElement[Any]]) -> list[Any]:
    """The key values in a cursor. A cursor grants nothing (the query's own conditions stay), so it is not signed."""
    text = page.cursor or ""
    try:
        query, *values = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if query != page.query or len(values) != len(keys):
            raise Problem("cursor_invalid")
        return [_value(key.type.python_type, value) for key, value in zip(keys, values, strict=True)]
    except (ValueError, TypeError, ArithmeticError) as error:
        raise Problem("cursor_invalid") from error


def _value(kind: type, written: Any) -> Any:
    if type(written) is not _WRITTEN_AS.get(kind, str):
        raise Problem("cursor_invalid")
    return _READ[kind](written)
