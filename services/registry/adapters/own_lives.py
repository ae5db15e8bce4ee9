"""What the register holds about a person's life, beside identity and certificates: copied and erased on request."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, update

from services.registry.adapters.secrets import (
    BOOK_NO,
    DIAGNOSIS,
    HOUSEHOLD_ADDRESS,
    OTHER_NAME,
    PERMIT,
    REPORT_BORN_ON,
    REPORT_CITIZEN_ID,
    REPORT_NAME,
    SURVEY_ANSWERS,
)
from services.registry.adapters.tables_person import person
from services.registry.adapters.tables_place import client, household, household_member, person_place
from services.registry.adapters.tables_portal import foreign_id, portal_case
from services.registry.adapters.tables_report import report
from services.registry.adapters.tables_search import person_name
from services.registry.adapters.tables_survey import survey_visit
from services.registry.adapters.work import RegistryWork
from shared.kit.person_requests import Sheets
from shared.kit.rotation import Sealed
from shared.values.division import Scope

SEALED: Final = (
    Sealed(person_name, {"name_cipher": OTHER_NAME}),
    Sealed(person_place, {"permit_cipher": PERMIT}),
    Sealed(
        household,
        {"book_no_cipher": BOOK_NO, "address_cipher": HOUSEHOLD_ADDRESS},
        indexes={"book_no_cipher": ("book_no_index", BOOK_NO)},
    ),
    Sealed(client, {"diagnosis_cipher": DIAGNOSIS}),
    Sealed(
        report,
        {"number_cipher": REPORT_CITIZEN_ID, "name_cipher": REPORT_NAME, "born_on_cipher": REPORT_BORN_ON},
        indexes={"number_cipher": ("number_index", REPORT_CITIZEN_ID)},
    ),
    Sealed(survey_visit, {"answers_cipher": SURVEY_ANSWERS}),
)
"""Encrypted columns of these tables."""


_HOUSEHOLDS: Final = select(household_member.c.household_id).join(
    person, person.c.person_id == household_member.c.person_id
)
"""The households of some persons, whom a condition names."""


async def lives_of(work: RegistryWork, person_id: UUID) -> Sheets:
    """All of it, in clear."""
    everywhere, secrets = Scope.everywhere(), work.secrets
    names = await work.names.of_person(person_id, within=everywhere)
    members = await work.households.of_person(person_id, within=everywhere)
    reports = await work.reports.of_person(person_id, within=everywhere)
    places = await work.connection.execute(select(person_place).where(person_place.c.person_id == person_id))
    clients = await work.connection.execute(select(client).where(client.c.person_id == person_id))
    portal_cases = await work.connection.execute(select(portal_case).where(portal_case.c.person_id == person_id))
    foreign_ids = await work.connection.execute(select(foreign_id).where(foreign_id.c.person_id == person_id))
    visits = await work.connection.execute(select(survey_visit).where(survey_visit.c.person_id == person_id))
    return {
        "曾用名": [{"name": each.name.clear, "kind": each.kind, "valid_to": each.valid_to} for each in names],
        "户籍与居住": [
            {
                "kind": row.kind,
                "division": row.division,
                "valid_from": row.valid_from,
                "cause": row.cause,
                "permit_no": secrets.open_text(row.permit_cipher, PERMIT, row.place_id.bytes),
            }
            for row in places
        ],
        "家庭": [
            {"relation": each.relation, "valid_from": each.valid_from, "valid_to": each.valid_to} for each in members
        ],
        "无证服务": [
            {
                "ground": row.ground,
                "diagnosed_on": row.diagnosed_on,
                "diagnosis": secrets.open_text(row.diagnosis_cipher, DIAGNOSIS, row.client_id.bytes),
                "valid_from": row.valid_from,
                "valid_to": row.valid_to,
            }
            for row in clients
        ],
        "调查": [
            {
                "year": row.year,
                "visited_on": row.visited_on,
                "outcome": row.outcome,
                "answers": secrets.open_text(row.answers_cipher, SURVEY_ANSWERS, row.visit_id.bytes),
            }
            for row in visits
        ],
        "外部信息": [
            {
                "kind": row.kind,
                "source": row.source,
                "event_date": row.event_date,
                "received_on": row.received_on,
                "state": row.state,
            }
            for row in reports
        ],
        "政务平台办件": [
            {"portal": row.portal, "case_no": row.case_no, "matter": row.matter, "received_on": row.received_on}
            for row in portal_cases
        ],
        "其他系统编号": [{"system": row.system, "foreign_id": row.foreign_id} for row in foreign_ids],
    }


async def forget_lives(work: RegistryWork, person_id: UUID) -> None:
    """Who it was goes; that something happened on a day stays, of nobody."""
    await work.search.forget(person_id)
    for table in (person_name, foreign_id):
        await work.connection.execute(delete(table).where(table.c.person_id == person_id))
    for table, columns in (
        (person_place, {"permit_cipher": None}),
        (client, {"diagnosis_cipher": None}),
        (report, dict.fromkeys(("number_cipher", "number_index", "name_cipher", "born_on_cipher"))),
        (survey_visit, {"answers_cipher": None}),
    ):
        await work.connection.execute(update(table).where(table.c.person_id == person_id).values(**columns))
    await work.connection.execute(
        update(household)
        .where(
            household.c.household_id.in_(_HOUSEHOLDS.where(household_member.c.person_id == person_id)),
            household.c.household_id.not_in(_HOUSEHOLDS.where(person.c.erased_at.is_(None))),
        )
        .values(book_no_cipher=None, book_no_index=None, address_cipher=None)
    )
