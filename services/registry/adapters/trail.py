"""What the registry's rows were when they were loaded, so that saving one tells the audit trail what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from services.registry.domain.certificate import Certificate
from services.registry.domain.person import Person
from services.registry.domain.stop import Stop
from services.registry.use_cases.ports import Identity
from shared.kit.audit import Change, Code

PERSON_FIELDS: Final = ("name", "citizen_id_no", "phone", "address")
CERTIFICATE_FIELDS: Final = ("category", "grade", "components", "status")
STOP_FIELDS: Final = ("kind", "reason", "event_date")


class Trail:
    """One transaction's changes. Repositories call it; nobody else has to remember to."""

    def __init__(self, audit: Callable[[Change], None]) -> None:
        self._audit = audit
        self._before: dict[UUID, Mapping[str, object]] = {}

    def loaded(self, *rows: Person | Certificate) -> None:
        """These are about to be decided on."""
        for row in rows:
            self._before[_id_of(row)] = _fields_of(row)

    def registered(self, person: Person, identity: Identity) -> None:
        """A person entered the register."""
        after = {**_fields_of(person), **fields_of_identity(identity)}
        self._audit(Change(person.person_id, "person.registered", after=after, division=person.division.code))

    def issued(self, certificate: Certificate) -> None:
        """A certificate began."""
        self._audit(
            Change(
                certificate.person_id,
                "certificate.issued",
                after={"certificate_id": certificate.certificate_id, **_fields_of(certificate)},
                division=certificate.division.code,
            )
        )

    def saved(self, row: Person | Certificate) -> None:
        """A row was stored; a version alone is no change."""
        before, after = self._before.get(_id_of(row), {}), _fields_of(row)
        if before != after:
            what = "person.changed" if isinstance(row, Person) else "certificate.changed"
            self._audit(Change(row.person_id, what, before=before, after=after, division=row.division.code))
        self._before[_id_of(row)] = after

    def stopped(self, stop: Stop, *, before: Mapping[str, object] | None = None) -> None:
        """A stop fact was recorded, ended or withdrawn."""
        what = "stop.recorded" if before is None else "stop.changed"
        after: dict[str, object] = {"ended_on": stop.ended_on, "withdrawn": stop.withdrawn}
        if before is None:
            reason = None if stop.reason is None else Code(stop.reason)
            after = {"stop_id": stop.stop_id, "kind": stop.kind, "reason": reason, "event_date": stop.event_date}
        self._audit(Change(stop.person_id, what, before=before, after=after, division=stop.division.code))


def fields_of_identity(identity: Identity) -> dict[str, object]:
    """Who a person is; the trail makes fingerprints of it."""
    return {field: getattr(identity, field) for field in PERSON_FIELDS}


def _id_of(row: Person | Certificate) -> UUID:
    return row.person_id if isinstance(row, Person) else row.certificate_id


def _fields_of(row: Person | Certificate) -> dict[str, object]:
    if isinstance(row, Person):
        return {"division": row.division, "registered_on": row.registered_on, "died_on": row.died_on}
    return {
        "division": row.division,
        "status": row.status,
        "category": row.disability.category,
        "grade": row.disability.grade,
        "components": Code(row.disability.components_text),
        "issued_on": row.issued_on,
        "expires_on": row.expires_on,
    }
