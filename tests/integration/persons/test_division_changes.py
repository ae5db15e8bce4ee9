"""Divisions are merged, split, renamed, recoded: persons, lists and rights follow, and it is announced (ID-21)."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.registry import DivisionSucceeded, PersonChanged
from tests.integration.persons.conftest import COUNTY, OTHER, OTHER_VILLAGE, VILLAGE, Office

NEW = "341505"
BOTH = ("3415",)


def body(kind: str, *steps: tuple[str, str], on: str = "2026-06-15") -> dict[str, Any]:
    return {
        "kind": kind,
        "effective_on": on,
        "basis": "皖政秘〔2026〕1号",
        "successions": [{"predecessor": before, "successor": after, "name": "新区"} for before, after in steps],
    }


async def plan(office: Office, *args: Any, **given: Any) -> dict[str, Any]:
    answer = await office.post("/api/v1/division-changes", body(*args, **given), divisions=BOTH)
    assert answer.status_code == 201, answer.text
    planned: dict[str, Any] = answer.json()
    return planned


async def carry_out(office: Office, change: dict[str, Any]) -> dict[str, Any]:
    path = f"/api/v1/division-changes/{change['change_id']}"
    began = await office.post(f"{path}/application", divisions=BOTH)
    assert began.status_code == 202, began.text
    job = await office.finished(began.json()["job_id"])
    assert job["state"] == "SUCCEEDED", job
    shown: dict[str, Any] = (await office.get(path, divisions=BOTH)).json()
    return {**shown, "result": job["result"]}


async def test_persons_and_their_certificates_follow_to_the_new_code_and_are_announced_id_21(office: Office) -> None:
    person = await office.register("王小明")
    card = await office.issue(person["person_id"])
    change = await plan(office, "RECODE", (COUNTY, NEW))
    (effect,) = (await office.get(f"/api/v1/division-changes/{change['change_id']}/effect", divisions=BOTH)).json()[
        "items"
    ]
    assert (effect["persons"], effect["certificates"]) == (1, 1)
    assert (await office.get(f"/api/v1/persons/{person['person_id']}")).json()["division"] == VILLAGE, "only planned"
    done = await carry_out(office, change)
    assert (done["state"], done["result"]) == ("APPLIED", {"persons": 1})
    shown = (await office.get(f"/api/v1/persons/{person['person_id']}", divisions=[NEW])).json()
    assert shown["division"] == NEW + VILLAGE[6:]
    kept = (await office.get(f"/api/v1/certificates/{card['certificate_id']}", divisions=[NEW])).json()
    assert kept["division"] == NEW + VILLAGE[6:]
    told = await office.told()
    (succeeded,) = [event for event in told if isinstance(event, DivisionSucceeded)]
    assert (succeeded.predecessor, succeeded.successor) == (COUNTY, NEW)
    (moved,) = [event for event in told if isinstance(event, PersonChanged)]
    assert moved.certificate is not None
    assert moved.person.division == moved.certificate.division == NEW + VILLAGE[6:]
    history = (await office.get(f"/api/v1/persons/{person['person_id']}/history", divisions=[NEW])).json()["items"]
    assert [each["previous"] for each in history if each["division"] == NEW + VILLAGE[6:]] == [VILLAGE]


async def test_a_token_issued_before_sees_its_persons_under_the_new_code_id_21(office: Office) -> None:
    person = await office.register("王小明")
    path = f"/api/v1/persons/{person['person_id']}"
    assert (await office.get(path, divisions=[NEW])).status_code == 404
    await carry_out(office, await plan(office, "RECODE", (COUNTY, NEW)))
    assert (await office.get(path, divisions=[COUNTY])).status_code == 200
    assert (await office.get(path, divisions=[OTHER])).status_code == 404


async def test_after_a_merger_the_other_parts_persons_wait_for_a_new_token_id_21(office: Office) -> None:
    ours, theirs = await office.register("王小明", 1), await office.register("李秀英", 2, division=OTHER_VILLAGE)
    done = await carry_out(office, await plan(office, "MERGE", (COUNTY, NEW), (OTHER, NEW)))
    assert done["result"] == {"persons": 2}
    assert (await office.get(f"/api/v1/persons/{theirs['person_id']}", divisions=[COUNTY])).status_code == 404
    assert (await office.get(f"/api/v1/persons/{ours['person_id']}", divisions=[COUNTY, OTHER])).status_code == 200
    assert (await office.get(f"/api/v1/persons/{theirs['person_id']}", divisions=[NEW])).status_code == 200


async def test_a_county_is_split_by_its_townships_id_21(office: Office) -> None:
    first = await office.register("王小明", 1)
    second = await office.register("李秀英", 2, division="341502002001")
    steps = ((COUNTY, OTHER), (COUNTY, NEW), ("341502001", "341503101"), ("341502002", "341505001"))
    await carry_out(office, await plan(office, "SPLIT", *steps))
    there = [
        (await office.get(f"/api/v1/persons/{each['person_id']}", divisions=BOTH)).json()["division"]
        for each in (first, second)
    ]
    assert there == ["341503101001", "341505001001"]
    became = (await office.get(f"/api/v1/divisions/{COUNTY}/successions")).json()["items"]
    assert [each["successor"] for each in became] == [OTHER, NEW]


async def test_a_new_name_moves_nobody_and_is_announced(office: Office) -> None:
    await office.register("王小明")
    done = await carry_out(office, await plan(office, "RENAME", (COUNTY, COUNTY)))
    assert done["result"] == {"persons": 0}
    assert (await office.types()).count("division.succeeded") == 1


@pytest.mark.parametrize("divisions", [[COUNTY], [NEW]])
async def test_only_who_is_responsible_for_both_sides_plans_a_change(office: Office, divisions: list[str]) -> None:
    answer = await office.post("/api/v1/division-changes", body("RECODE", (COUNTY, NEW)), divisions=divisions)
    assert (answer.status_code, answer.json()["code"]) == (403, "division_outside_scope")


async def test_a_change_is_not_carried_out_before_its_day_nor_after_it_was_cancelled(office: Office) -> None:
    change = await plan(office, "RECODE", (COUNTY, NEW), on="2026-07-01")
    path = f"/api/v1/division-changes/{change['change_id']}"
    early = await office.post(f"{path}/application", divisions=BOTH)
    assert (early.status_code, early.json()["code"]) == (409, "change_step_not_allowed")
    assert (await office.post(f"{path}/cancellation", divisions=BOTH)).json()["state"] == "CANCELLED"
    assert (await office.post(f"{path}/application", divisions=BOTH)).status_code == 409
    assert (await office.get(path, divisions=[COUNTY])).status_code == 200
    assert (await office.get(path, divisions=[OTHER])).status_code == 404


async def test_households_and_waiting_news_follow_as_well(office: Office) -> None:
    await office.register("王小明")
    house = await office.post("/api/v1/households", {"division": VILLAGE})
    assert house.status_code == 201, house.text
    await carry_out(office, await plan(office, "RECODE", (COUNTY, NEW)))
    shown = await office.get(f"/api/v1/households/{house.json()['household_id']}", divisions=[NEW])
    assert shown.json()["division"] == NEW + VILLAGE[6:]
