"""What the registry's use cases need from the world."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from services.registry.domain.certificate import Certificate, Proof
from services.registry.domain.facts import Fact
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from shared.values.certificate import StopKind
from shared.values.certificate_number import CertificateNumber
from shared.values.disability import Disability
from shared.values.division import Scope
from shared.values.identity_number import IdentityNumber
from shared.values.personal import AddressDetail, PersonName, Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a person is, in values that mask themselves: encrypted by the adapter, never published."""

    citizen_id_no: IdentityNumber
    name: PersonName
    phone: Phone | None = None
    address: AddressDetail | None = None


class Persons(Protocol):
    """Registered persons."""

    async def get(self, person_id: UUID, *, within: Scope) -> Person | None:
        """Lock and load; None outside the scope."""

    async def several(self, person_ids: Collection[UUID], *, within: Scope) -> dict[UUID, Person]:
        """Lock and load many at once; those outside the scope are missing."""

    async def by_number(self, number: IdentityNumber, *, within: Scope) -> UUID | None:
        """Whose number it is."""

    async def add(self, person: Person, identity: Identity) -> bool:
        """Insert; False when the identity number is taken."""

    async def identity(self, person_id: UUID, *, within: Scope) -> Identity | None:
        """Decrypt what issuing a certificate needs."""

    async def reach(self, person: Person, phone: Phone | None, address: AddressDetail | None) -> None:
        """Store where a person is reached."""

    async def save(self, person: Person, *, moved_on: date | None = None) -> None:
        """Store the changed row; ``moved_on``: since when the person belongs to another division."""

    async def remember(self, persons: Sequence[Person]) -> None:
        """Store of many that something about them, in another row, was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A certificate and its holder, both locked: one person's steps queue behind each other."""

    person: Person
    certificate: Certificate


class Certificates(Protocol):
    """Certificates."""

    async def with_holder(self, certificate_id: UUID, *, within: Scope) -> Subject | None:
        """Lock and load; None outside the scope."""

    async def living_of(self, person_id: UUID, *, within: Scope) -> Certificate | None:
        """Lock and load the one certificate a person holds."""

    async def last_replacement(self, person_id: UUID, disability: Disability, *, within: Scope) -> int:
        """The highest n of Bn the person ever had with this category and grade (ID-09)."""

    async def add(
        self, certificate: Certificate, number: CertificateNumber, *, application_id: UUID | None = None
    ) -> bool:
        """Insert; False when the person holds a living certificate already."""

    async def save(self, certificate: Certificate) -> None:
        """Store the changed row."""


class Stops(Protocol):
    """Stop facts."""

    async def standing(
        self, person_id: UUID, kind: StopKind, *, certificate_id: UUID | None, within: Scope
    ) -> Stop | None:
        """The newest fact of a kind that stands."""

    async def last_cancelled(self, person_id: UUID, *, within: Scope) -> Stop | None:
        """The newest cancellation that stands."""

    async def add(self, stop: Stop, proof: Proof | None = None) -> None:
        """Insert, with what shows it, and who and which request recorded it."""

    async def save(self, stop: Stop) -> None:
        """Store the changed row."""


class Work(Protocol):
    """One transaction of the registry."""

    @property
    def persons(self) -> Persons:
        """Registered persons."""

    @property
    def certificates(self) -> Certificates:
        """Certificates."""

    @property
    def stops(self) -> Stops:
        """Stop facts."""

    def contact_changed(
        self, person_id: UUID, before: Identity, phone: Phone | None, address: AddressDetail | None
    ) -> None:
        """Tell the audit trail, and nobody else."""

    def today(self) -> date:
        """The civil date."""

    def now(self) -> datetime:
        """The instant facts are recorded at."""

    def new_id(self) -> UUID:
        """A fresh time-ordered id."""

    def tell(self, *facts: Fact) -> None:
        """Announce facts with this transaction."""
