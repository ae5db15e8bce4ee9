"""Half a year of two persons in Lu'an, lived through the real use cases of every publisher on real PostgreSQL.

Every published event happens at least once. The golden examples are the first of each kind.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import text

from services.registry.adapters.bulk import Holder, add_holders
from services.registry.adapters.division_moves import move_some
from services.registry.adapters.work import RegistryWork
from services.registry.announcements import announce_succession
from services.registry.domain.certificate import CancellationReason, FreezeReason
from services.registry.domain.certificate_state import Step
from services.registry.domain.division_change import DivisionChange, Succession
from services.registry.domain.person_client import Ground
from services.registry.entrypoints.jobs import announce_expiry
from services.registry.use_cases import change_certificate as change
from services.registry.use_cases.admit_client import admit_client, end_client
from services.registry.use_cases.issue_certificate import IssueCertificate, issue_certificate
from services.registry.use_cases.merge_persons import merge_persons, undo_merge
from services.registry.use_cases.ports import Identity, Subject
from services.registry.use_cases.record_visits import Draft, record_visits
from services.registry.use_cases.register_person import RegisterPerson, register_person
from services.registry.use_cases.report_death import DeathSource, report_death, retract_death
from services.rehab.adapters.work import RehabWork
from services.rehab.domain.case import Checked, Consent
from services.rehab.domain.measures import AgeBand, Assessment, AssessmentKind, Instrument, Signer
from services.rehab.use_cases import lead_case, serve_case
from services.rehab.use_cases.close_case import load as load_case
from services.rehab.use_cases.open_case import OpenCase, open_case
from services.rehab.use_cases.ports import WHOLE
from services.rehab.use_cases.ports import Subject as CaseSubject
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.award import Award
from services.subsidy.domain.award_life import PauseReason
from services.subsidy.entrypoints.jobs import turn_month
from services.subsidy.use_cases.decide_awards import award_to_change, pause_award, terminate_award
from services.subsidy.use_cases.grant_awards import GrantAward, grant_award
from shared.kit import journal
from shared.kit.clock import SHANGHAI, Clock
from shared.kit.consumer import Subscription, absorb
from shared.kit.work import Works
from shared.values.award import Scheme
from shared.values.certificate import CertificateStatus
from shared.values.certificate_number import CertificateNumber
from shared.values.dates import last_valid_day
from shared.values.disability import Disability, DisabilityCategory
from shared.values.division import Division, Scope
from shared.values.identity_number import IdentityNumber, check_character
from shared.values.person import ClientGround, DivisionChangeKind, VisitOutcome
from shared.values.personal import PersonName
from tests.builders.applications import a_proof
from tests.builders.rehab import a_plan, a_session, an_institution
from tests.builders.survey import answers

EVERYWHERE = Scope.everywhere()
YINGBIN, XIAODONGJIE = Division("341502001001"), Division("341503001004")
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class StoryClock(Clock):
    """Stands where the story is."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def reach(self, month: int, day: int, hour: int = 9, minute: int = 15) -> str:
        """Go to a moment of 2026 (Shanghai time); the trace id of the request made then."""
        self.moment = datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)
        return sha256(self.moment.isoformat().encode()).hexdigest()[:32]


@dataclass
class Reader:
    """A service that follows another's journal, without broker."""

    works: Works[Any]
    subscription: Subscription[Any]
    position: int = 0

    async def listen(self, publisher: Works[Any]) -> None:
        """Absorb what is new."""
        async with publisher.snapshot() as connection:
            envelopes = await journal.read(connection, after=self.position, limit=1_000)
        async with self.works.begin() as work:
            await absorb(work, self.subscription, envelopes)
        self.position = envelopes[-1].position if envelopes else self.position


@dataclass
class House:
    """The publishers, sharing the story's clock."""

    clock: StoryClock
    registry: Works[RegistryWork]
    subsidy: Works[SubsidyWork]
    rehab: Works[RehabWork]
    readers: list[Reader] = field(default_factory=list)

    async def everybody_hears(self) -> None:
        """What the registry announced reaches its readers a moment later."""
        self.clock.moment += timedelta(milliseconds=60)
        for reader in self.readers:
            await reader.listen(self.registry)


def an_identity(first_seventeen: str, name: str) -> Identity:
    """Somebody who does not exist."""
    return Identity(
        citizen_id_no=IdentityNumber(first_seventeen + check_character(first_seventeen)),
        name=PersonName(name),
        phone=None,
    )


async def live(house: House) -> None:
    """The story from beginning to end."""
    person_id, certificate_id = await _register(house)
    await _ask_for_rehabilitation(house, person_id)
    await _draw_a_subsidy(house, person_id)
    await _lose_and_regain_the_certificate(house, certificate_id)
    await _freeze_until_the_month_turns(house, certificate_id)
    await _move(house, certificate_id)
    await _be_thought_dead(house, person_id)
    theirs = await _somebody_else_expires(house)
    await _be_served(house, theirs.person_id)
    await _lose_change_and_renew(house, person_id)
    await _know_others_better(house)
    await _belong_to_a_new_township(house)
    await _end_for_good(house, theirs)


async def _register(house: House) -> tuple[UUID, UUID]:
    async with house.registry.begin(trace_id=house.clock.reach(3, 2)) as work:
        command = RegisterPerson(identity=an_identity("34150219790614002", "陈远"), division=YINGBIN)
        person = await register_person(command, work)
    async with house.registry.begin(trace_id=house.clock.reach(3, 5, 10, 40)) as work:
        certificate = await issue_certificate(
            IssueCertificate(
                person_id=person.person_id, disability=Disability.parse("7", "2", "4:2;6:3"), issued_on=date(2026, 3, 5)
            ),
            work,
            within=EVERYWHERE,
        )
    await house.everybody_hears()
    return person.person_id, certificate.certificate_id


async def _ask_for_rehabilitation(house: House, person_id: UUID) -> None:
    async with house.rehab.begin(trace_id=house.clock.reach(3, 20, 15, 30)) as work:
        await open_case(OpenCase(person_id=person_id, opened_on=date(2026, 3, 20)), work, within=EVERYWHERE)


async def _be_served(house: House, person_id: UUID) -> None:
    """From a need to a plan, and a session that was logged by mistake."""
    clock = house.clock
    async with house.rehab.begin(trace_id=clock.reach(9, 1)) as work:
        institution_id, staff_id, item_id = await an_institution(work, division=Division("341502001"))
        command = OpenCase(
            person_id=person_id, opened_on=date(2026, 9, 1), consent=Consent(Signer.SELF, date(2026, 9, 1))
        )
        case_id = (await open_case(command, work, within=EVERYWHERE)).case_id
    async with _case(house, case_id, clock.reach(9, 2)) as (subject, work):
        checked = Checked(suitable=True, category=DisabilityCategory.LIMB, age_band=AgeBand.ADULT)
        await lead_case.check(subject, work, checked)
    async with _case(house, case_id, clock.reach(9, 3)) as (subject, work):
        await lead_case.refer(subject, work, institution_id=institution_id)
    async with _case(house, case_id, clock.reach(9, 4)) as (subject, work):
        await lead_case.accept(subject, work)
    async with _case(house, case_id, clock.reach(9, 7)) as (subject, work):
        first = Assessment(
            assessment_id=work.new_id(),
            kind=AssessmentKind.BASELINE,
            instrument=Instrument.BARTHEL,
            score=40,
            staff_id=staff_id,
            assessed_on=date(2026, 9, 7),
        )
        await serve_case.assess(subject, work, first, serve_case.Judgement(None))
    async with _case(house, case_id, clock.reach(9, 8)) as (subject, work):
        await serve_case.agree_plan(subject, work, a_plan(item_id, staff_id, signed_on=date(2026, 9, 8)))
    async with _case(house, case_id, clock.reach(9, 10, 11)) as (subject, work):
        session = a_session(staff_id, session_id=work.new_id(), begins_at=clock.now() - timedelta(hours=1))
        await serve_case.log_session(subject, work, session)
    async with _case(house, case_id, clock.reach(9, 10, 16)) as (subject, work):
        await serve_case.void_session(subject, work, session.session_id)


@asynccontextmanager
async def _case(house: House, case_id: UUID, trace_id: str) -> AsyncIterator[tuple[CaseSubject, RehabWork]]:
    """A case with its person, locked in one transaction."""
    async with house.rehab.begin(trace_id=trace_id) as work:
        yield await load_case(case_id, work, within=EVERYWHERE, sight=WHOLE), work


async def _draw_a_subsidy(house: House, person_id: UUID) -> None:
    async with house.subsidy.begin(trace_id=house.clock.reach(4, 3, 14, 5)) as work:
        await grant_award(
            GrantAward(person_id=person_id, scheme=Scheme.NURSING, application_date=date(2026, 4, 2)),
            work,
            within=EVERYWHERE,
        )


async def _lose_and_regain_the_certificate(house: House, certificate_id: UUID) -> None:
    async with _step(house, certificate_id, house.clock.reach(5, 12)) as (subject, work):
        await change.cancel_certificate(
            subject,
            work,
            reason=CancellationReason.NO_LONGER_MEETS,
            effective_date=date(2026, 5, 11),
            proof=a_proof(CancellationReason.NO_LONGER_MEETS),
        )
    await house.everybody_hears()
    async with _step(house, certificate_id, house.clock.reach(5, 20)) as (subject, work):
        await change.reinstate_certificate(subject, work)
    await house.everybody_hears()


async def _freeze_until_the_month_turns(house: House, certificate_id: UUID) -> None:
    async with _step(house, certificate_id, house.clock.reach(6, 10)) as (subject, work):
        await change.freeze_certificate(
            subject, work, reason=FreezeReason.SUSPECT_FRAUD, effective_date=date(2026, 6, 9)
        )
    await house.everybody_hears()
    async with _step(house, certificate_id, house.clock.reach(6, 24)) as (subject, work):
        await change.unfreeze_certificate(subject, work)
    await house.everybody_hears()
    async with house.subsidy.begin() as work:
        # The database stamps suspensions with its own, real clock.
        await work.connection.execute(text("UPDATE award SET suspended_at = :now"), {"now": house.clock.now()})
    house.clock.reach(7, 1, 0, 1)
    await turn_month(house.subsidy)


async def _move(house: House, certificate_id: UUID) -> None:
    async with _step(house, certificate_id, house.clock.reach(7, 20)) as (subject, work):
        await change.transfer_certificate(subject, work, to=XIAODONGJIE, moved_on=date(2026, 7, 18))
    await house.everybody_hears()


async def _be_thought_dead(house: House, person_id: UUID) -> None:
    async with house.registry.begin(trace_id=house.clock.reach(8, 9)) as work:
        await report_death(person_id, work, died_on=date(2026, 8, 5), source=DeathSource.FUNERAL, within=EVERYWHERE)
    await house.everybody_hears()
    async with house.registry.begin(trace_id=house.clock.reach(8, 11)) as work:
        await retract_death(person_id, work, within=EVERYWHERE)
    await house.everybody_hears()


async def _somebody_else_expires(house: House) -> Award:
    async with house.registry.begin(trace_id=house.clock.reach(8, 12)) as work:
        issued_on = date(2016, 8, 15)
        certificate = Disability.parse("1", "1"), issued_on, last_valid_day(issued_on)
        identity = an_identity("34150219580322001", "林秋")
        await add_holders([Holder(identity.citizen_id_no, identity.name, None, YINGBIN, certificate)], work)
        query = text("SELECT person_id FROM certificate WHERE issued_on = :day")
        person_id: UUID = (await work.connection.execute(query, {"day": issued_on})).scalar_one()
    await house.everybody_hears()
    award = await _pause_an_award(house, person_id)
    house.clock.reach(8, 16, 0, 1)
    await announce_expiry(house.registry)
    await house.everybody_hears()
    return award


async def _pause_an_award(house: House, person_id: UUID) -> Award:
    async with house.subsidy.begin(trace_id=house.clock.reach(8, 13)) as work:
        asked = GrantAward(person_id=person_id, scheme=Scheme.LIVING, application_date=date(2026, 8, 13))
        award = await grant_award(asked, work, within=EVERYWHERE)
    async with house.subsidy.begin(trace_id=house.clock.reach(8, 14)) as work:
        await pause_award(award, work, first=None, reason=PauseReason.UNDER_REVIEW)
    return award


async def _lose_change_and_renew(house: House, person_id: UUID) -> None:
    """One card after the other: lost and replaced, changed after a new assessment, renewed."""
    async with house.registry.begin(trace_id=house.clock.reach(9, 1)) as work:
        held = await work.certificates.living_of(person_id, within=EVERYWHERE)
        assert held is not None
        await change.lose_certificate(
            await change.load(held.certificate_id, work, within=EVERYWHERE), work, lost_on=date(2026, 8, 30)
        )
    await house.everybody_hears()
    for day, step, disability in (
        (date(2026, 9, 15), Step.REPLACE, held.disability),
        (date(2026, 10, 20), Step.CHANGE, Disability.parse("7", "1", "4:1;6:3")),
        (date(2026, 12, 18), Step.RENEW, Disability.parse("7", "1", "4:1;6:3")),
    ):
        await _succeed(house, person_id, step, disability, day)


async def _succeed(house: House, person_id: UUID, step: Step, disability: Disability, day: date) -> None:
    async with house.registry.begin(trace_id=house.clock.reach(day.month, day.day)) as work:
        held = await work.certificates.living_of(person_id, within=EVERYWHERE)
        identity = await work.persons.identity(person_id, within=EVERYWHERE)
        assert held is not None
        assert identity is not None
        again = step is Step.REPLACE
        fresh = replace(
            held,
            certificate_id=work.new_id(),
            status=CertificateStatus.VALID,
            disability=disability,
            issued_on=held.issued_on if again else day,
            expires_on=held.expires_on if again else last_valid_day(day),
            effective_on=day,
            replacements=int(again),
        )
        number = CertificateNumber.of(
            identity.citizen_id_no, disability.category, disability.grade, replacements=fresh.replacements
        )
        await change.succeed_certificate(
            await change.load(held.certificate_id, work, within=EVERYWHERE),
            work,
            step,
            fresh,
            number,
            application_id=work.new_id(),
            asked_on=day - timedelta(days=12),
        )
    await house.everybody_hears()


async def _know_others_better(house: House) -> None:
    """Two records taken for one person's and parted again; one of them is served without a certificate, and visited."""
    async with house.registry.begin(trace_id=house.clock.reach(12, 20)) as work:
        first, second = [
            await register_person(RegisterPerson(identity=an_identity(number, "周宁"), division=YINGBIN), work)
            for number in ("34150219820315002", "34150219820316004")
        ]
    async with house.registry.begin(trace_id=house.clock.reach(12, 21)) as work:
        merged = await merge_persons(first.person_id, second.person_id, work, within=EVERYWHERE)
    await house.everybody_hears()
    async with house.registry.begin(trace_id=house.clock.reach(12, 22)) as work:
        await undo_merge(merged.merge_id, work, within=EVERYWHERE)
    ground = Ground(
        ground=ClientGround.SEVERE_MENTAL, diagnosed_on=date(2026, 12, 1), risk_level=3, guardian_applied=True
    )
    async with house.registry.begin(trace_id=house.clock.reach(12, 23)) as work:
        client = await admit_client(first.person_id, ground, work, diagnosis=None, within=EVERYWHERE)
    async with house.registry.begin(trace_id=house.clock.reach(12, 24)) as work:
        await end_client(client.client_id, work, on=date(2026, 12, 24), within=EVERYWHERE)
    async with house.registry.begin(trace_id=house.clock.reach(12, 25)) as work:
        draft = Draft(
            person_id=second.person_id,
            form=await work.surveys.form_on(date(2026, 12, 25)),
            outcome=VisitOutcome.ANSWERED,
            visited_on=date(2026, 12, 25),
            answers=answers(N03=True, N17=True),
        )
        await record_visits([draft], work, within=EVERYWHERE)
    await house.everybody_hears()


async def _belong_to_a_new_township(house: House) -> None:
    """The township somebody had moved to gets another code; they follow with their certificate."""
    step = Succession(predecessor=Division("341503001"), successor=Division("341503101"), name="小东街街道")
    async with house.registry.begin(trace_id=house.clock.reach(12, 28)) as work:
        change_of_code = DivisionChange(
            change_id=work.new_id(),
            kind=DivisionChangeKind.RECODE,
            effective_on=date(2026, 12, 28),
            basis="皖民区〔2026〕12号",
            successions=(step,),
        )
        for number, step in enumerate(change_of_code.successions, start=1):
            work.publish(
                announce_succession(change_of_code, step, number=number, event_id=work.new_id(), occurred_at=work.now())
            )
        await move_some(work, step, effective_on=change_of_code.effective_on)
    await house.everybody_hears()


async def _end_for_good(house: House, award: Award) -> None:
    async with house.registry.begin(trace_id=house.clock.reach(12, 30)) as work:
        await report_death(
            award.person_id, work, died_on=date(2026, 12, 29), source=DeathSource.FUNERAL, within=EVERYWHERE
        )
    await house.everybody_hears()
    async with house.subsidy.begin(trace_id=house.clock.reach(12, 31)) as work:
        await terminate_award(await award_to_change(award.award_id, work, within=EVERYWHERE), work)


@asynccontextmanager
async def _step(house: House, certificate_id: UUID, trace_id: str) -> AsyncIterator[tuple[Subject, RegistryWork]]:
    """A certificate with its holder, locked in one transaction of the registry."""
    async with house.registry.begin(trace_id=trace_id) as work:
        yield await change.load(certificate_id, work, within=EVERYWHERE), work


def first_of_each(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first event of each type, in the order they happened."""
    firsts: dict[str, dict[str, Any]] = {}
    for event in sorted(told, key=lambda event: (event["time"], event["type"])):
        firsts.setdefault(event["type"], event)
    return list(firsts.values())


def renamed(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Ids replaced by the order in which they appear, so that two tellings of one story compare equal.

    What a database counts in real time (epoch, recordedat) is left out.
    """
    names: dict[str, str] = {}
    plain = [{name: value for name, value in event.items() if name not in {"epoch", "recordedat"}} for event in events]
    told = UUIDS.sub(
        lambda found: names.setdefault(found[0], f"id-{len(names) + 1}"), json.dumps(plain, sort_keys=True)
    )
    yield from json.loads(told)
