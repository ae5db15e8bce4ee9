"""Everything the register holds about one person: shown in clear for a purpose, copied, restricted, erased."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from fastapi import Request
from sqlalchemy import ColumnElement, delete, func, select, update

from services.registry.adapters import queries
from services.registry.adapters.applications import CARD_NUMBER, FINDINGS, OBJECTION, REASON
from services.registry.adapters.applications import PERMIT as APPLICATION_PERMIT
from services.registry.adapters.guardians import NAME as GUARDIAN_NAME
from services.registry.adapters.guardians import PHONE as GUARDIAN_PHONE
from services.registry.adapters.guardians import wards_of
from services.registry.adapters.own_applications import cases_of, forget_cases
from services.registry.adapters.own_lives import SEALED as SEALED_LIVES
from services.registry.adapters.own_lives import forget_lives, lives_of
from services.registry.adapters.secrets import (
    ADDRESS,
    CITIZEN_ID,
    CITIZEN_ID_RAW,
    GUARDIAN_CITIZEN_ID,
    NAME,
    NOTE,
    NUMBER,
    PHONE,
)
from services.registry.adapters.tables import (
    answers,
    application,
    blobs,
    certificate,
    conclusion,
    guardian,
    jobs,
    objection,
    person,
    requests,
    stop,
)
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import PersonNotFound
from shared.kit.audit import Change
from shared.kit.disclosure import Disclosing, Revealed
from shared.kit.permissions import Caller
from shared.kit.person_requests import DataMustBeKept, Holding, Sheets, request_columns
from shared.kit.rotation import Sealed, house_columns
from shared.kit.scoping import inside
from shared.kit.trust import Trust
from shared.values.certificate_number import CertificateNumber
from shared.values.division import Scope

SEALED: Final = (
    Sealed(
        person,
        {
            "citizen_id_cipher": CITIZEN_ID,
            "citizen_id_raw_cipher": CITIZEN_ID_RAW,
            "name_cipher": NAME,
            "phone_cipher": PHONE,
            "address_cipher": ADDRESS,
        },
        indexes={"citizen_id_cipher": ("citizen_id_index", CITIZEN_ID)},
    ),
    Sealed(certificate, {"number_cipher": NUMBER}, indexes={"number_cipher": ("number_index", NUMBER)}),
    Sealed(stop, {"note_cipher": NOTE}),
    Sealed(
        guardian,
        {
            "name_cipher": GUARDIAN_NAME,
            "citizen_id_cipher": GUARDIAN_CITIZEN_ID,
            "phone_cipher": GUARDIAN_PHONE,
        },
        indexes={"citizen_id_cipher": ("citizen_id_index", GUARDIAN_CITIZEN_ID)},
    ),
    Sealed(application, {"permit_cipher": APPLICATION_PERMIT, "reason_cipher": REASON, "number_cipher": CARD_NUMBER}),
    Sealed(conclusion, {"findings_cipher": FINDINGS}),
    Sealed(objection, {"words_cipher": OBJECTION}),
    *SEALED_LIVES,
    request_columns(requests),
    *house_columns(answers, blobs),
)
"""Every encrypted column of the register: what a rotation of keys makes anew. A test finds one that is missing."""

KEPT_YEARS: Final = 10
"""How long the file of a certificate is kept after it ended (INTERPRETATION of CERT-11: one term of a certificate)."""
_ENDED: Final = ("CANCELLED", "SUPERSEDED")


async def reveal(work: RegistryWork, person_id: UUID, fields: frozenset[str], *, within: Scope) -> Revealed:
    """The fields asked for. Raises `PersonNotFound` outside the scope."""
    row = (
        await work.connection.execute(
            select(person).where(
                person.c.person_id == person_id, person.c.erased_at.is_(None), inside(person.c.division, within)
            )
        )
    ).one_or_none()
    if row is None:
        raise PersonNotFound
    identity = work.secrets.open_identity(row)
    clear: dict[str, str | None] = {
        "name": identity.name.clear,
        "citizen_id_no": identity.citizen_id_no.number,
        "phone": None if identity.phone is None else identity.phone.clear,
        "address": None if identity.address is None else identity.address.clear,
    }
    if "certificate_no" in fields:
        clear["certificate_no"] = await _living_number(work, person_id)
    return Revealed(
        person_id,
        row.division,
        {name: value for name, value in clear.items() if name in fields},
        restricted=row.restricted_at is not None,
    )


async def number_of(work: RegistryWork, certificate_id: UUID) -> CertificateNumber | None:
    """What a card bears; None once its holder was erased. Whoever calls has found the card in its scope."""
    sealed = await work.connection.scalar(
        select(certificate.c.number_cipher).where(certificate.c.certificate_id == certificate_id)
    )
    return None if sealed is None else work.secrets.open_number(certificate_id, sealed)


async def _living_number(work: RegistryWork, person_id: UUID) -> str | None:
    row = (
        await work.connection.execute(
            select(certificate.c.certificate_id, certificate.c.number_cipher).where(
                certificate.c.person_id == person_id,
                certificate.c.status.not_in(_ENDED),
                certificate.c.number_cipher.is_not(None),
            )
        )
    ).one_or_none()
    return None if row is None else work.secrets.open_number(row.certificate_id, row.number_cipher).number


DISCLOSING: Final = Disclosing(
    "/api/v1/persons/{subject_id}/disclosure",
    frozenset({"name", "citizen_id_no", "phone", "address", "certificate_no"}),
    reveal,
)


# ---------------------------------------------------------------------------- a person's requests


def _held(person_id: UUID) -> ColumnElement[bool]:
    return person.c.person_id == person_id


async def division_of(work: RegistryWork, person_id: UUID, within: Scope) -> str | None:
    """Where a person belongs; None outside the scope."""
    division: str | None = await work.connection.scalar(
        select(person.c.division).where(
            _held(person_id), person.c.erased_at.is_(None), inside(person.c.division, within)
        )
    )
    return division


async def acts_for(request: Request, work: RegistryWork, person_id: UUID) -> bool:
    """The person, or a guardian whose guardianship is valid today."""
    caller: Caller = request.state.caller
    if caller.person_id == person_id:
        return True
    if person_id not in caller.ward_ids:
        return False
    return bool(await wards_of(work.connection, caller.subject, [person_id], today=work.today()))


async def collect(work: RegistryWork, person_id: UUID) -> Sheets:
    """All of it, in clear."""
    told = await reveal(
        work, person_id, frozenset({"name", "citizen_id_no", "phone", "address"}), within=Scope.everywhere()
    )
    certificates = await work.connection.execute(
        select(certificate).where(certificate.c.person_id == person_id).order_by(certificate.c.issued_on)
    )
    facts = await queries.stops_of_person(work.connection, person_id, within=Scope.everywhere())
    guardians = await work.guardians.of_person(person_id, within=Scope.everywhere()) or []
    return {
        "人员": [{**told.values, "division": told.division}],
        "残疾人证": [
            {
                "certificate_no": None
                if row.number_cipher is None
                else work.secrets.open_number(row.certificate_id, row.number_cipher).number,
                "status": row.status,
                "category": row.category,
                "grade": row.grade,
                "components": row.components,
                "issued_on": row.issued_on,
                "expires_on": row.expires_on,
            }
            for row in certificates
        ],
        "停发事实": [
            {name: fact[name] for name in ("kind", "reason", "event_date", "ended_on", "withdrawn", "recorded_at")}
            for fact in facts
        ],
        "监护人": [
            {
                "name": one.name.clear,
                "relation": one.relation,
                "valid_from": one.valid_from,
                "valid_to": one.valid_to,
            }
            for one in guardians
        ],
        **await lives_of(work, person_id),
        **await cases_of(work, person_id),
    }


async def restrict(work: RegistryWork, person_id: UUID, restricted: bool) -> None:  # noqa: FBT001 - the kit's port
    """Processing stops, or may go on: lists show that there is somebody, disclosure needs a duty."""
    await work.connection.execute(
        update(person).where(_held(person_id)).values(restricted_at=func.clock_timestamp() if restricted else None)
    )
    work.audit(Change(person_id, "person.restricted" if restricted else "person.unrestricted"))


async def erase(work: RegistryWork, person_id: UUID) -> None:
    """Who it was goes; dated facts stay, of nobody. Raises `PersonNotFound`, `DataMustBeKept`."""
    if await work.persons.get(person_id, within=Scope.everywhere()) is None:
        raise PersonNotFound
    await _must_not_be_kept(work, person_id)
    gone: dict[str, Any] = dict.fromkeys(
        (
            *("citizen_id_cipher", "citizen_id_index", "citizen_id_raw_cipher"),
            *("name_cipher", "phone_cipher", "address_cipher"),
        )
    )
    await work.connection.execute(
        update(person).where(_held(person_id)).values(erased_at=func.clock_timestamp(), **gone)
    )
    await work.connection.execute(
        update(certificate).where(certificate.c.person_id == person_id).values(number_cipher=None, number_index=None)
    )
    await work.connection.execute(update(stop).where(stop.c.person_id == person_id).values(note_cipher=None))
    await work.connection.execute(delete(guardian).where(guardian.c.person_id == person_id))
    await forget_lives(work, person_id)
    await forget_cases(work, person_id)
    work.audit(Change(person_id, "person.erased"))


async def _must_not_be_kept(work: RegistryWork, person_id: UUID) -> None:
    ended = (
        select(func.max(stop.c.event_date))
        .where(stop.c.certificate_id == certificate.c.certificate_id, ~stop.c.withdrawn)
        .scalar_subquery()
    )
    rows = await work.connection.execute(
        select(certificate.c.status, certificate.c.expires_on, ended.label("ended_on")).where(
            certificate.c.person_id == person_id
        )
    )
    for row in rows:
        if row.status not in _ENDED:
            raise DataMustBeKept(rule="CERT-11", basis="残疾人证管理办法", until="残疾人证终止后十年")
        until = _years_after(row.ended_on or row.expires_on, KEPT_YEARS)
        if work.today() <= until:
            raise DataMustBeKept(rule="CERT-11", basis="残疾人证档案管理", until=until.isoformat())


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + years, day=28)


HOLDING: Final = Holding(
    service="registry", division_of=division_of, acts_for=acts_for, collect=collect, restrict=restrict, erase=erase
)

TRUST: Final = Trust(jobs=jobs, answers=answers, blobs=blobs, sealed=SEALED, holding=lambda _: HOLDING)
