"""Set-based work: the import of persons with their certificates, and the daily expiry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from uuid_utils.compat import uuid7

from services.registry.adapters.bulk_certificates import CHUNK, Due, halt_many
from services.registry.adapters.bulk_rows import as_json
from services.registry.adapters.names import NameKind
from services.registry.adapters.search_index import identity_terms
from services.registry.adapters.secrets import ADDRESS, CITIZEN_ID, CITIZEN_ID_RAW, NAME, NUMBER, OTHER_NAME, PHONE
from services.registry.adapters.work import RegistryWork
from services.registry.domain.certificate import Certificate
from services.registry.domain.certificate_state import Step
from services.registry.domain.facts import CertificateWasIssued, PersonWasRegistered
from services.registry.domain.person import Person
from services.registry.domain.person_identity import as_written
from services.registry.use_cases.ports import Identity
from shared.kit.audit import Change
from shared.values.certificate import CertificateStatus
from shared.values.certificate_number import CertificateNumber
from shared.values.disability import Disability
from shared.values.division import Division
from shared.values.identity_number import IdentityNumber
from shared.values.personal import AddressDetail, PersonName, Phone

Card = tuple[Disability, date, date]
"""Disability, day of issue, last valid day."""


class OnConflict(StrEnum):
    """What to do with somebody who is registered already, with other content."""

    REJECT = "reject"
    KEEP = "keep"
    """What is registered stays; the row counts as unchanged."""
    UPDATE = "update"
    """Name, telephone and address are taken over; the name there was becomes a former name."""


@dataclass(frozen=True, slots=True)
class Holder:
    """One row of the import: a person, and the certificate they hold if the row has one."""

    citizen_id_no: IdentityNumber
    name: PersonName
    phone: Phone | None
    division: Division
    certificate: Card | None
    address: AddressDetail | None = None

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return Identity(citizen_id_no=self.citizen_id_no, name=self.name, phone=self.phone, address=self.address)


@dataclass(slots=True)
class Outcome:
    """What became of the rows, by their index; those not named here are new or were changed.

    ``conflicts``: index -> the field that differs from what is registered; ``repeated`` stands for a number that the
    file has twice.
    """

    unchanged: list[int] = field(default_factory=list)
    conflicts: dict[int, str] = field(default_factory=dict)


REPEATED: Final = "repeated"
SEALED_AT_ONCE: Final = 250
"""A transaction in which nothing is said for a second is ended by the database; sealing takes time."""


async def add_holders(holders: Sequence[Holder], work: RegistryWork) -> tuple[list[int], list[int]]:
    """Take persons in and overwrite nothing; indexes of the rows (known before, known and different)."""
    outcome = await take_holders(holders, work, on_conflict=OnConflict.REJECT)
    return outcome.unchanged, sorted(outcome.conflicts)


async def take_holders(holders: Sequence[Holder], work: RegistryWork, *, on_conflict: OnConflict) -> Outcome:
    """Insert persons and certificates in two statements. A certificate of a registered person who holds none is new.

    A number that is registered is "known": where division or certificate differ it is a conflict whatever is asked,
    because moves and changes of certificates have ways of their own.
    """
    outcome = Outcome()
    secrets = work.secrets
    indexes = secrets.citizen_ids.of_many(holder.citizen_id_no.number for holder in holders)
    first: dict[bytes, int] = {}
    for at, index in enumerate(indexes):
        if first.setdefault(index, at) != at:
            outcome.conflicts[at] = REPEATED
    # While the index key is being replaced, somebody may still be found under the previous one.
    ours = {
        each: index
        for index, at in first.items()
        for each in secrets.citizen_ids.both(holders[at].citizen_id_no.number)
    }
    known = {first[ours[bytes(row.citizen_id_index)]]: row for row in await _known(work, list(ours))}
    fresh = [at for at in first.values() if at not in known]
    persons: list[Person | None] = []
    for start in range(0, len(fresh), SEALED_AT_ONCE):
        part = fresh[start : start + SEALED_AT_ONCE]
        persons += await _insert_persons(work, [(holders[at], indexes[at]) for at in part])
    for at, person in zip(fresh, persons, strict=True):
        if person is None:  # registered between our look and our insert
            outcome.conflicts[at] = "citizen_id_no"
    cards = [
        (person, holders[at].citizen_id_no, card)
        for at, person in zip(fresh, persons, strict=True)
        if person is not None and (card := holders[at].certificate) is not None
    ]
    cards += await _reconcile(work, holders, known, on_conflict, outcome)
    for start in range(0, len(cards), SEALED_AT_ONCE):
        await _insert_certificates(work, cards[start : start + SEALED_AT_ONCE])
    return outcome


async def _reconcile(
    work: RegistryWork,
    holders: Sequence[Holder],
    known: Mapping[int, Row[Any]],
    on_conflict: OnConflict,
    outcome: Outcome,
) -> list[tuple[Person, IdentityNumber, Card]]:
    """Judge the rows of registered persons; the certificates that are new to them."""
    updates: list[tuple[Holder, Row[Any], Identity]] = []
    cards: list[tuple[Row[Any], Holder, Card]] = []
    for at, row in known.items():
        holder = holders[at]
        identity = work.secrets.open_identity(row)
        if (differs := _fixed_difference(holder, row)) is not None:
            outcome.conflicts[at] = differs
        elif holder.certificate is not None and row.category is None:
            cards.append((row, holder, holder.certificate))
        elif (differs := _soft_difference(holder, identity)) is None or on_conflict is OnConflict.KEEP:
            outcome.unchanged.append(at)
        elif on_conflict is OnConflict.UPDATE:
            updates.append((holder, row, identity))
        else:
            outcome.conflicts[at] = differs
    await _update(work, updates)
    moved = await _moved_on(work, [row.person_id for row, _, _ in cards])
    return [(moved[row.person_id], holder.citizen_id_no, card) for row, holder, card in cards]


def _fixed_difference(holder: Holder, row: Row[Any]) -> str | None:
    if row.merged_into is not None or row.died_on is not None:
        return "citizen_id_no"
    if row.division != holder.division.code:
        return "division"
    if holder.certificate is None or row.category is None:
        return None
    disability, issued_on, expires_on = holder.certificate
    said = (disability.category.value, disability.grade.value, disability.components_text, issued_on, expires_on)
    known = (row.category, row.grade, row.components, row.issued_on, row.expires_on)
    return None if said == known else "category"


def _soft_difference(holder: Holder, identity: Identity) -> str | None:
    if holder.name != identity.name:
        return "name"
    if holder.phone is not None and holder.phone != identity.phone:
        return "phone"
    return "address" if holder.address is not None and holder.address != identity.address else None


_KNOWN: Final = text(
    "SELECT p.person_id, p.citizen_id_index, p.division, p.died_on, p.merged_into, p.citizen_id_cipher, "
    "p.name_cipher, p.phone_cipher, p.address_cipher, "
    "c.category, c.grade, c.components, c.issued_on, c.expires_on "
    "FROM person p LEFT JOIN certificate c ON c.person_id = p.person_id "
    "AND c.status NOT IN ('CANCELLED', 'SUPERSEDED') "
    "WHERE p.citizen_id_index = ANY(CAST(:indexes AS bytea[]))"
)


async def _known(work: RegistryWork, indexes: list[bytes]) -> Sequence[Row[Any]]:
    return (await work.connection.execute(_KNOWN, {"indexes": indexes})).all()


_INSERT_PERSONS: Final = text(
    "WITH r AS MATERIALIZED (SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r(person_id uuid, "
    "last_version bigint, division text, number bytea, index bytea, raw bytea, name bytea, phone bytea, address bytea, "
    "terms bigint[])), "
    "p AS (INSERT INTO person (person_id, version, last_version, division, registered_on, citizen_id_cipher, "
    "citizen_id_index, citizen_id_raw_cipher, name_cipher, phone_cipher, address_cipher, recorded_by) "
    "SELECT person_id, 1, last_version, division, :today, number, index, raw, name, phone, address, :by FROM r "
    "ON CONFLICT (citizen_id_index) DO NOTHING RETURNING person_id), "
    "s AS (INSERT INTO person_search (person_id, terms) SELECT person_id, terms FROM r JOIN p USING (person_id)) "
    "SELECT person_id FROM p"
)


async def _insert_persons(work: RegistryWork, rows: Sequence[tuple[Holder, bytes]]) -> list[Person | None]:
    if not rows:
        return []
    ids = [uuid7() for _ in rows]
    holders = [holder for holder, _ in rows]
    inserted = await work.connection.execute(
        _INSERT_PERSONS,
        {
            "today": work.today(),
            "by": _by(work),
            "rows": as_json(_person_rows(work, ids, holders, [index for _, index in rows])),
        },
    )
    done = {row.person_id for row in inserted}
    today = work.today()
    persons = [
        Person(person_id=person_id, version=1, last_version=1, division=holder.division, registered_on=today)
        if person_id in done
        else None
        for person_id, holder in zip(ids, holders, strict=True)
    ]
    for person, holder in zip(persons, holders, strict=True):
        if person is not None:
            work.tell(PersonWasRegistered(event_id=work.new_id(), occurred_at=work.now(), person=person))
            work.trail.registered(person, holder.identity)
    return persons


def _person_rows(
    work: RegistryWork, ids: Sequence[UUID], holders: Sequence[Holder], indexes: Sequence[bytes]
) -> list[dict[str, Any]]:
    secrets, keys = work.secrets, [person_id.bytes for person_id in ids]
    numbers = secrets.cipher.encrypt_many(
        [holder.citizen_id_no.number.encode() for holder in holders], context=CITIZEN_ID, rows=keys
    )
    names = secrets.seal_many([holder.name for holder in holders], NAME, keys)
    phones = secrets.seal_many([holder.phone for holder in holders], PHONE, keys)
    addresses = secrets.seal_many([holder.address for holder in holders], ADDRESS, keys)
    return [
        {
            "person_id": person_id,
            "last_version": 1 if holder.certificate is None else 2,
            "division": holder.division.code,
            "number": number,
            "index": index,
            "raw": secrets.seal_text(as_written(holder.citizen_id_no), CITIZEN_ID_RAW, key),
            "name": name,
            "phone": phone,
            "address": address,
            "terms": secrets.terms.of_all(identity_terms(holder.identity, holder.division)),
        }
        for person_id, key, holder, number, index, name, phone, address in zip(
            ids, keys, holders, numbers, indexes, names, phones, addresses, strict=True
        )
    ]


_INSERT_CERTIFICATES: Final = text(
    "INSERT INTO certificate (certificate_id, person_id, version, division, status, category, grade, components, "
    "issued_on, expires_on, number_cipher, number_index) "
    "SELECT certificate_id, person_id, version, division, 'VALID', category, grade, components, "
    "issued_on, expires_on, number, index FROM json_to_recordset(CAST(:rows AS json)) AS r(certificate_id uuid, "
    "person_id uuid, version bigint, division text, category smallint, grade smallint, components text, "
    "issued_on date, expires_on date, number bytea, index bytea)"
)


async def _insert_certificates(work: RegistryWork, rows: Sequence[tuple[Person, IdentityNumber, Card]]) -> None:
    """The certificates of persons who hold none; each person moves on by one event."""
    if not rows:
        return
    held = [(person.moved_on(), card) for person, _, card in rows]
    certificates = [_certificate(work.new_id(), person, card) for person, card in held]
    numbers = [CertificateNumber.of(number, card[0].category, card[0].grade).number for _, number, card in rows]
    secrets = work.secrets
    sealed = secrets.cipher.encrypt_many(
        [number.encode() for number in numbers],
        context=NUMBER,
        rows=[one.certificate_id.bytes for one in certificates],
    )
    values = [
        {
            "certificate_id": one.certificate_id,
            "person_id": one.person_id,
            "version": one.version,
            "division": one.division.code,
            "category": int(one.disability.category),
            "grade": int(one.disability.grade),
            "components": one.disability.components_text,
            "issued_on": one.issued_on,
            "expires_on": one.expires_on,
            "number": cipher,
            "index": index,
        }
        for one, cipher, index in zip(certificates, sealed, secrets.numbers.of_many(numbers), strict=True)
    ]
    await work.connection.execute(_INSERT_CERTIFICATES, {"rows": as_json(values)})
    for (person, _), certificate in zip(held, certificates, strict=True):
        work.trail.issued(certificate)
        work.tell(
            CertificateWasIssued(event_id=work.new_id(), occurred_at=work.now(), person=person, certificate=certificate)
        )


def _certificate(certificate_id: UUID, person: Person, card: Card) -> Certificate:
    disability, issued_on, expires_on = card
    return Certificate(
        certificate_id=certificate_id,
        person_id=person.person_id,
        version=person.last_version,
        division=person.division,
        status=CertificateStatus.VALID,
        disability=disability,
        issued_on=issued_on,
        expires_on=expires_on,
    )


_MOVED_ON: Final = text(
    "UPDATE person SET last_version = last_version + 1 WHERE person_id = ANY(CAST(:ids AS uuid[])) "
    "RETURNING person_id, version, last_version - 1 AS last_version, division, registered_on"
)


async def _moved_on(work: RegistryWork, person_ids: Sequence[UUID]) -> dict[UUID, Person]:
    """These persons as they were before an event that is about to be told; the rows have moved on already."""
    if not person_ids:
        return {}
    rows = await work.connection.execute(_MOVED_ON, {"ids": list(person_ids)})
    return {
        row.person_id: Person(
            person_id=row.person_id,
            version=row.version,
            last_version=row.last_version,
            division=Division(row.division),
            registered_on=row.registered_on,
        )
        for row in rows
    }


_UPDATE: Final = text(
    "WITH r AS MATERIALIZED (SELECT * FROM json_to_recordset(CAST(:rows AS json)) AS r(person_id uuid, name bytea, "
    "phone bytea, address bytea, former_id uuid, former bytea)), "
    "p AS (UPDATE person p SET last_version = last_version + 1, name_cipher = r.name, "
    "phone_cipher = coalesce(r.phone, p.phone_cipher), address_cipher = coalesce(r.address, p.address_cipher) "
    "FROM r WHERE p.person_id = r.person_id), "
    "n AS (INSERT INTO person_name (name_id, person_id, kind, name_cipher, valid_to, recorded_by) "
    "SELECT former_id, person_id, :kind, former, :today, :by FROM r WHERE former_id IS NOT NULL) "
    "UPDATE person_search s SET stale = true, unmatched = true FROM r WHERE s.person_id = r.person_id"
)


async def _update(work: RegistryWork, updates: Sequence[tuple[Holder, Row[Any], Identity]]) -> None:
    """Names, telephones and addresses as the file has them."""
    if not updates:
        return
    await work.connection.execute(
        _UPDATE,
        {
            "kind": NameKind.FORMER.value,
            "today": work.today(),
            "by": _by(work),
            "rows": as_json([_update_row(work, holder, row.person_id, before) for holder, row, before in updates]),
        },
    )
    for holder, row, before in updates:
        work.audit(
            Change(
                row.person_id,
                "person.changed",
                before={"name": before.name, "phone": before.phone, "address": before.address},
                after={
                    "name": holder.name,
                    "phone": holder.phone or before.phone,
                    "address": holder.address or before.address,
                },
                division=row.division,
            )
        )


def _update_row(work: RegistryWork, holder: Holder, person_id: UUID, before: Identity) -> dict[str, Any]:
    secrets, key = work.secrets, person_id.bytes
    former_id = None if holder.name == before.name else uuid7()
    return {
        "person_id": person_id,
        "name": secrets.seal(holder.name, NAME, key),
        "phone": secrets.seal(holder.phone, PHONE, key),
        "address": secrets.seal(holder.address, ADDRESS, key),
        "former_id": former_id,
        "former": None if former_id is None else secrets.seal(before.name, OTHER_NAME, former_id.bytes),
    }


# --- certificates of registered persons ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeldCard:
    """One row of the import of certificates."""

    citizen_id_no: IdentityNumber
    card: Card


async def take_cards(cards: Sequence[HeldCard], work: RegistryWork) -> Outcome:
    """Certificates for persons who are registered and hold none; the same certificate is unchanged."""
    outcome = Outcome()
    secrets = work.secrets
    asked = {each: at for at, held in enumerate(cards) for each in secrets.citizen_ids.both(held.citizen_id_no.number)}
    known: dict[bytes, Row[Any]] = {
        bytes(row.citizen_id_index): row
        for row in await _known(work, list(asked))
        if work.caller is None or work.caller.scope.covers(row.division)
    }
    chosen: dict[UUID, int] = {}
    for at, held in enumerate(cards):
        row = next((known[each] for each in secrets.citizen_ids.both(held.citizen_id_no.number) if each in known), None)
        _judge_card(at, held, row, chosen, outcome)
    moved = await _moved_on(work, list(chosen))
    await _insert_certificates(
        work, [(moved[person_id], cards[at].citizen_id_no, cards[at].card) for person_id, at in chosen.items()]
    )
    return outcome


def _judge_card(at: int, held: HeldCard, row: Row[Any] | None, chosen: dict[UUID, int], outcome: Outcome) -> None:
    if row is None or row.merged_into is not None or row.died_on is not None:
        outcome.conflicts[at] = "citizen_id_no"
    elif row.person_id in chosen:
        outcome.conflicts[at] = REPEATED
    elif row.category is None:
        chosen[row.person_id] = at
    else:
        disability, issued_on, expires_on = held.card
        same = (row.category, row.grade, row.components, row.issued_on, row.expires_on) == (
            *(disability.category.value, disability.grade.value, disability.components_text),
            *(issued_on, expires_on),
        )
        if same:
            outcome.unchanged.append(at)
        else:
            outcome.conflicts[at] = "category"


def _by(work: RegistryWork) -> str:
    return "system" if work.caller is None else work.caller.subject


# --- the daily expiry ------------------------------------------------------------------------------------------------


_DUE: Final = text("SELECT count(*) FROM certificate WHERE status = 'VALID' AND expires_on < :today")
_NEXT_DUE: Final = text(
    "SELECT certificate_id, expires_on FROM certificate WHERE status = 'VALID' AND expires_on < :today "
    "ORDER BY expires_on LIMIT :limit"
)


async def expired_waiting(work: RegistryWork) -> int:
    """How many certificates are past their last valid day and not announced yet."""
    return int((await work.connection.execute(_DUE, {"today": work.today()})).scalar_one())


async def expire_some(work: RegistryWork) -> int:
    """Announce up to 2,000 certificates whose last valid day has passed (SUB-40, READ-20); the number announced."""
    rows = await work.connection.execute(_NEXT_DUE, {"today": work.today(), "limit": CHUNK})
    due = [Due(row.certificate_id, row.expires_on) for row in rows]
    return await halt_many(work, Step.EXPIRE, due, reason=None) if due else 0
