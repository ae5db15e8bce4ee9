"""A scheme nobody wrote code for runs from its policy to an award and to a line of a payroll (RULES 4.1, SUB-06)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from services.subsidy.adapters import explanations, policy_documents
from services.subsidy.adapters.policies import POLICIES
from tests.builders.payroll import RUNS, Office, nursed
from tests.integration.payroll.test_merged_persons import lines_of, with_cards

HEATING: Final = "winter_heating"
DOCUMENT: Final = {
    "division": "34",
    "since": "2020-01",
    "title": "冬季取暖补贴",
    "legal_basis": "test",
    "schemes": {
        HEATING: {
            "title_zh": "冬季取暖补贴",
            "coverage": {},
            "tariff": {"rows": [{"case": {}, "amount": {"fen": 12300}}]},
        }
    },
}


async def in_force(office: Office) -> None:
    async with office.works.begin() as work:
        stored = await POLICIES.draft(work.connection, work.new_id(), policy_documents.parse(DOCUMENT), by="a")
        await POLICIES.put_in_force(work.connection, stored, approved_by="b")


async def asked(office: Office, person: str, scheme: str) -> Any:
    body = {"person_id": person, "scheme": scheme, "application_date": "2026-06-02"}
    return await office.call("POST", "/api/v1/awards", body)


async def test_a_third_scheme_runs_from_policy_to_award_to_line_and_to_the_journal(office: Office) -> None:
    explanations.warm()
    person = nursed()
    await with_cards(office, person)
    await in_force(office)
    granted = await asked(office, person, HEATING)
    assert (granted.status_code, granted.json()["scheme"]) == (201, HEATING), granted.text
    await office.sql(
        "INSERT INTO payee (award_id, person_id, version, name_cipher, account_cipher, account_index, bank, "
        "recorded_by) SELECT award_id, person_id, 1, '', '', uuid_send(award_id), '徽商银行', 'test' FROM award "
        "WHERE scheme = :heating",
        heating=HEATING,
    )
    run_id = await office.drawn_up(schemes=[HEATING])
    (line,) = await lines_of(office, run_id, person)
    assert (line["scheme"], line["month"], line["amount_fen"]) == (HEATING, "2026-06", 12300)
    why = await office.get(f"/api/v1/persons/{person}/entitlements/{HEATING}/2026-06")
    assert (why["title_zh"], why["entitlement"]["due_fen"]) == ("冬季取暖补贴", 12300)
    told = await office.sql(
        "SELECT payload -> 'award' ->> 'scheme' FROM journal WHERE type = 'subsidy.award.granted.v1'"
    )
    assert told == HEATING


@pytest.mark.parametrize("scheme", [HEATING, "no_such_thing"])
async def test_a_scheme_no_policy_has_is_refused_and_those_there_are_are_named(office: Office, scheme: str) -> None:
    body = {"division": "34", "month": "2026-06", "schemes": [scheme]}
    for answer in (await asked(office, nursed(), scheme), await office.call("POST", RUNS, body)):
        told = answer.json()
        assert (answer.status_code, told["code"]) == (422, "scheme_not_known"), told
        assert "living_subsidy, nursing_subsidy" in told["detail"]


@pytest.mark.parametrize("scheme", ["", "两项补贴", "Living", "a b", "x" * 41])
async def test_what_cannot_be_the_code_of_a_scheme_is_refused_at_its_field(office: Office, scheme: str) -> None:
    refused = await asked(office, nursed(), scheme)
    assert refused.status_code == 422
    assert "scheme" in refused.text
