"""Set-based work: the import of persons with their certificates, and the daily expiry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from services.registry.adapters.certificates import to_certificate
from services.registry.adapters.secrets import ADDRESS, CITIZEN_ID, NAME, NUMBER, PHONE, Secrets
from services.registry.adapters.work import RegistryWork
from services.registry.domain.certificate import Certificate
from services.registry.domain.facts import CertificateWasIssued, CertificateWasStopped, PersonWasRegistered
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from services.registry.use_cases.ports import Identity
from shared.values.certificate import CertificateStatus, StopKind
from shared.values.certificate_number import CertificateNumber
from shared.values.disability import Disability
from shared.values.division import Division
from shared.values.identity_number import IdentityNumber
from shared.values.personal import AddressDetail, PersonName, Phone

EXPIRY_CHUNK: Final = 2_000


@dataclass(frozen=True, slots=True)
class Holder:
    """One row of the import: a person, and the certificate they hold if the row has one."""

    citizen_id_no: IdentityNumber
    name: PersonName
    phone: Phone | None
    division: Division
    certificate: tuple[Disability, date, date] | None
    address: AddressDetail | None = None


async def add_holders(holders: Sequence[Holder], work: RegistryWork) -> tuple[list[int], list[int]]:
    """Insert persons and certificates in two statements; indexes of the rows (known before, known and different).

    A number registered already with the same division and certificate is "known before" (unchanged); with other
    content it is a conflict the file must not overwrite. A number repeated inside the file is a conflict as well.
    """
    secrets = work.secrets
    numbers = [holder.citizen_id_no.number for holder in holders]
    indexes = secrets.citizen_ids.of_many(numbers)
    first: dict[bytes, int] = {}
    repeated = [number for number, index in enumerate(indexes) if first.setdefault(index, number) != number]
    # While the index key is being replaced, somebody may still be found under the previous one.
    ours = {index: indexes[at] for at, number in enumerate(numbers) for index in secrets.citizen_ids.both(number)}
    found = await _registered(work.connection, list(ours))
    taken = {ours[index]: row for index, row in found.items()}
    fresh = [number for index, number in first.items() if index not in taken]
    inserted = await _insert_persons(work, [holders[n] for n in fresh], [indexes[n] for n in fresh])
    # A row that was registered between our look and our insert is known now.
    lost = [number for number, person in zip(fresh, inserted, strict=True) if person is None]
    await _insert_certificates(
        work,
        [
            (person, holders[number], holders[number].certificate)
            for number, person in zip(fresh, inserted, strict=True)
            if person is not None
        ],
    )
    unchanged = [n for index, n in first.items() if index in taken and _same(holders[n], taken[index])]
    differing = [n for index, n in first.items() if index in taken and not _same(holders[n], taken[index])]
    return unchanged, sorted({*repeated, *differing, *lost})


_REGISTERED: Final = text(
    "SELECT p.citizen_id_index, p.division, c.category, c.grade, c.components, c.issued_on, c.expires_on "
    "FROM person p LEFT JOIN certificate c ON c.person_id = p.person_id "
    "AND c.status NOT IN ('CANCELLED', 'SUPERSEDED') "
    "WHERE p.citizen_id_index = ANY(:indexes)"
)


async def _registered(connection: AsyncConnection, indexes: list[bytes]) -> dict[bytes, Any]:
    rows = await connection.execute(_REGISTERED, {"indexes": indexes})
    return {bytes(row.citizen_id_index): row for row in rows}


def _same(holder: Holder, row: Any) -> bool:
    if row.division != holder.division.code:
        return False
    if holder.certificate is None:
        return True
    disability, issued_on, expires_on = holder.certificate
    return (row.category, row.grade, row.components, row.issued_on, row.expires_on) == (
        int(disability.category),
        int(disability.grade),
        disability.components_text,
        issued_on,
        expires_on,
    )


_INSERT_PERSONS: Final = text(
    "INSERT INTO person (person_id, version, last_version, division, registered_on, citizen_id_cipher, "
    "citizen_id_index, name_cipher, phone_cipher, address_cipher, recorded_by) "
    "SELECT id, 1, last_version, division, :today, number, index, name, phone, address, :by "
    "FROM unnest(CAST(:ids AS uuid[]), "
    "CAST(:last_versions AS bigint[]), CAST(:divisions AS text[]), CAST(:numbers AS bytea[]), "
    "CAST(:indexes AS bytea[]), CAST(:names AS bytea[]), CAST(:phones AS bytea[]), CAST(:addresses AS bytea[])) "
    "AS r(id, last_version, division, number, index, name, phone, address) "
    "ON CONFLICT (citizen_id_index) DO NOTHING RETURNING person_id"
)


async def _insert_persons(
    work: RegistryWork, holders: Sequence[Holder], indexes: Sequence[bytes]
) -> list[Person | None]:
    if not holders:
        return []
    cipher = work.secrets.cipher
    ids = [uuid7() for _ in holders]
    rows = [person_id.bytes for person_id in ids]
    inserted = await work.connection.execute(
        _INSERT_PERSONS,
        {
            "today": work.today(),
            "by": "system" if work.caller is None else work.caller.subject,
            "ids": ids,
            "last_versions": [1 if holder.certificate is None else 2 for holder in holders],
            "divisions": [holder.division.code for holder in holders],
            "numbers": cipher.encrypt_many(
                [holder.citizen_id_no.number.encode() for holder in holders], context=CITIZEN_ID, rows=rows
            ),
            "indexes": list(indexes),
            "names": work.secrets.seal_many([holder.name for holder in holders], NAME, rows),
            "phones": work.secrets.seal_many([holder.phone for holder in holders], PHONE, rows),
            "addresses": work.secrets.seal_many([holder.address for holder in holders], ADDRESS, rows),
        },
    )
    done = {row.person_id for row in inserted}
    identities = [
        Identity(citizen_id_no=holder.citizen_id_no, name=holder.name, phone=holder.phone, address=holder.address)
        for holder in holders
    ]
    persons = [
        Person(person_id=person_id, version=1, last_version=1, division=holder.division, registered_on=work.today())
        if person_id in done
        else None
        for person_id, holder in zip(ids, holders, strict=True)
    ]
    work.tell(
        *(
            PersonWasRegistered(event_id=work.new_id(), occurred_at=work.now(), person=person)
            for person in persons
            if person is not None
        )
    )
    for person, identity in zip(persons, identities, strict=True):
        if person is not None:
            work.trail.registered(person, identity)
    return persons


_INSERT_CERTIFICATES: Final = text(
    "INSERT INTO certificate (certificate_id, person_id, version, division, status, category, grade, components, "
    "issued_on, expires_on, number_cipher, number_index) "
    "SELECT id, person, 2, division, 'VALID', category, grade, components, issued, expires, number, index "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:persons AS uuid[]), CAST(:divisions AS text[]), "
    "CAST(:categories AS smallint[]), CAST(:grades AS smallint[]), CAST(:components AS text[]), "
    "CAST(:issued AS date[]), CAST(:expires AS date[]), CAST(:numbers AS bytea[]), CAST(:indexes AS bytea[])) "
    "AS r(id, person, division, category, grade, components, issued, expires, number, index)"
)


async def _insert_certificates(
    work: RegistryWork, rows: Sequence[tuple[Person, Holder, tuple[Disability, date, date] | None]]
) -> None:
    held = [(person.moved_on(), holder, what) for person, holder, what in rows if what is not None]
    if not held:
        return
    certificates = [
        Certificate(
            certificate_id=work.new_id(),
            person_id=person.person_id,
            version=person.last_version,
            division=person.division,
            status=CertificateStatus.VALID,
            disability=what[0],
            issued_on=what[1],
            expires_on=what[2],
        )
        for person, _, what in held
    ]
    numbers = [
        CertificateNumber.of(holder.citizen_id_no, what[0].category, what[0].grade).number for _, holder, what in held
    ]
    secrets: Secrets = work.secrets
    await work.connection.execute(
        _INSERT_CERTIFICATES,
        {
            "ids": [one.certificate_id for one in certificates],
            "persons": [one.person_id for one in certificates],
            "divisions": [one.division.code for one in certificates],
            "categories": [int(one.disability.category) for one in certificates],
            "grades": [int(one.disability.grade) for one in certificates],
            "components": [one.disability.components_text for one in certificates],
            "issued": [one.issued_on for one in certificates],
            "expires": [one.expires_on for one in certificates],
            "numbers": secrets.cipher.encrypt_many(
                [number.encode() for number in numbers],
                context=NUMBER,
                rows=[one.certificate_id.bytes for one in certificates],
            ),
            "indexes": secrets.numbers.of_many(numbers),
        },
    )
    for certificate in certificates:
        work.trail.issued(certificate)
    work.tell(
        *(
            CertificateWasIssued(event_id=work.new_id(), occurred_at=work.now(), person=person, certificate=certificate)
            for (person, _, _), certificate in zip(held, certificates, strict=True)
        )
    )


_EXPIRE: Final = text(
    "WITH due AS (SELECT certificate_id, person_id FROM certificate WHERE status = 'VALID' AND expires_on < :today "
    "ORDER BY expires_on LIMIT :limit), "
    "holder AS (UPDATE person p SET last_version = p.last_version + 1 FROM due WHERE p.person_id = due.person_id "
    "RETURNING p.*), "
    "gone AS (UPDATE certificate c SET status = 'EXPIRED', version = h.last_version FROM holder h "
    "WHERE c.person_id = h.person_id AND c.status = 'VALID' RETURNING c.*) "
    "SELECT g.*, h.version AS holder_version, h.last_version, h.division AS holder_division, h.registered_on, "
    "h.died_on "
    "FROM gone g JOIN holder h USING (person_id)"
)

_INSERT_STOPS: Final = text(
    "INSERT INTO stop (stop_id, person_id, certificate_id, version, division, kind, event_date, withdrawn, "
    "previous_status, recorded_by, client_id, trace_id) "
    "SELECT id, person, certificate, version, division, 'EXPIRED', event_date, false, 'VALID', 'system', 'system', "
    ":trace FROM unnest(CAST(:ids AS uuid[]), CAST(:persons AS uuid[]), CAST(:certificates AS uuid[]), "
    "CAST(:versions AS bigint[]), CAST(:divisions AS text[]), CAST(:dates AS date[])) "
    "AS r(id, person, certificate, version, division, event_date)"
)


_DUE: Final = text("SELECT count(*) FROM certificate WHERE status = 'VALID' AND expires_on < :today")


async def expired_waiting(work: RegistryWork) -> int:
    """How many certificates are past their last valid day and not announced yet."""
    return int((await work.connection.execute(_DUE, {"today": work.today()})).scalar_one())


async def expire_some(work: RegistryWork) -> int:
    """Announce up to 2,000 certificates whose last valid day has passed (SUB-40, READ-20); the number announced."""
    rows = (await work.connection.execute(_EXPIRE, {"today": work.today(), "limit": EXPIRY_CHUNK})).all()
    if not rows:
        return 0
    ids: list[UUID] = [work.new_id() for _ in rows]
    await work.connection.execute(
        _INSERT_STOPS,
        {
            "trace": work.trace_id,
            "ids": ids,
            "persons": [row.person_id for row in rows],
            "certificates": [row.certificate_id for row in rows],
            "versions": [row.version for row in rows],
            "divisions": [row.division for row in rows],
            "dates": [row.expires_on for row in rows],
        },
    )
    work.tell(*(_expired(work, row, stop_id) for row, stop_id in zip(rows, ids, strict=True)))
    return len(rows)


def _expired(work: RegistryWork, row: Any, stop_id: UUID) -> CertificateWasStopped:
    certificate = to_certificate(row)
    person = Person(
        person_id=row.person_id,
        version=row.holder_version,
        last_version=row.last_version,
        division=Division(row.holder_division),
        registered_on=row.registered_on,
        died_on=row.died_on,
    )
    stop = Stop(
        stop_id=stop_id,
        person_id=row.person_id,
        certificate_id=row.certificate_id,
        version=row.version,
        division=certificate.division,
        kind=StopKind.EXPIRED,
        reason=None,
        event_date=row.expires_on,
        previous_status=CertificateStatus.VALID,
    )
    work.trail.loaded(replace(certificate, status=CertificateStatus.VALID))
    work.trail.saved(certificate)
    work.trail.stopped(stop)
    return CertificateWasStopped(
        event_id=stop_id, occurred_at=work.now(), person=person, certificate=certificate, stop=stop
    )
