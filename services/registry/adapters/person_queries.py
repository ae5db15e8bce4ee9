"""Reads about persons that only show: search, one person at a time gone by, their history, how many there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.places import to_place
from services.registry.adapters.queries import PersonView, people, view
from services.registry.adapters.search_index import having, named
from services.registry.adapters.secrets import Secrets
from services.registry.adapters.tables_certificate import certificate
from services.registry.adapters.tables_person import person
from services.registry.adapters.tables_place import person_place
from services.registry.adapters.tables_search import person_search
from services.registry.domain.match_terms import phone_term
from services.registry.domain.person_place import Place, PlaceKind, place_on
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.certificate import CertificateStatus
from shared.values.certificate_number import CertificateNumber
from shared.values.division import Division, Scope
from shared.values.identity_number import IdentityNumber
from shared.values.personal import Phone

_ENDED: Final = ("CANCELLED", "SUPERSEDED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody is looked for by; everything given must hold."""

    name: str | None = None
    citizen_id_no: IdentityNumber | None = None
    certificate_no: CertificateNumber | None = None
    phone: Phone | None = None
    status: CertificateStatus | None = None
    expires_from: date | None = None
    expires_to: date | None = None


Show = Callable[[Row[Any], Secrets], PersonView]


def in_clear(row: Row[Any], secrets: Secrets) -> PersonView:
    """A person under the same names as `view`, with nothing hidden; of whom restricted processing, as there."""
    shown = view(row, secrets)
    if row.restricted_at is not None:
        return shown
    identity = secrets.open_identity(row)
    return {
        **shown,
        "name_masked": identity.name.clear,
        "citizen_id_masked": identity.citizen_id_no.number,
        "phone_masked": None if identity.phone is None else identity.phone.clear,
        "address_masked": None if identity.address is None else identity.address.clear,
    }


async def persons_found(
    connection: AsyncConnection, secrets: Secrets, page: Page, asked: Asked, *, within: Scope, show: Show = view
) -> tuple[list[PersonView], str | None]:
    """A page of persons, in order of their divisions. Raises `NameIsTooShort`."""
    query = people(within).where(*_conditions(asked, secrets, within))
    rows, following = await paginate(connection, query, [person.c.division, person.c.person_id], page)
    return [show(row, secrets) for row in rows], following


def _conditions(asked: Asked, secrets: Secrets, within: Scope) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.citizen_id_no is not None:
        found.append(person.c.citizen_id_index.in_(secrets.citizen_ids.both(asked.citizen_id_no.number)))
    if asked.certificate_no is not None:
        numbers = secrets.numbers.both(asked.certificate_no.number)
        found.append(
            person.c.person_id.in_(select(certificate.c.person_id).where(certificate.c.number_index.in_(numbers)))
        )
    words = []
    if asked.name is not None:
        words.append(named(asked.name, secrets, within))
    if asked.phone is not None:
        words.append(having(frozenset({phone_term(asked.phone.clear)}), secrets))
    if words:
        found.append(person.c.person_id.in_(_found_by(and_(*words))))
    held = _held(asked)
    if held and asked == Asked(status=CertificateStatus.VALID):
        found.append(_holds_a_valid_one(within))
    elif held:
        found.append(
            person.c.person_id.in_(select(certificate.c.person_id).where(*held, inside(certificate.c.division, within)))
        )
    return found


def _found_by(words: ColumnElement[bool]) -> Select[Any]:
    """The index first, always: reading persons in the order of the page until enough fit would read all of them."""
    hits = select(person_search.c.person_id).where(words).cte("hits").prefix_with("MATERIALIZED")
    return select(hits.c.person_id)


def _holds_a_valid_one(within: Scope) -> ColumnElement[bool]:
    """As most do: the page is full after a few persons in its own order, if each is looked at by themselves.

    A join would be planned as if the divisions of persons and certificates had nothing to do with each other, and all
    certificates of a county be read for a page. OFFSET keeps it from becoming one.
    """
    held = select(certificate.c.certificate_id).where(
        certificate.c.person_id == person.c.person_id,
        certificate.c.status == CertificateStatus.VALID.value,
        inside(certificate.c.division, within),
    )
    return held.correlate(person).offset(0).exists()


def _held(asked: Asked) -> list[ColumnElement[bool]]:
    """The living certificate, unless another state is asked for."""
    held: list[ColumnElement[bool]] = []
    if asked.status is not None:
        held.append(certificate.c.status == asked.status.value)
    if asked.expires_from is not None:
        held.append(certificate.c.expires_on >= asked.expires_from)
    if asked.expires_to is not None:
        held.append(certificate.c.expires_on <= asked.expires_to)
    if held and asked.status is None:
        held.append(certificate.c.status.not_in(_ENDED))
    return held


def width_below(division: Division) -> int:
    """How long the codes one level below are; of a village its own."""
    return {2: 4, 4: 6, 6: 9, 9: 12}.get(len(division.code), 12)


async def counts_below(connection: AsyncConnection, division: Division, *, within: Scope) -> list[tuple[str, int]]:
    """How many persons belong to each division one level below; an exact count, read from an index alone."""
    below = func.left(person.c.division, width_below(division))
    rows = await connection.execute(
        select(below, func.count())
        .where(inside(person.c.division, within.narrowed_to(division)))
        .group_by(below)
        .order_by(below)
    )
    return [(code, count) for code, count in rows]


# ------------------------------------------------------------------ as it was, and as it was known


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """Where a person belonged and lived on a day, and whether they were alive, as known at a moment."""

    home: Division
    residence: Division | None
    died_on: date | None


async def person_then(
    connection: AsyncConnection, person_id: UUID, *, as_of: date, known_at: datetime, within: Scope
) -> Then | None:
    """The person on a day; None outside the scope, and where nobody was registered then."""
    someone = (
        await connection.execute(
            select(person.c.division, person.c.registered_on, person.c.recorded_at).where(
                person.c.person_id == person_id, person.c.erased_at.is_(None), inside(person.c.division, within)
            )
        )
    ).one_or_none()
    if someone is None or someone.registered_on > as_of or someone.recorded_at > known_at:
        return None
    changes = await _places(connection, person_id)
    home = place_on(
        as_of,
        [change for change in changes if change.kind is PlaceKind.HOME],
        known_at=known_at,
        present=Division(someone.division),
    )
    assert home is not None, "everybody belongs somewhere"
    residence = place_on(
        as_of,
        [change for change in changes if change.kind is PlaceKind.RESIDENCE],
        known_at=known_at,
        present=None,
    )
    died_on = await connection.scalar(_DIED, {"person": person_id, "as_of": as_of, "known_at": known_at})
    return Then(home=home, residence=residence, died_on=died_on)


async def _places(connection: AsyncConnection, person_id: UUID) -> list[Place]:
    rows = await connection.execute(select(person_place).where(person_place.c.person_id == person_id))
    return [to_place(row) for row in rows]


async def residence_of(connection: AsyncConnection, person_id: UUID, *, on: date, within: Scope) -> str | None:
    """Where a person lives, when that is not at home."""
    rows = await connection.execute(
        select(person_place.c.division)
        .join(person, person.c.person_id == person_place.c.person_id)
        .where(
            person_place.c.person_id == person_id,
            person_place.c.kind == PlaceKind.RESIDENCE.value,
            person_place.c.withdrawn_at.is_(None),
            person_place.c.valid_from <= on,
            inside(person.c.division, within),
        )
        .order_by(person_place.c.valid_from.desc(), person_place.c.recorded_at.desc())
        .limit(1)
    )
    found: str | None = rows.scalar_one_or_none()
    return found


async def history(connection: AsyncConnection, person_id: UUID, *, within: Scope) -> Sequence[dict[str, Any]] | None:
    """Everything dated that happened to a person and the records merged into it, in the order it became known."""
    known = select(person.c.person_id).where(
        person.c.person_id == person_id, person.c.erased_at.is_(None), inside(person.c.division, within)
    )
    if (await connection.execute(known)).one_or_none() is None:
        return None
    rows = await connection.execute(_HISTORY, {"person": person_id})
    return [dict(row._mapping) for row in rows]


_DIED: Final = text(
    "SELECT min(s.event_date) FROM stop s LEFT JOIN outside_report r ON r.stop_id = s.stop_id "
    "WHERE s.person_id = :person AND s.kind = 'DEATH' AND s.event_date <= :as_of AND s.recorded_at <= :known_at "
    "AND (NOT s.withdrawn OR r.retracted_at > :known_at)"
)

_HISTORY: Final = text(
    """
WITH mine AS (
  SELECT CAST(:person AS uuid) AS person_id
  UNION SELECT absorbed_id FROM person_merge WHERE person_id = :person AND NOT undone
)
SELECT what, person_id, event_date, code, division, previous, recorded_at, recorded_by, withdrawn_at FROM (
  SELECT 'REGISTERED' AS what, person_id, registered_on AS event_date, NULL AS code,
         NULL AS division, NULL AS previous, recorded_at, recorded_by, NULL::timestamptz AS withdrawn_at
    FROM person JOIN mine USING (person_id)
  UNION ALL
  SELECT kind, person_id, valid_from, cause, division, previous, recorded_at, recorded_by, withdrawn_at
    FROM person_place JOIN mine USING (person_id)
  UNION ALL
  SELECT 'NAME', person_id, valid_to, kind, NULL, NULL, recorded_at, recorded_by, withdrawn_at
    FROM person_name JOIN mine USING (person_id)
  UNION ALL
  SELECT s.kind, s.person_id, s.event_date, s.reason, s.division, NULL, s.recorded_at, s.recorded_by,
         CASE WHEN s.withdrawn THEN coalesce(r.retracted_at, s.recorded_at) END
    FROM stop s JOIN mine USING (person_id) LEFT JOIN outside_report r ON r.stop_id = s.stop_id
  UNION ALL
  SELECT 'MERGED', absorbed_id, merged_on, NULL, division, NULL, recorded_at, recorded_by, undone_at
    FROM person_merge WHERE person_id = :person
  UNION ALL
  SELECT 'CLIENT', person_id, valid_from, ground, division, NULL, recorded_at, recorded_by, NULL
    FROM client JOIN mine USING (person_id)
  UNION ALL
  SELECT 'SURVEY', person_id, visited_on, outcome, division, NULL, recorded_at, recorded_by, NULL
    FROM survey_visit JOIN mine USING (person_id)
  UNION ALL
  SELECT 'GUARDIAN', person_id, valid_from, relation, NULL, NULL, recorded_at, recorded_by, NULL
    FROM guardian JOIN mine USING (person_id)
  UNION ALL
  SELECT 'HOUSEHOLD', person_id, valid_from, relation, NULL, NULL, recorded_at, recorded_by, NULL
    FROM household_member JOIN mine USING (person_id)
) AS everything
ORDER BY recorded_at, event_date
"""
)
