"""Two records that are one person's are paid once a month, whenever that was found out (READ-07, SUB-61)."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, Final
from uuid import UUID

from services.subsidy.adapters import explanations
from services.subsidy.entrypoints.consumers import SUBSCRIPTIONS
from shared.contracts.registry import MergeState
from shared.kit.consumer import adopt
from tests.builders.payroll import RUNS, Office, nursed
from tests.integration.payroll.test_suspects_hold import suspected

_CARDS: Final = """
INSERT INTO copy_registry_certificate (certificate_id, person_id, division, version, status, category, grade,
                                       components, issued_on, expires_on)
SELECT DISTINCT ON (certificate_id) certificate_id, person_id, '341502', 1, 'VALID', component / 4 + 1,
       component % 4 + 1,
       concat(component / 4 + 1, ':', component % 4 + 1), issued_on, expires_on
  FROM held_card WHERE person_id = ANY(:persons) AND known_to = 'infinity'"""


async def with_cards(office: Office, *persons: str) -> None:
    """What they hold is in the copy of the register too."""
    await office.sql(_CARDS, persons=[UUID(person) for person in persons])


async def merged(office: Office, survivor: str, absorbed: str, *, undo: UUID | None = None) -> UUID:
    """The register finds two records to be one person's, or (``undo``) not to be."""
    merge_id = undo or uuid.uuid4()
    if undo is None:
        await with_cards(office, survivor, absorbed)
    async with office.works.begin() as work:
        state = MergeState(
            merge_id=merge_id,
            person_id=UUID(survivor),
            absorbed_id=UUID(absorbed),
            division="341502",
            version=1 if undo is None else 2,
            merged_on=date(2026, 6, 14),
            undone=undo is not None,
        )
        await adopt(work, SUBSCRIPTIONS[0], MergeState, [state])
    return merge_id


async def lines_of(office: Office, run_id: str, *persons: str) -> list[dict[str, Any]]:
    return [line for person in persons for line in await office.lines(run_id, f"person_id={person}")]


async def test_of_two_lines_drawn_up_before_the_merge_one_is_held_when_the_run_is_locked(office: Office) -> None:
    survivor, absorbed = nursed(0), nursed(1)
    run_id = await office.drawn_up()
    assert len(await lines_of(office, run_id, survivor, absorbed)) == 2
    await merged(office, survivor, absorbed)
    await office.waived(run_id)
    await office.lock(run_id)
    told = [
        (line["person_id"], line["state"], line["reason"])
        for line in await lines_of(office, run_id, survivor, absorbed)
    ]
    assert told == [(survivor, "PENDING", ""), (absorbed, "HELD", "NO_LONGER_DUE")]


async def test_a_merged_person_has_one_line_a_month_and_what_both_were_paid_in_the_statement(office: Office) -> None:
    survivor, absorbed = nursed(0), nursed(1)
    await office.sent("2026-05")
    await merged(office, survivor, absorbed)
    run_id = await office.drawn_up("2026-06")
    (line,) = [each for each in await lines_of(office, run_id, survivor, absorbed) if each["month"] == "2026-06"]
    assert line["amount_fen"] > 0
    assert not [each for each in await lines_of(office, run_id, survivor, absorbed) if each["month"] != "2026-06"]
    for asked in (survivor, absorbed):
        statement = (await office.get(f"/api/v1/persons/{asked}/payments"))["items"]
        assert {each["person_id"] for each in statement} == {survivor, absorbed}, "the statement names both records"


async def test_a_hold_on_either_record_holds_the_person_and_an_undone_merge_pays_both_again(office: Office) -> None:
    survivor, absorbed = nursed(0), nursed(1)
    merge_id = await merged(office, survivor, absorbed)
    await office.waits(absorbed)
    run_id = await office.opened("2026-06")
    await office.done(run_id, "drawing-up")
    (line,) = await lines_of(office, run_id, survivor, absorbed)
    assert (line["state"], line["reason"]) == ("HELD", "EVENTS_WAITING")
    await office.waits(absorbed, state="DISCARDED")
    await merged(office, survivor, absorbed, undo=merge_id)
    await office.done(run_id, "drawing-up")
    assert {each["person_id"] for each in await lines_of(office, run_id, survivor, absorbed)} == {survivor, absorbed}
    assert (await office.get(f"{RUNS}/{run_id}"))["draft"]["lines"] > 2


async def test_explanations_findings_and_suspects_name_both_records_whichever_is_asked_about(office: Office) -> None:
    explanations.warm()
    survivor, absorbed = nursed(0), nursed(1)
    await merged(office, survivor, absorbed)
    await suspected(office, absorbed)
    await office.sql(
        "INSERT INTO finding (finding_id, version, kind, person_id, scheme, division, month, since, amount_fen, rules, "
        "state, found_at) VALUES (uuidv7(), 1, 'ELIGIBLE_UNPAID', :person, 'living_subsidy', '341502', '2026-06-01', "
        "'2026-06-01', 8000, 0, 'OPEN', now())",
        person=UUID(survivor),
    )
    for asked in (survivor, absorbed):
        why = await office.get(f"/api/v1/persons/{asked}/entitlements/nursing_subsidy/2026-06")
        assert (why["person_id"], why["other_records"]) == (survivor, [absorbed])
        assert why["entitlement"]["due_fen"] > 0
        (finding,) = (await office.get(f"/api/v1/findings?person_id={asked}"))["items"]
        assert (finding["person_id"], finding["other_records"]) == (survivor, [absorbed])
        (suspect,) = (await office.get(f"/api/v1/suspects?person_id={asked}"))["items"]
        assert (suspect["person_id"], suspect["other_records"]) == (absorbed, [survivor])


async def test_who_may_not_see_where_the_person_lives_learns_nothing_by_the_absorbed_record(office: Office) -> None:
    survivor, absorbed = nursed(0), nursed(1)
    await merged(office, survivor, absorbed)
    await office.sql(
        "UPDATE copy_registry_person SET division = '341599001' WHERE person_id = :one", one=UUID(survivor)
    )
    asked = f"/api/v1/persons/{absorbed}/entitlements/nursing_subsidy/2026-06"
    home = str(await office.sql("SELECT division FROM copy_registry_person WHERE person_id = :one", one=UUID(absorbed)))
    answer = await office.call("GET", asked, divisions=(home[:6],))
    assert answer.status_code == 404, answer.text
