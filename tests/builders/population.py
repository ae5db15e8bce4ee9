"""Many persons at once, where a test or a measurement is about many events and not about how persons came to be.

The registry and the subsidy service's copy get the same rows, so that both sides agree as after ordinary events. Ids
are a function of a running number, ordered like the time-ordered ids of the product.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.registry.announcements import announce
from services.registry.domain.certificate import CancellationReason, Certificate, Proof, ProofKind
from services.registry.domain.facts import CertificateWasStopped
from services.registry.domain.person import Person
from shared.contracts.event import Announcement
from shared.kit import journal
from shared.values.certificate import CertificateStatus
from shared.values.disability import Disability
from shared.values.division import Division

COUNTIES: Final = ("341502", "341503", "341504", "341522", "341523", "341524", "341525")
ISSUED_ON: Final = date(2020, 1, 1)
EXPIRES_ON: Final = date(2039, 12, 31)
EVENTS_PER_TRANSACTION: Final = 5_000

_KINDS: Final = {"person": "01920000", "certificate": "01930000", "award": "01940000", "stop": "01950000"}


def id_of(kind: str, number: int) -> UUID:
    """The id of the n-th person, certificate, award or stop."""
    return UUID(f"{_KINDS[kind]}-0000-7000-8000-{number:012x}")


def division_of(number: int) -> str:
    """The village of the n-th person."""
    return f"{COUNTIES[number % len(COUNTIES)]}001001"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Persons ``first`` … ``first + size - 1``, each with a valid certificate (limb, grade 2) and a nursing award."""

    first: int
    size: int

    @property
    def numbers(self) -> range:
        """Their running numbers."""
        return range(self.first, self.first + self.size)

    def _bounds(self) -> dict[str, Any]:
        return {
            "first": self.first,
            "last": self.first + self.size - 1,
            "counties": list(COUNTIES),
            "issued": ISSUED_ON,
            "expires": EXPIRES_ON,
        }

    async def enter_register(self, registry: AsyncEngine) -> None:
        """Rows of the registry: persons and certificates, without names (their encrypted columns hold nothing)."""
        await _run(
            registry,
            self._bounds(),
            "INSERT INTO person (person_id, version, last_version, division, registered_on, citizen_id_cipher, "
            f"citizen_id_index, name_cipher, recorded_by) SELECT {_id('person')}, 1, 2, {_DIVISION}, :issued, '', "
            f"decode(md5(g::text), 'hex'), '', 'builder' FROM {_SERIES}",
            "INSERT INTO certificate (certificate_id, person_id, version, division, status, category, grade, "
            "components, issued_on, expires_on, number_cipher, number_index) "
            f"SELECT {_id('certificate')}, {_id('person')}, 2, {_DIVISION}, 'VALID', 4, 2, '4:2', :issued, :expires, "
            f"'', decode(md5(g::text), 'hex') FROM {_SERIES}",
            "ANALYZE person, certificate",
        )

    async def be_known(self, reader: AsyncEngine) -> None:
        """A reader's copies of the registry's rows."""
        await _run(
            reader,
            self._bounds(),
            "INSERT INTO copy_registry_person (person_id, division, version, registered_on) "
            f"SELECT {_id('person')}, {_DIVISION}, 1, :issued FROM {_SERIES}",
            "INSERT INTO copy_registry_certificate (certificate_id, person_id, division, version, status, category, "
            f"grade, components, issued_on, expires_on) SELECT {_id('certificate')}, {_id('person')}, {_DIVISION}, 2, "
            f"'VALID', 4, 2, '4:2', :issued, :expires FROM {_SERIES}",
            "ANALYZE copy_registry_person, copy_registry_certificate",
        )

    async def be_granted(self, subsidy: AsyncEngine) -> None:
        """One ACTIVE nursing award each."""
        await _run(
            subsidy,
            self._bounds(),
            "WITH added AS (INSERT INTO award (award_id, person_id, certificate_id, version, division, scheme, "
            "status, application_date, start_month, granted_by, trace_id) "
            f"SELECT {_id('award')}, {_id('person')}, {_id('certificate')}, 1, {_DIVISION}, 'nursing_subsidy', "
            f"'ACTIVE', :issued, to_char(CAST(:issued AS date), 'YYYY-MM'), 'builder', repeat('0', 32) "
            f"FROM {_SERIES} RETURNING award_id) "
            "INSERT INTO award_step (award_id, version, status, recorded_by) "
            "SELECT award_id, 1, 'ACTIVE', 'builder' FROM added",
            "ANALYZE award, award_step",
        )

    async def be_cancelled(self, registry: AsyncEngine, *, on: date) -> None:
        """Cancel every certificate: rows set-based, events announced and appended by the product's own code."""
        numbers = self.numbers
        for start in range(0, len(numbers), EVENTS_PER_TRANSACTION):
            chunk = numbers[start : start + EVENTS_PER_TRANSACTION]
            announcements = list(cancellations(chunk, on=on))
            async with registry.begin() as connection:
                await _cancel_rows(connection, chunk, on)
                await journal.append(connection, announcements, trace_id="b" * 32)


def cancellations(numbers: Sequence[int], *, on: date) -> Iterator[Announcement]:
    """What the registry announces when the certificates of these persons are cancelled on their holders' wish."""
    for number in numbers:
        stop_id = id_of("stop", number)
        division = Division(division_of(number))
        before = Certificate(
            certificate_id=id_of("certificate", number),
            person_id=id_of("person", number),
            version=2,
            division=division,
            status=CertificateStatus.VALID,
            disability=_LIMB_2,
            issued_on=ISSUED_ON,
            expires_on=EXPIRES_ON,
        )
        certificate, stop = before.cancel(
            reason=CancellationReason.VOLUNTARY,
            proof=Proof(kind=ProofKind.WRITTEN_WISH, reference="-"),
            on=on,
            today=on,
            version=3,
            stop_id=stop_id,
        )
        person = Person(
            person_id=before.person_id, version=1, last_version=3, division=division, registered_on=ISSUED_ON
        )
        yield announce(
            CertificateWasStopped(
                event_id=stop_id, occurred_at=datetime.now(UTC), person=person, certificate=certificate, stop=stop
            )
        )


_LIMB_2: Final = Disability.parse("4", "2", "")
_SERIES: Final = "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS g"
_DIVISION: Final = f"(CAST(:counties AS text[]))[1 + g % {len(COUNTIES)}] || '001001'"


def _id(kind: str) -> str:
    return f"CAST('{_KINDS[kind]}-0000-7000-8000-' || lpad(to_hex(g), 12, '0') AS uuid)"


def _needed(values: dict[str, Any], statement: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if f":{name}" in statement}


async def _run(engine: AsyncEngine, values: dict[str, Any], *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement), _needed(values, statement))


_CANCEL: Final = (
    f"UPDATE person SET last_version = 3 FROM {_SERIES} WHERE person_id = {_id('person')}",
    (
        f"UPDATE certificate SET version = 3, status = 'CANCELLED' FROM {_SERIES} "
        f"WHERE certificate_id = {_id('certificate')}"
    ),
    (
        "INSERT INTO stop (stop_id, person_id, certificate_id, version, division, kind, reason, event_date, "
        "withdrawn, previous_status, recorded_by, client_id, trace_id) "
        f"SELECT {_id('stop')}, {_id('person')}, {_id('certificate')}, 3, {_DIVISION}, 'CANCELLED', 'VOLUNTARY', "
        f":on, false, 'VALID', 'builder', 'builder', repeat('b', 32) FROM {_SERIES}"
    ),
)


async def _cancel_rows(connection: AsyncConnection, numbers: range, on: date) -> None:
    values = {"first": numbers[0], "last": numbers[-1], "on": on, "counties": list(COUNTIES)}
    for statement in _CANCEL:
        await connection.execute(text(statement), _needed(values, statement))
