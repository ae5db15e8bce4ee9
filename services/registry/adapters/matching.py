"""Who of the register is meant, and who may be somebody else of it: candidates by blind index, judged in the clear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from services.registry.adapters.merges import Merges
from services.registry.adapters.secrets import OTHER_NAME, Secrets
from services.registry.domain.match_score import Score, Traits, compare
from services.registry.domain.match_terms import born_term, heard_term, phone_term
from services.registry.domain.match_tier import Described, Tier, tier_of
from services.registry.domain.person_report import Known
from services.registry.use_cases.person_ports import Found
from shared.kit import pinyin
from shared.values.division import Division, Level, Scope

COMPARED_AT_ONCE: Final = 500
_NEIGHBOURS_MAX: Final = 50
"""Of one telephone or one name and birth date: what more than so many persons share tells nobody apart."""


class Matching:
    """Candidates in one transaction."""

    def __init__(self, connection: AsyncConnection, secrets: Secrets) -> None:
        self._connection = connection
        self._secrets = secrets

    # ------------------------------------------------------------------ reports from outside

    async def meant(self, described: Sequence[Described], *, within: Scope) -> list[list[tuple[Found, Tier]]]:
        """For each description the persons it may be of, the surest tier only. Two statements for the whole set."""
        by_number = await self._by_number(described)
        by_name = await self._by_name(described)
        everybody = await self.known({*chain.from_iterable(by_number), *chain.from_iterable(by_name)}, within=within)
        return [
            _surest(each, [everybody[one] for one in {*numbers, *names} if one in everybody])
            for each, numbers, names in zip(described, by_number, by_name, strict=True)
        ]

    async def _by_number(self, described: Sequence[Described]) -> list[list[UUID]]:
        asked: dict[bytes, list[int]] = {}
        for at, each in enumerate(described):
            if each.number is not None:
                for index in self._secrets.citizen_ids.both(each.number.number):
                    asked.setdefault(index, []).append(at)
        return await self._spread(_BY_NUMBER, {"keys": list(asked)}, asked, len(described))

    async def _by_name(self, described: Sequence[Described]) -> list[list[UUID]]:
        asked: dict[int, list[int]] = {}
        for at, each in enumerate(described):
            if each.number is None and each.name is not None and each.born is not None:
                for terms in self._secrets.terms.both([born_term(each.name, each.born)]):
                    asked.setdefault(terms[0], []).append(at)
        return await self._spread(_BY_TERM, {"keys": list(asked), "limit": _NEIGHBOURS_MAX}, asked, len(described))

    async def _spread(
        self, query: Any, values: dict[str, Any], asked: Mapping[Any, Sequence[int]], size: int
    ) -> list[list[UUID]]:
        found: list[list[UUID]] = [[] for _ in range(size)]
        if asked:
            for row in await self._connection.execute(query, values):
                for at in asked[bytes(row.key) if isinstance(row.key, memoryview | bytes) else row.key]:
                    found[at].append(row.person_id)
        return found

    async def found(self, person_id: UUID, *, within: Scope) -> Found | None:
        """One person, to weigh a report against."""
        return (await self.known([person_id], within=within)).get(person_id)

    async def known(self, person_ids: Iterable[UUID], *, within: Scope) -> dict[UUID, Found]:
        """What the register knows of these, by the id asked for; nobody outside the scope, nobody erased."""
        ids = list(person_ids)
        if not ids:
            return {}
        rows = (await self._connection.execute(_KNOWN, {"ids": ids})).all()
        others = await self._other_names([row.person_id for row in rows])
        return {
            row.asked: self._found(row, others.get(row.person_id, ())) for row in rows if within.covers(row.division)
        }

    def _found(self, row: Any, others: Sequence[str]) -> Found:
        traits = self._traits(row, others)
        return Found(
            person_id=row.person_id,
            division=traits.division,
            traits=traits,
            known=Known(
                born=traits.number.birth_date, died_on=row.died_on, alive_on=row.alive_on, moved_on=row.moved_on
            ),
        )

    def _traits(self, row: Any, others: Sequence[str]) -> Traits:
        identity = self._secrets.open_identity(row)
        return Traits(
            number=identity.citizen_id_no,
            names=(identity.name.clear, *others),
            phone=None if identity.phone is None else identity.phone.clear,
            address=None if identity.address is None else identity.address.clear,
            division=Division(row.division),
        )

    async def _other_names(self, person_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
        found: dict[UUID, list[str]] = {}
        for row in await self._connection.execute(_OTHER_NAMES, {"ids": list(person_ids)}):
            name = self._secrets.open(row.name_cipher, OTHER_NAME, row.name_id.bytes)
            found.setdefault(row.person_id, []).append(name)
        return found

    # ------------------------------------------------------------------ likely duplicates

    async def compare_some(self, merges: Merges) -> int:
        """Compare up to 500 persons nobody compared yet with everybody else; how many were compared."""
        fresh = list((await self._connection.execute(_UNMATCHED, {"limit": COMPARED_AT_ONCE})).scalars())
        if not fresh:
            return 0
        mine = await self._traits_of(fresh)
        neighbours = await self._neighbours(mine)
        theirs = await self._traits_of({other for others in neighbours.values() for other in others} - mine.keys())
        pairs = {(min(one, other), max(one, other)) for one, others in neighbours.items() for other in others}
        everybody = {**theirs, **mine}
        await merges.propose(
            [
                proposal
                for first, second in sorted(pairs)
                if (proposal := _proposal(first, second, everybody)) is not None
            ]
        )
        await self._connection.execute(_MATCHED, {"ids": fresh})
        return len(fresh)

    async def _traits_of(self, person_ids: Iterable[UUID]) -> dict[UUID, Traits]:
        rows = (await self._connection.execute(_TRAITS, {"ids": list(person_ids)})).all()
        others = await self._other_names([row.person_id for row in rows])
        return {row.person_id: self._traits(row, others.get(row.person_id, ())) for row in rows}

    async def _neighbours(self, persons: Mapping[UUID, Traits]) -> dict[UUID, set[UUID]]:
        asked: dict[int, list[UUID]] = {}
        for person_id, traits in persons.items():
            for term in _strong_terms(traits):
                asked.setdefault(self._secrets.terms.of(term), []).append(person_id)
        found: dict[UUID, set[UUID]] = {}
        if asked:
            rows = await self._connection.execute(_BY_TERM, {"keys": list(asked), "limit": _NEIGHBOURS_MAX})
            for row in rows:
                for person_id in asked[row.key]:
                    if person_id != row.person_id:
                        found.setdefault(person_id, set()).add(row.person_id)
        return found


def _strong_terms(traits: Traits) -> set[str]:
    """What two records of one person share, when they share anything that can be looked for."""
    born = traits.number.birth_date
    found = {heard_term(name, born, pinyin.bundled()) for name in traits.names}
    found.update(born_term(name, born) for name in traits.names)
    return found if traits.phone is None else found | {phone_term(traits.phone)}


def _proposal(first: UUID, second: UUID, everybody: Mapping[UUID, Traits]) -> dict[str, Any] | None:
    if first not in everybody or second not in everybody:
        return None
    one, other = everybody[first], everybody[second]
    score: Score = compare(one, other, pinyin.bundled())
    if not score.is_likely:
        return None
    return {
        "duplicate_id": uuid7(),
        "first_id": first,
        "second_id": second,
        "division": smallest_with_both(one.division, other.division),
        "score": score.points,
        "reasons": ",".join(score.reasons),
    }


def smallest_with_both(one: Division, other: Division) -> str:
    """The smallest division that holds two others; empty when no province does."""
    levels = (level for level in reversed(Level) if len(one.code) >= level)
    return next((one.code[:level] for level in levels if other.code.startswith(one.code[:level])), "")


def _surest(described: Described, found: Sequence[Found]) -> list[tuple[Found, Tier]]:
    judged: dict[UUID, tuple[Found, Tier]] = {}
    for each in found:
        if (tier := tier_of(described, each.traits, pinyin.bundled())) is not None:
            judged[each.person_id] = (each, tier)
    order = list(Tier)
    best = min((order.index(tier) for _, tier in judged.values()), default=0)
    return [(each, tier) for each, tier in judged.values() if order.index(tier) == best]


_BY_NUMBER: Final = text(
    "SELECT citizen_id_index AS key, person_id FROM person WHERE citizen_id_index = ANY(CAST(:keys AS bytea[]))"
)
_BY_TERM: Final = text(
    "SELECT q.key, s.person_id FROM unnest(CAST(:keys AS bigint[])) AS q(key) CROSS JOIN LATERAL "
    "(SELECT person_id FROM person_search WHERE terms @> ARRAY[q.key] LIMIT :limit) AS s"
)
_IDENTITY: Final = "p.person_id, p.division, p.citizen_id_cipher, p.name_cipher, p.phone_cipher, p.address_cipher"
_TRAITS: Final = text(
    f"SELECT {_IDENTITY} FROM person p WHERE person_id = ANY(CAST(:ids AS uuid[])) "  # noqa: S608 - a constant
    "AND erased_at IS NULL AND merged_into IS NULL AND restricted_at IS NULL"
)
_KNOWN: Final = text(
    f"SELECT asked.person_id AS asked, {_IDENTITY}, p.died_on, greatest("  # noqa: S608 - a constant
    "(SELECT max(c.issued_on) FROM certificate c WHERE c.person_id = p.person_id), "
    "(SELECT max(v.visited_on) FROM survey_visit v WHERE v.person_id = p.person_id AND v.outcome = 'ANSWERED')"
    ") AS alive_on, (SELECT max(h.valid_from) FROM person_place h WHERE h.person_id = p.person_id "
    "AND h.kind = 'HOME' AND h.withdrawn_at IS NULL) AS moved_on "
    "FROM person asked JOIN person p ON p.person_id = coalesce(asked.merged_into, asked.person_id) "
    "WHERE asked.person_id = ANY(CAST(:ids AS uuid[])) AND p.erased_at IS NULL"
)
_OTHER_NAMES: Final = text(
    "SELECT name_id, person_id, name_cipher FROM person_name "
    "WHERE person_id = ANY(CAST(:ids AS uuid[])) AND withdrawn_at IS NULL"
)
_UNMATCHED: Final = text(
    "SELECT person_id FROM person_search WHERE unmatched AND NOT stale ORDER BY person_id LIMIT :limit "
    "FOR UPDATE SKIP LOCKED"
)
_MATCHED: Final = text("UPDATE person_search SET unmatched = false WHERE person_id = ANY(CAST(:ids AS uuid[]))")
