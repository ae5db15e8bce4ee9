"""The registry's use cases on real PostgreSQL: numbers, scopes, versions, the set-based expiry and the import."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.registry.adapters.bulk import Holder, add_holders, expire_some
from services.registry.adapters.work import RegistryWork
from services.registry.domain.certificate import CancellationReason, Certificate, FreezeReason
from services.registry.domain.errors import (
    CertificateNotFound,
    CertificateStepNotAllowed,
    PersonHasCertificate,
    PersonHasDied,
    PersonIsAlive,
    PersonIsRegistered,
    PersonNotFound,
)
from services.registry.use_cases import change_certificate as steps
from services.registry.use_cases.issue_certificate import IssueCertificate, issue_certificate
from services.registry.use_cases.ports import Identity
from services.registry.use_cases.register_person import RegisterPerson, register_person
from services.registry.use_cases.report_death import DeathSource, report_death, retract_death
from shared.contracts.event import decode
from shared.contracts.registry import CertificateExpired, PersonDeathReported, PersonRegistered
from shared.kit import journal
from shared.kit.work import Works
from shared.values.certificate import CertificateStatus
from shared.values.disability import Disability
from shared.values.division import Division, Scope
from shared.values.identity_number import IdentityNumber, check_character
from shared.values.personal import PersonName, Phone
from tests.builders.applications import a_proof

EVERYWHERE: Final = Scope.everywhere()
VILLAGE: Final = Division("341502001001")
LIMB: Final = Disability.parse("4", "2", "")
TODAY: Final = date(2026, 6, 15)


@pytest.fixture(autouse=True)
def _day(registry: Works[RegistryWork]) -> None:
    registry.clock.show(TODAY)


def number(n: int) -> IdentityNumber:
    base = f"99010119700101{n:03d}"
    return IdentityNumber.parse(base + check_character(base))


def somebody(n: int = 1, division: Division = VILLAGE) -> RegisterPerson:
    return RegisterPerson(
        identity=Identity(citizen_id_no=number(n), name=PersonName("王小明"), phone=Phone("14300000000")),
        division=division,
    )


async def a_holder(registry: Works[RegistryWork], n: int = 1, *, issued_on: date = date(2020, 3, 1)) -> Certificate:
    """Somebody with a valid card."""
    async with registry.begin() as work:
        person = await register_person(somebody(n), work)
        command = IssueCertificate(person_id=person.person_id, disability=LIMB, issued_on=issued_on)
        return await issue_certificate(command, work, within=EVERYWHERE)


async def take(registry: Works[RegistryWork], certificate_id: UUID, step: str, **given: Any) -> Certificate:
    async with registry.begin() as work:
        subject = await steps.load(certificate_id, work, within=EVERYWHERE)
        certificate, _ = await getattr(steps, f"{step}_certificate")(subject, work, **given)
    assert isinstance(certificate, Certificate)
    return certificate


async def cancel(registry: Works[RegistryWork], certificate_id: UUID, *, on: date = TODAY, **given: Any) -> Certificate:
    reason = given.get("reason", CancellationReason.VOLUNTARY)
    return await take(registry, certificate_id, "cancel", reason=reason, effective_date=on, proof=a_proof(reason))


async def told(registry: Works[RegistryWork]) -> list[Any]:
    """Everything announced so far, decoded."""
    async with registry.engine.connect() as connection:
        return [decode(entry) for entry in await journal.read(connection, after=0, limit=1_000)]


async def one(registry: Works[RegistryWork], query: str) -> Any:
    async with registry.engine.connect() as connection:
        return (await connection.execute(text(query))).one()


async def test_a_number_registered_once_is_refused_the_second_time_id_01(registry: Works[RegistryWork]) -> None:
    async with registry.begin() as work:
        await register_person(somebody(), work)
    with pytest.raises(PersonIsRegistered):
        async with registry.begin() as work:
            await register_person(somebody(division=Division("341503001001")), work)
    assert [type(event) for event in await told(registry)] == [PersonRegistered]


async def test_two_clerks_registering_the_same_number_at_once_make_one_person(registry: Works[RegistryWork]) -> None:
    async def register() -> None:
        async with registry.begin() as work:
            await register_person(somebody(), work)

    outcomes = await asyncio.gather(*(register() for _ in range(4)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", *["PersonIsRegistered"] * 3]


async def test_the_county_of_registered_residence_is_responsible_whatever_the_number_says_id_04(
    registry: Works[RegistryWork],
) -> None:
    card = await a_holder(registry)
    assert card.division == VILLAGE


async def test_nothing_that_identifies_a_person_is_stored_in_clear(registry: Works[RegistryWork]) -> None:
    await a_holder(registry)
    row = await one(registry, "SELECT row_to_json(p)::text || row_to_json(c)::text FROM person p, certificate c")
    for personal in ("王小明", "14300000000", number(1).number):
        assert personal not in row[0]
        assert personal.encode().hex() not in row[0]


async def test_a_person_holds_one_living_card(registry: Works[RegistryWork]) -> None:
    card = await a_holder(registry)
    command = IssueCertificate(person_id=card.person_id, disability=LIMB, issued_on=TODAY)
    with pytest.raises(PersonHasCertificate):
        async with registry.begin() as work:
            await issue_certificate(command, work, within=EVERYWHERE)
    await cancel(registry, card.certificate_id)
    async with registry.begin() as work:
        assert (await issue_certificate(command, work, within=EVERYWHERE)).status is CertificateStatus.VALID


async def test_outside_the_scope_nobody_exists(registry: Works[RegistryWork]) -> None:
    card = await a_holder(registry)
    elsewhere = Scope.of("341503")
    async with registry.begin() as work:
        with pytest.raises(CertificateNotFound):
            await steps.load(card.certificate_id, work, within=elsewhere)
        for person_id in (card.person_id, uuid4()):
            with pytest.raises(PersonNotFound):
                await report_death(person_id, work, died_on=TODAY, source=DeathSource.POLICE, within=elsewhere)


async def test_every_event_of_a_person_has_the_next_version_whatever_it_is_about(
    registry: Works[RegistryWork],
) -> None:
    card = await a_holder(registry)
    await take(registry, card.certificate_id, "freeze", reason=FreezeReason.SUSPECT_FRAUD, effective_date=TODAY)
    await take(registry, card.certificate_id, "unfreeze")
    await cancel(registry, card.certificate_id)
    await take(registry, card.certificate_id, "reinstate")
    async with registry.engine.connect() as connection:
        entries = await journal.read(connection, after=0, limit=100)
    assert [entry.aggregate_version for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert {entry.aggregate_id for entry in entries} == {card.person_id}


async def test_a_refused_step_changes_and_announces_nothing(registry: Works[RegistryWork]) -> None:
    card = await a_holder(registry)
    await cancel(registry, card.certificate_id)
    before = await told(registry)
    with pytest.raises(CertificateStepNotAllowed):
        await cancel(registry, card.certificate_id)
    assert await told(registry) == before


async def test_cancelling_for_death_also_records_the_death(registry: Works[RegistryWork]) -> None:
    card = await a_holder(registry)
    await cancel(registry, card.certificate_id, on=date(2026, 5, 20), reason=CancellationReason.DEATH)
    events = await told(registry)
    assert isinstance(events[-2], PersonDeathReported)
    assert events[-2].person.died_on == date(2026, 5, 20)
    row = await one(
        registry, "SELECT p.died_on, p.last_version, c.version FROM person p JOIN certificate c USING (person_id)"
    )
    assert (row.died_on, row.last_version, row.version) == (date(2026, 5, 20), 4, 4)


async def test_cancelling_for_a_death_on_record_does_not_record_it_twice(registry: Works[RegistryWork]) -> None:
    card = await a_holder(registry)
    async with registry.begin() as work:
        await report_death(card.person_id, work, died_on=TODAY, source=DeathSource.FAMILY, within=EVERYWHERE)
    await cancel(registry, card.certificate_id, reason=CancellationReason.DEATH)
    assert (await one(registry, "SELECT count(*) FROM stop WHERE kind = 'DEATH'"))[0] == 1


async def test_a_death_is_reported_once_and_retracted_once(registry: Works[RegistryWork]) -> None:
    card = await a_holder(registry)
    given: dict[str, Any] = {"died_on": date(2026, 5, 1), "source": DeathSource.POLICE, "within": EVERYWHERE}
    async with registry.begin() as work:
        await report_death(card.person_id, work, **given)
    async with registry.begin() as work:
        with pytest.raises(PersonHasDied):
            await report_death(card.person_id, work, **given)
    async with registry.begin() as work:
        person, stop = await retract_death(card.person_id, work, within=EVERYWHERE)
        assert (person.died_on, stop.withdrawn) == (None, True)
    async with registry.begin() as work:
        with pytest.raises(PersonIsAlive):
            await retract_death(card.person_id, work, within=EVERYWHERE)


async def test_two_steps_at_once_queue_behind_each_other_and_one_is_refused(registry: Works[RegistryWork]) -> None:
    card = await a_holder(registry)
    outcomes = await asyncio.gather(*(cancel(registry, card.certificate_id) for _ in range(3)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Certificate",
        *["CertificateStepNotAllowed"] * 2,
    ]


# --- set-based ------------------------------------------------------------------------------------------------------


async def test_the_daily_job_says_of_each_card_what_the_domain_says_of_one(registry: Works[RegistryWork]) -> None:
    last_day = TODAY - timedelta(days=1)
    expiring = await a_holder(registry, 1, issued_on=date(2016, 6, 14))
    staying = await a_holder(registry, 2, issued_on=date(2016, 6, 15))
    assert (expiring.expires_on, staying.expires_on) == (last_day, TODAY)
    by_rule, stop = expiring.expire(today=TODAY, version=3, stop_id=uuid4())
    async with registry.begin() as work:
        assert await expire_some(work) == 1
    async with registry.begin() as work:
        assert await expire_some(work) == 0, "once"
    event = (await told(registry))[-1]
    assert isinstance(event, CertificateExpired)
    assert (event.certificate.status, event.certificate.version) == (by_rule.status, by_rule.version)
    assert (event.stop.event_date, event.stop.division) == (stop.event_date, stop.division.code)
    row = await one(registry, f"SELECT status FROM certificate WHERE certificate_id = '{staying.certificate_id}'")
    assert row.status == "VALID", "valid through its last day (CERT-12)"


async def test_a_lost_or_frozen_card_is_not_expired_by_the_job(registry: Works[RegistryWork]) -> None:
    card = await a_holder(registry, issued_on=date(2016, 1, 1))
    async with registry.engine.begin() as connection:
        await connection.execute(text("UPDATE certificate SET status = 'FROZEN'"))
    async with registry.begin() as work:
        assert await expire_some(work) == 0
    assert (await one(registry, "SELECT status FROM certificate")).status == "FROZEN"
    assert card.status is CertificateStatus.VALID


def in_file(n: int, *, card: bool = True, division: Division = VILLAGE) -> Holder:
    issued = date(2021, 5, 5)
    return Holder(
        citizen_id_no=number(n),
        name=PersonName("李桂芳"),
        phone=None,
        division=division,
        certificate=(LIMB, issued, date(2031, 5, 5)) if card else None,
    )


async def load(registry: Works[RegistryWork], *holders: Holder) -> tuple[list[int], list[int]]:
    async with registry.begin() as work:
        return await add_holders(holders, work)


async def test_an_import_repeated_changes_nothing(registry: Works[RegistryWork]) -> None:
    rows = [in_file(n, card=n % 2 == 0) for n in range(6)]
    assert await load(registry, *rows) == ([], [])
    announced = len(await told(registry))
    assert announced == 6 + 3
    assert await load(registry, *rows) == ([0, 1, 2, 3, 4, 5], [])
    assert len(await told(registry)) == announced


async def test_a_known_number_with_other_content_is_a_conflict_and_not_overwritten(
    registry: Works[RegistryWork],
) -> None:
    await load(registry, in_file(1))
    moved = in_file(1, division=Division("341503001001"))
    assert await load(registry, moved, in_file(2)) == ([], [0])
    assert (await one(registry, "SELECT count(*) FROM person WHERE division LIKE '341503%'"))[0] == 0


async def test_a_number_repeated_inside_a_file_is_a_conflict_from_its_second_row_on(
    registry: Works[RegistryWork],
) -> None:
    assert await load(registry, in_file(1), in_file(2), in_file(1)) == ([], [2])
    assert (await one(registry, "SELECT count(*) FROM person"))[0] == 2


async def test_two_imports_of_the_same_file_at_once_add_everybody_once(registry: Works[RegistryWork]) -> None:
    rows = [in_file(n) for n in range(40)]
    outcomes = await asyncio.gather(load(registry, *rows), load(registry, *rows))
    counted = await one(registry, "SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM certificate)")
    assert tuple(counted) == (40, 40)
    explained = sorted(len(unchanged) + len(conflicts) for unchanged, conflicts in outcomes)
    assert explained == [0, 40]


async def test_an_imported_holder_is_told_like_one_entered_by_hand(registry: Works[RegistryWork]) -> None:
    await load(registry, in_file(1))
    by_import = [type(event) for event in await told(registry)]
    await a_holder(registry, 2)
    by_hand = [type(event) for event in await told(registry)][len(by_import) :]
    assert by_import == by_hand
