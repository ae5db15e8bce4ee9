"""Records that may be one person: found with reasons, merged with both histories, taken apart again."""

from __future__ import annotations

from typing import Any

from shared.contracts.registry import PersonMerged, PersonUnmerged
from tests.integration.persons.conftest import COUNTY, OTHER, OTHER_VILLAGE, Office, a_number


async def work_list(office: Office, **given: Any) -> list[dict[str, Any]]:
    answer = await office.get("/api/v1/duplicates", **given)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def two_records(office: Office) -> tuple[str, str]:
    """王小明 twice: the same day of birth, numbers one digit apart."""
    first = await office.register("王小明", 1)
    second = await office.register("王小明", 3)
    await office.settle()
    return first["person_id"], second["person_id"]


async def test_likely_duplicates_are_listed_with_score_and_reasons(office: Office) -> None:
    first, second = await two_records(office)
    (pair,) = await work_list(office)
    assert {person["person_id"] for person in pair["persons"]} == {first, second}
    assert pair["score"] == 100
    assert pair["reasons"] == ["SAME_NAME", "SAME_BIRTH_DATE", "NUMBER_ONE_DIGIT", "SAME_VILLAGE"]
    assert all(person["name_masked"] == "王**" for person in pair["persons"])


async def test_names_that_sound_the_same_on_one_day_in_one_village_are_likely(office: Office) -> None:
    await office.register("王小明", 1)
    await office.register("王晓明", 203)
    await office.settle()
    (pair,) = await work_list(office)
    assert pair["reasons"] == ["SAME_SOUND", "SAME_BIRTH_DATE", "SAME_VILLAGE"]


async def test_a_name_alone_makes_no_duplicate(office: Office) -> None:
    await office.register("王小明", 1)
    await office.register("王小明", 3, born="19710202")
    await office.settle()
    assert await work_list(office) == []


async def test_a_household_telephone_alone_makes_no_duplicate(office: Office) -> None:
    await office.register("王小明", 1, phone="14300000001")
    await office.register("李秀英", 4, born="19710202", phone="14300000001")
    await office.settle()
    assert await work_list(office) == []


async def test_what_was_dismissed_is_not_proposed_again(office: Office) -> None:
    first, _ = await two_records(office)
    (pair,) = await work_list(office)
    answer = await office.post(f"/api/v1/duplicates/{pair['duplicate_id']}/dismissal", seen='"1"')
    assert answer.json()["state"] == "DISMISSED", answer.text
    async with office.works.begin() as work:
        await work.search.touch(*[row["person_id"] for row in pair["persons"]])
    await office.settle()
    assert await work_list(office) == []
    again = await office.post(f"/api/v1/duplicates/{pair['duplicate_id']}/dismissal")
    assert again.json()["code"] == "duplicate_is_decided"
    assert first


async def test_a_pair_of_two_counties_is_seen_by_who_is_responsible_for_both(office: Office) -> None:
    await office.register("王小明", 1)
    await office.register("王小明", 3, division=OTHER_VILLAGE)
    await office.settle()
    assert await work_list(office, divisions=[COUNTY]) == []
    assert await work_list(office, divisions=[OTHER]) == []
    assert len(await work_list(office, divisions=["3415"])) == 1


async def test_a_merge_keeps_both_histories_and_is_announced(office: Office) -> None:
    survivor, absorbed = await two_records(office)
    await office.issue(survivor)
    answer = await office.post("/api/v1/merges", {"survivor_id": survivor, "absorbed_id": absorbed})
    assert answer.status_code == 201, answer.text
    assert (await office.get(f"/api/v1/persons/{absorbed}")).json()["merged_into"] == survivor
    history = (await office.get(f"/api/v1/persons/{survivor}/history")).json()["items"]
    assert [(entry["what"], entry["person_id"]) for entry in history] == [
        ("REGISTERED", survivor),
        ("REGISTERED", absorbed),
        ("MERGED", absorbed),
    ]
    event = (await office.told())[-1]
    assert isinstance(event, PersonMerged)
    assert (str(event.merge.person_id), str(event.merge.absorbed_id), event.merge.undone) == (survivor, absorbed, False)
    assert await work_list(office) == []


async def test_nothing_is_done_on_a_merged_record_and_its_number_leads_to_the_survivor(office: Office) -> None:
    survivor, absorbed = await two_records(office)
    await office.post("/api/v1/merges", {"survivor_id": survivor, "absorbed_id": absorbed})
    issued = await office.post(f"/api/v1/persons/{absorbed}/certificates", {"category": 4, "grade": 2})
    assert issued.status_code == 409
    assert issued.json()["code"] == "person_is_merged"
    found = await office.post("/api/v1/persons/lookup", {"citizen_id_no": a_number(3)})
    assert found.json()["merged_into"] == survivor


async def test_undoing_a_merge_makes_two_persons_again(office: Office) -> None:
    survivor, absorbed = await two_records(office)
    merge = (await office.post("/api/v1/merges", {"survivor_id": survivor, "absorbed_id": absorbed})).json()
    undone = await office.post(f"/api/v1/merges/{merge['merge_id']}/undoing")
    assert undone.json()["undone"] is True, undone.text
    assert (await office.get(f"/api/v1/persons/{absorbed}")).json()["merged_into"] is None
    await office.issue(absorbed)
    types = [event for event in await office.told() if isinstance(event, PersonMerged | PersonUnmerged)]
    assert [event.merge.undone for event in types] == [False, True]
    again = await office.post(f"/api/v1/merges/{merge['merge_id']}/undoing")
    assert again.json()["code"] == "merge_is_undone"
    await office.settle()
    assert await work_list(office) == [], "somebody has looked at the pair"


async def test_the_one_who_holds_a_certificate_survives(office: Office) -> None:
    holder, other = await two_records(office)
    await office.issue(holder)
    answer = await office.post("/api/v1/merges", {"survivor_id": other, "absorbed_id": holder})
    assert answer.json()["code"] == "absorbed_holds_certificate"


async def test_records_that_disagree_about_a_death_are_not_merged(office: Office) -> None:
    first, second = await two_records(office)
    await office.post(f"/api/v1/persons/{second}/death-report", {"died_on": "2026-05-01", "source": "POLICE"})
    answer = await office.post("/api/v1/merges", {"survivor_id": first, "absorbed_id": second})
    assert answer.json()["code"] == "deaths_disagree"


async def test_nobody_is_merged_with_themselves_or_twice(office: Office) -> None:
    survivor, absorbed = await two_records(office)
    same = await office.post("/api/v1/merges", {"survivor_id": survivor, "absorbed_id": survivor})
    assert same.json()["code"] == "merge_of_one"
    body = {"survivor_id": survivor, "absorbed_id": absorbed}
    await office.post("/api/v1/merges", body)
    assert (await office.post("/api/v1/merges", body)).json()["code"] == "merge_of_one"


async def test_a_clerk_of_a_township_merges_nobody_and_another_county_sees_nobody(office: Office) -> None:
    survivor, absorbed = await two_records(office)
    body = {"survivor_id": survivor, "absorbed_id": absorbed}
    assert (await office.post("/api/v1/merges", body, role="township_clerk")).status_code == 403
    assert (await office.post("/api/v1/merges", body, divisions=[OTHER])).status_code == 404
