"""In each place an institution that serves a case with a plan and a session, and a case that few may see."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text
from uuid_utils.compat import uuid7

from services.rehab.adapters import institution_queries
from services.rehab.adapters.aid_programmes import PROGRAMMES
from services.rehab.adapters.work import RehabWork
from services.rehab.domain.aid import AidItem, AidProgramme, Every, Funding, Purchase, Qualifies
from services.rehab.domain.case import Checked, Consent
from services.rehab.domain.measures import AgeBand, Assessment, AssessmentKind, Instrument, Mode, Signer
from services.rehab.use_cases import give_aid, lead_case, serve_case, settle_aid
from services.rehab.use_cases.aid_ports import Enrolment
from services.rehab.use_cases.close_case import load
from services.rehab.use_cases.open_case import OpenCase, open_case
from services.rehab.use_cases.ports import WHOLE, Subject
from shared.kit.work import Works
from shared.values.disability import DisabilityCategory
from shared.values.division import Division, Scope
from tests.builders.rehab import a_plan, a_session, an_institution

if TYPE_CHECKING:
    from tests.integration.authorisation.world import World

TODAY = date(2026, 6, 15)
ACCOUNT = "the-institution"
"""The subject of everybody with that role: what they do not see they do not see for its place."""


async def serve_cases(world: World) -> None:
    """Led as far as a session that was voided."""
    works: Works[RehabWork] = world.parts["rehab"].works
    works.clock.show(TODAY)
    for ids in (found for place, found in world.ids["rehab"].items() if place != "house"):
        division = Division(ids["division"])
        async with works.begin() as work:
            institution_id, staff_id, item_id = await an_institution(work, division=division, account=ACCOUNT)
            one = await work.institutions.get(institution_id, within=Scope.everywhere())
            assert one is not None
            check = {"year": 2026, "quarter": 1, "checked_on": date(2026, 3, 31), "passed": True, "faults": 0}
            await work.institutions.check(one, check)
            limit = {"programme": "GENERAL", "stage": "CHECK", "valid_from": date(2030, 1, 1), "days": 9}
            told = {**limit, "division": division.code, "basis": "文件"}
            await institution_queries.add_limit(work.connection, told, by="test")
            case_id = await _planned(work, UUID(ids["person_id"]), institution_id, staff_id, item_id)
            session_id = await _voided(work, case_id, staff_id)
            hidden = await _confidential(work, division, institution_id)
            aided = await _aided(work, division, UUID(ids["person_id"]), institution_id)
        ids |= {"case_id": str(case_id), "session_id": str(session_id), "confidential_case_id": str(hidden)}
        ids |= {"institution_id": str(institution_id), "item_id": str(item_id), "a_staff_id": str(staff_id)}
        ids.update(aided)


async def _aided(work: RehabWork, division: Division, person_id: UUID, institution_id: UUID) -> dict[str, str]:
    """A programme in force, and somebody who was given two things: one is accepted and in a settlement."""
    item = AidItem(code="REFERRAL", name="转介", most_fen=0, every=Every.DAY)
    document = AidProgramme(
        division=division.code, code="JOBS", title="就业转介", basis="文件", funding=Funding.LOCAL,
        purchase=Purchase.OWN, begins_on=date(2026, 1, 1), ends_on=date(2026, 12, 31), quota=9, budget_fen=0,
        items=(item,), qualifies=Qualifies(holders=False),
    )  # fmt: skip
    stored = await PROGRAMMES.draft(work.connection, work.new_id(), document, by="maker")
    await PROGRAMMES.put_in_force(work.connection, stored, approved_by="checker")
    asked = Enrolment(persons=(person_id,), institution_id=institution_id)
    (enrolled,) = await give_aid.enrol(stored.document_id, asked, work, within=Scope.everywhere())
    assert enrolled.place_id is not None
    place = await give_aid.place_of(enrolled.place_id, work, within=Scope.everywhere(), sight=WHOLE)
    given = [
        await give_aid.deliver(
            place,
            give_aid.Giving(item_code="REFERRAL", delivered_on=day, amount_fen=0, mode=Mode.CENTRE),
            work,
            by="helper",
        )
        for day in (TODAY, date(2026, 6, 14))
    ]
    await give_aid.accept(given[0], work, by="maker", confirmed_by=Signer.SELF, effect=None)
    settlement_id = await settle_aid.draw_up(stored.document_id, TODAY, work, within=Scope.everywhere())
    need = {"person_id": str(person_id), "item_code": "WHEELCHAIR", "source": "SURVEY", "rank": 2}
    (told,) = await work.needs.tell([need | {"registered_on": TODAY.isoformat()}], within=Scope.everywhere())
    return {
        "need_id": str(told.need_id),
        "programme_id": str(stored.document_id),
        "place_id": str(place.place_id),
        "delivery_id": str(given[1].delivery_id),
        "settlement_id": str(settlement_id),
    }


async def _subject(work: RehabWork, case_id: UUID) -> Subject:
    return await load(case_id, work, within=Scope.everywhere(), sight=WHOLE)


async def _planned(work: RehabWork, person_id: UUID, institution_id: UUID, staff_id: UUID, item_id: UUID) -> UUID:
    command = OpenCase(person_id=person_id, opened_on=TODAY, consent=Consent(Signer.SELF, TODAY))
    case_id = (await open_case(command, work, within=Scope.everywhere())).case_id
    checked = Checked(suitable=True, category=DisabilityCategory.LIMB, age_band=AgeBand.ADULT)
    await lead_case.check(await _subject(work, case_id), work, checked)
    await lead_case.refer(await _subject(work, case_id), work, institution_id=institution_id)
    await lead_case.accept(await _subject(work, case_id), work)
    first = Assessment(
        assessment_id=work.new_id(),
        kind=AssessmentKind.BASELINE,
        instrument=Instrument.BARTHEL,
        score=40,
        staff_id=staff_id,
        assessed_on=TODAY,
    )
    await serve_case.assess(await _subject(work, case_id), work, first, serve_case.Judgement(None))
    await serve_case.agree_plan(await _subject(work, case_id), work, a_plan(item_id, staff_id, signed_on=TODAY))
    return case_id


async def _voided(work: RehabWork, case_id: UUID, staff_id: UUID) -> UUID:
    session = a_session(staff_id, begins_at=datetime(2026, 6, 15, 1, tzinfo=UTC))
    await serve_case.log_session(await _subject(work, case_id), work, session)
    await serve_case.void_session(await _subject(work, case_id), work, session.session_id)
    return session.session_id


async def _confidential(work: RehabWork, division: Division, institution_id: UUID) -> UUID:
    """Of somebody the register has not told us of: nothing but who may see it matters."""
    case_id = uuid7()
    await work.connection.execute(
        text(
            "INSERT INTO rehab_case (case_id, person_id, version, division, status, opened_on, programme, "
            "confidential, institution_id, recorded_by, trace_id) VALUES (:case, :person, 1, :division, 'REFERRED', "
            ":today, 'MENTAL', true, :institution, 'test', '')"
        ),
        {
            "case": case_id,
            "person": uuid7(),
            "division": division.code,
            "today": TODAY,
            "institution": institution_id,
        },
    )
    return case_id
