"""The index persons are found by: kept with every change of a name, a telephone or a county, and looked things up in.

What cannot be computed where it changes (a county for everybody of a division, a new index key) is marked stale; a
timer of the worker computes it anew. Until then the old terms find what they found before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, false, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import literal
from sqlalchemy.types import BigInteger

from services.registry.adapters.secrets import OTHER_NAME, Secrets
from services.registry.adapters.tables_search import person_name, person_search
from services.registry.domain.match_terms import Terms, asked, terms_of
from services.registry.domain.person_errors import NameIsTooShort
from services.registry.use_cases.ports import Identity
from shared.kit import pinyin
from shared.kit.divisions import bundled
from shared.values.division import Division, Level, Scope

REFRESH_CHUNK: Final = 1_000
_COUNTIES_MAX: Final = 20


class SearchIndex:
    """The index in one transaction."""

    def __init__(self, connection: AsyncConnection, secrets: Secrets) -> None:
        self._connection = connection
        self._secrets = secrets

    async def add(self, person_id: UUID, identity: Identity, division: Division) -> None:
        """Somebody new, to be compared with everybody else soon."""
        await self._connection.execute(
            insert(person_search).values(
                person_id=person_id, terms=self._secrets.terms.of_all(identity_terms(identity, division))
            )
        )

    async def add_many(self, rows: Sequence[tuple[UUID, Identity, Division]]) -> None:
        """The same for many, in one statement."""
        terms = [self._secrets.terms.of_all(identity_terms(identity, division)) for _, identity, division in rows]
        await self._connection.execute(
            _ADD_MANY,
            # A text each, because an array of arrays must be a rectangle.
            {"ids": [row[0] for row in rows], "terms": ["{" + ",".join(map(str, each)) + "}" for each in terms]},
        )

    async def touch(self, *person_ids: UUID) -> None:
        """These changed: compute them anew soon, and compare them with everybody else again."""
        await self._connection.execute(
            update(person_search).where(person_search.c.person_id.in_(person_ids)).values(stale=True, unmatched=True)
        )

    async def forget(self, person_id: UUID) -> None:
        """Nobody is to be found any more."""
        await self._connection.execute(
            update(person_search).where(person_search.c.person_id == person_id).values(terms=[], stale=False)
        )

    async def refresh(self) -> int:
        """Compute up to a thousand stale rows anew; how many. Rows somebody holds are left for the next time."""
        rows = (await self._connection.execute(_STALE, {"limit": REFRESH_CHUNK})).all()
        if not rows:
            return 0
        others = await self._other_names([row.person_id for row in rows])
        terms = [self._terms_of(row, others.get(row.person_id, ())) for row in rows]
        await self._connection.execute(
            _REFRESHED,
            {
                "ids": [row.person_id for row in rows],
                "terms": ["{" + ",".join(map(str, each)) + "}" for each in terms],
            },
        )
        return len(rows)

    async def stale_count(self) -> int:
        """How many wait to be computed anew."""
        query = select(func.count()).where(person_search.c.stale)
        return int((await self._connection.execute(query)).scalar_one())

    async def _other_names(self, person_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
        rows = await self._connection.execute(
            select(person_name.c.name_id, person_name.c.person_id, person_name.c.name_cipher).where(
                person_name.c.person_id.in_(person_ids), person_name.c.withdrawn_at.is_(None)
            )
        )
        found: dict[UUID, list[str]] = {}
        for row in rows:
            name = self._secrets.open(row.name_cipher, OTHER_NAME, row.name_id.bytes)
            found.setdefault(row.person_id, []).append(name)
        return found

    def _terms_of(self, row: Row[Any], others: Sequence[str]) -> list[int]:
        if row.name_cipher is None:
            return []
        identity, division = self._secrets.open_identity(row), Division(row.division)
        words = set(identity_terms(identity, division))
        for name in others:
            words |= terms_of(name, division=division, born=identity.citizen_id_no.birth_date, reads=pinyin.bundled())
        return self._secrets.terms.of_all(words)


def identity_terms(identity: Identity, division: Division) -> Terms:
    """What somebody is found by under their present name."""
    return terms_of(
        identity.name.clear,
        division=division,
        born=identity.citizen_id_no.birth_date,
        phones=() if identity.phone is None else (identity.phone.clear,),
        reads=pinyin.bundled(),
    )


def named(typed: str, secrets: Secrets, within: Scope) -> ColumnElement[bool]:
    """The rows of `person_search` a typed name may mean.

    Raises `NameIsTooShort` for a family name alone when the scope has more than twenty counties.
    """
    meanings = asked(typed, counties=_counties_in(within), reads=pinyin.bundled())
    if meanings is None:
        raise NameIsTooShort(counties_max=_COUNTIES_MAX)
    return or_(false(), *(having(meaning, secrets) for meaning in meanings))


def having(terms: Terms, secrets: Secrets) -> ColumnElement[bool]:
    """The rows of `person_search` that have all of these terms."""
    return or_(
        *(person_search.c.terms.contains(literal(each, ARRAY(BigInteger))) for each in secrets.terms.both(terms))
    )


def _counties_in(within: Scope) -> list[str]:
    """The counties a scope lies in or holds; none when it is everywhere, or too many to look in."""
    found: set[str] = set()
    for prefix in within.prefixes if not within.is_everywhere else ():
        division = Division(prefix)
        if len(prefix) >= Level.COUNTY:
            found.add(division.county.code)
        else:
            found.update(county.code for county in bundled().within(division, Level.COUNTY))
        if len(found) > _COUNTIES_MAX:
            return []
    return sorted(found)


_ADD_MANY: Final = text(
    "INSERT INTO person_search (person_id, terms) SELECT id, CAST(terms AS bigint[]) "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:terms AS text[])) AS r(id, terms)"
)
_STALE: Final = text(
    "SELECT p.person_id, p.division, p.citizen_id_cipher, p.name_cipher, p.phone_cipher, p.address_cipher "
    "FROM person_search s JOIN person p USING (person_id) WHERE s.stale "
    "ORDER BY s.person_id LIMIT :limit FOR UPDATE OF s SKIP LOCKED"
)
_REFRESHED: Final = text(
    "UPDATE person_search s SET terms = CAST(r.terms AS bigint[]), stale = false "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:terms AS text[])) AS r(id, terms) WHERE s.person_id = r.id"
)
