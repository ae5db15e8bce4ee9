"""Aid programmes over HTTP, from the draft to the settlement: places, stages, deliveries, acceptance, money."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.rehab.adapters.tables import rehab_case
from services.rehab.adapters.work import RehabWork
from shared.kit.work import Works
from tests.builders.aid import (
    DELIVERIES,
    PLACES,
    PROGRAMMES,
    SETTLEMENTS,
    a_document,
    a_gift,
    approved,
    enrolled,
    in_force,
)
from tests.builders.callers import Caller, Desk, desk_of
from tests.builders.care import TODAY, ok
from tests.builders.publishers import Registry

JINAN, YUAN = "341502001001", "341503001004"
Hear = Callable[[], Awaitable[None]]
SIGNED = {"confirmed_by": "SELF", "effect": "EFFECTIVE"}


@pytest.fixture
async def desk(works: Works[RehabWork], tmp_path: Path) -> AsyncIterator[Desk]:
    works.clock.show(date.fromisoformat(TODAY))
    async with desk_of("rehab", works, tmp_path) as desk:
        yield desk


@pytest.fixture
def office(desk: Desk) -> Caller:
    return desk.caller("county_reviewer", "341502")


@pytest.fixture
def second(desk: Desk) -> Caller:
    return desk.caller("county_reviewer", "341502", sub="second")


@pytest.fixture
def finance(desk: Desk) -> Caller:
    return desk.caller("finance", "341502")


@pytest.fixture
async def holders(registry: Registry, hear: Hear) -> list[UUID]:
    """Four persons of the county with certificates of category 4, grade 2."""
    found = [registry.register(JINAN, on=date(2026, 1, 5)) for _ in range(4)]
    for person_id in found:
        registry.issue(person_id, on=date(2026, 1, 6), until=date(2036, 1, 6))
    await hear()
    return found


async def held(by: Caller, programme_id: str, person_id: UUID) -> str:
    told = await enrolled(by, programme_id, person_id)
    assert told["persons"][0]["outcome"] == "ENROLLED", told
    return str(told["persons"][0]["place_id"])


async def given(by: Caller, place_id: str, **body: Any) -> dict[str, Any]:
    return ok(await by.post(f"{PLACES}/{place_id}/deliveries", a_gift(**body)))


async def accepted(by: Caller, delivery_id: str, body: dict[str, Any] = SIGNED) -> dict[str, Any]:
    return ok(await by.post(f"{DELIVERIES}/{delivery_id}/acceptance", body, seen='"1"'))


def code(answer: Any) -> str:
    return f"{answer.status_code} {answer.json().get('code')}"


async def test_a_mission_lives_from_its_draft_to_the_settlement_reh_49(
    office: Caller, second: Caller, finance: Caller, holders: list[UUID]
) -> None:
    """REH-25, REH-49: tender, quota, serial numbers, acceptance by another person, paid once; figures side by side."""
    programme_id = await in_force(office, second, a_document())
    told = await enrolled(office, programme_id, *holders[:3])
    assert [each["outcome"] for each in told["persons"]] == ["ENROLLED", "ENROLLED", "QUOTA_IS_TAKEN"]
    assert (told["received"], told["enrolled"], told["rejected"]) == (3, 2, 1)
    gifts = [await given(office, each["place_id"], serial=f"SN-{no}") for no, each in enumerate(told["persons"][:2])]
    assert gifts[0]["covers_until"] == "2030-06-15"
    nothing = await office.post(f"{PROGRAMMES}/{programme_id}/settlements", {"through_on": TODAY})
    assert code(nothing) == "409 nothing_to_settle", "delivered is not accepted"
    own = await office.post(f"{DELIVERIES}/{gifts[0]['delivery_id']}/acceptance", SIGNED, seen='"1"')
    assert code(own) == "403 another_person_must_accept"
    await accepted(second, gifts[0]["delivery_id"])
    refused = ok(
        await second.post(f"{DELIVERIES}/{gifts[1]['delivery_id']}/refusal", {"fault": "DEFECTIVE"}, seen='"1"')
    )
    assert (refused["status"], refused["fault"]) == ("REFUSED", "DEFECTIVE")
    settlement = ok(await office.post(f"{PROGRAMMES}/{programme_id}/settlements", {"through_on": TODAY}))
    assert (settlement["lines"], settlement["total_fen"]) == (1, 300_000)
    path = f"{SETTLEMENTS}/{settlement['settlement_id']}"
    assert code(await finance.post(f"{path}/payment", None, seen='"1"')) == "409 settlement_step_not_allowed"
    assert code(await office.post(f"{path}/approval", None, seen='"1"')) == "403 another_person_must_decide"
    ok(await second.post(f"{path}/approval", None, seen='"1"'))
    paid = ok(await finance.post(f"{path}/payment", None, seen='"2"'))
    assert (paid["status"], paid["paid_on"]) == ("PAID", TODAY)
    (line,) = ok(await office.get(f"{path}/lines"))["items"]
    assert (line["status"], line["serial"]) == ("SETTLED", "SN-0")
    again = await office.post(f"{PROGRAMMES}/{programme_id}/settlements", {"through_on": TODAY})
    assert code(again) == "409 nothing_to_settle", "paid once"
    progress = ok(await office.get(f"{PROGRAMMES}/{programme_id}/progress"))
    assert (progress["eligible"], progress["unserved"], progress["quota"], progress["surplus"]) == (4, 3, 2, 0)
    assert progress["claimed_fen"] == sum(progress[f"{each}_fen"] for each in ("accepted", "refused", "pending"))
    assert (progress["served"], progress["settled_fen"]) == (1, 300_000)
    unserved = ok(await office.get(f"{PROGRAMMES}/{programme_id}/unserved"))["items"]
    assert {(each["person_id"], each["held"]) for each in unserved} == {
        (str(holders[1]), True),
        (str(holders[2]), False),
        (str(holders[3]), False),
    }


async def test_a_home_is_adapted_after_survey_design_and_work(
    office: Caller, second: Caller, holders: list[UUID]
) -> None:
    """REH-09: each stage in its order, and nothing delivered before the last."""
    (drafted,) = ok(await office.post("/api/v1/shipped-programmes/home-adaptation/drafts", {"division": "341502"}))[
        "items"
    ]
    programme_id = await approved(office, second, drafted["programme_id"])
    place_id = await held(office, programme_id, holders[0])
    gift = {"item_code": "HOME_ADAPTATION", "serial": None, "mode": "HOME"}
    stages = [
        {"item_code": "HOME_ADAPTATION", "stage": each, "done_on": TODAY} for each in ("SURVEY", "DESIGN", "WORK")
    ]
    early = await office.post(f"{PLACES}/{place_id}/stages", stages[1])
    assert code(early) == "409 aid_stage_out_of_order"
    ok(await office.post(f"{PLACES}/{place_id}/stages", stages[0]))
    assert code(await office.post(f"{PLACES}/{place_id}/deliveries", a_gift(**gift))) == "409 aid_stages_missing"
    for each in stages[1:]:
        ok(await office.post(f"{PLACES}/{place_id}/stages", each))
    one = await given(office, place_id, **gift)
    assert one["covers_until"] is None
    unmeasured = await second.post(
        f"{DELIVERIES}/{one['delivery_id']}/acceptance", {"confirmed_by": "SELF"}, seen='"1"'
    )
    assert code(unmeasured) == "422 effect_is_missing"
    await accepted(second, one["delivery_id"])


async def test_a_roster_gives_every_day_once_and_a_freed_place_to_the_next(
    office: Caller, second: Caller, holders: list[UUID]
) -> None:
    """Day care: places are counted at a time, days are the item."""
    item = {"code": "DAY_CARE_DAY", "name": "日间照料", "most_fen": 5_000, "every": "DAY"}
    document = a_document(code="DAY_CARE", counting="PLACES", quota=1, items=[item])
    programme_id = await in_force(office, second, document)
    place_id = await held(office, programme_id, holders[0])
    day: dict[str, Any] = {"item_code": "DAY_CARE_DAY", "amount_fen": 5_000, "serial": None}
    await given(office, place_id, **day)
    assert code(await office.post(f"{PLACES}/{place_id}/deliveries", a_gift(**day))) == "409 aid_given_already"
    await given(office, place_id, **day | {"delivered_on": "2026-06-14"})
    assert (await enrolled(office, programme_id, holders[1]))["persons"][0]["outcome"] == "QUOTA_IS_TAKEN"
    ok(await office.post(f"{PLACES}/{place_id}/release", {"reason": "DROPPED"}, seen='"1"'))
    await held(office, programme_id, holders[1])
    gone = await office.post(f"{PLACES}/{place_id}/deliveries", a_gift(**day))
    assert code(gone) == "409 place_is_released"


async def test_nothing_is_given_twice_while_it_lasts_under_any_programme_reh_45(
    office: Caller, second: Caller, holders: list[UUID]
) -> None:
    """REH-45: the same item of another programme is the same thing; refused or void it may be given again."""
    first = await in_force(office, second, a_document())
    other = await in_force(office, second, a_document(code="OTHER"))
    one = await given(office, await held(office, first, holders[0]))
    place_id = await held(office, other, holders[0])
    twice = await office.post(f"{PLACES}/{place_id}/deliveries", a_gift("SN-2"))
    assert code(twice) == "409 aid_given_already"
    taken = await office.post(f"{PLACES}/{await held(office, first, holders[1])}/deliveries", a_gift())
    assert code(taken) == "409 aid_serial_taken"
    ok(await office.post(f"{DELIVERIES}/{one['delivery_id']}/voiding", None, seen='"1"'))
    await given(office, place_id)


async def test_the_same_thing_asked_for_at_the_same_time_is_given_once_reh_45(
    office: Caller, second: Caller, holders: list[UUID]
) -> None:
    programmes = [await in_force(office, second, a_document(code=f"P{no}")) for no in range(4)]
    places = [await held(office, each, holders[0]) for each in programmes]
    answers = await asyncio.gather(
        *(office.post(f"{PLACES}/{place}/deliveries", a_gift(f"S{no}")) for no, place in enumerate(places))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_quota_is_never_exceeded_however_many_ask_at_once(
    office: Caller, second: Caller, registry: Registry, hear: Hear
) -> None:
    persons = [registry.register(JINAN, on=date(2026, 1, 5)) for _ in range(40)]
    for person_id in persons:
        registry.issue(person_id, on=date(2026, 1, 6), until=date(2036, 1, 6))
    await hear()
    programme_id = await in_force(office, second, a_document(quota=7))
    told = await asyncio.gather(*(enrolled(office, programme_id, person_id) for person_id in persons))
    outcomes = [each["persons"][0]["outcome"] for each in told]
    assert (outcomes.count("ENROLLED"), outcomes.count("QUOTA_IS_TAKEN")) == (7, 33)


@pytest.mark.parametrize(
    ("table", "key", "changed", "told"),
    [
        ("aid_place", "place_id", {"person_id": "uuidv7()"}, "quota"),
        (
            "aid_delivery",
            "delivery_id",
            {"person_id": "uuidv7()", "serial": "'X'", "amount_fen": "300001"},
            "budget",
        ),
    ],
)
async def test_the_database_refuses_a_place_above_the_quota_and_a_fen_above_the_budget(
    *,
    office: Caller,
    second: Caller,
    holders: list[UUID],
    works: Works[RehabWork],
    table: str,
    key: str,
    changed: dict[str, str],
    told: str,
) -> None:
    """Whoever writes past the code is told so by the database."""
    programme_id = await in_force(office, second, a_document(quota=1))
    await given(office, await held(office, programme_id, holders[0]))
    other = {key: "uuidv7()", **changed}
    rest = [column.name for column in rehab_case.metadata.tables[table].columns if column.name not in other]
    written = ", ".join([*other, *rest])
    copied = ", ".join([*other.values(), *rest])
    with pytest.raises(IntegrityError, match=told):
        async with works.begin() as work:
            await work.connection.execute(text(f"INSERT INTO {table} ({written}) SELECT {copied} FROM {table}"))


async def test_money_ends_with_the_budget_and_with_the_limit_of_a_person(
    office: Caller, second: Caller, holders: list[UUID]
) -> None:
    programme_id = await in_force(office, second, a_document(budget_fen=350_000, most_per_person_fen=200_000))
    places = [await held(office, programme_id, each) for each in holders[:2]]
    above = await office.post(f"{PLACES}/{places[0]}/deliveries", a_gift(amount_fen=200_001))
    assert code(above) == "409 aid_person_limit_reached"
    await given(office, places[0], amount_fen=200_000)
    spent = await office.post(f"{PLACES}/{places[1]}/deliveries", a_gift("SN-2", amount_fen=150_001))
    assert (code(spent), "150000" in spent.text) == ("409 aid_budget_spent", True)
    dear = await office.post(f"{PLACES}/{places[1]}/deliveries", a_gift("SN-2", amount_fen=300_001))
    assert code(dear) == "422 aid_too_expensive"


async def test_two_settlements_at_once_share_nothing(office: Caller, second: Caller, holders: list[UUID]) -> None:
    programme_id = await in_force(office, second, a_document())
    for no, person_id in enumerate(holders[:2]):
        one = await given(office, await held(office, programme_id, person_id), serial=f"SN-{no}")
        await accepted(second, one["delivery_id"])
    path = f"{PROGRAMMES}/{programme_id}/settlements"
    answers = await asyncio.gather(*(office.post(path, {"through_on": TODAY}) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    (settlement,) = ok(await office.get(SETTLEMENTS, programme_id=programme_id))["items"]
    ok(await office.post(f"{SETTLEMENTS}/{settlement['settlement_id']}/abandonment", None, seen='"1"'))
    anew = ok(await office.post(path, {"through_on": TODAY}))
    assert anew["lines"] == 2, "what was abandoned can be settled"


async def test_who_does_not_qualify_is_told_why_and_takes_no_place(
    office: Caller, second: Caller, registry: Registry, hear: Hear, holders: list[UUID]
) -> None:
    """REH-41: holders of the programme's categories who live in its division."""
    nobody = registry.register(JINAN, on=date(2026, 1, 5))
    dead, elsewhere = holders[2], registry.register(YUAN, on=date(2026, 1, 5))
    registry.die(dead, on=date(2026, 6, 1))
    await hear()
    programme_id = await in_force(office, second, a_document())
    told = await enrolled(office, programme_id, nobody, dead, elsewhere, holders[0], holders[0])
    assert [each["outcome"] for each in told["persons"]] == [
        "NOT_QUALIFIED",
        "PERSON_HAS_DIED",
        "PERSON_NOT_KNOWN",
        "ENROLLED",
    ]
    assert (await enrolled(office, programme_id, holders[0]))["unchanged"] == 1


async def test_the_place_of_who_died_is_free_and_what_was_given_stays(
    office: Caller, second: Caller, registry: Registry, hear: Hear, holders: list[UUID]
) -> None:
    programme_id = await in_force(office, second, a_document())
    used, unused = [await held(office, programme_id, each) for each in holders[:2]]
    await given(office, used)
    late = await office.post(f"{PLACES}/{unused}/release", {"reason": "DIED"}, seen='"1"')
    assert code(late) == "422 death_is_the_registers"
    assert code(await office.post(f"{PLACES}/{used}/release", {"reason": "DROPPED"}, seen='"1"')) == "409 place_is_used"
    for person_id in holders[:2]:
        registry.die(person_id, on=date(2026, 6, 1))
    await hear()
    places = ok(await office.get(f"{PROGRAMMES}/{programme_id}/places"))["items"]
    assert {each["place_id"]: (each["status"], each["reason"]) for each in places} == {
        used: ("HELD", None),
        unused: ("RELEASED", "DIED"),
    }
    after = await office.post(f"{PLACES}/{used}/deliveries", a_gift("SN-9"))
    assert code(after) == "409 person_has_died"


async def test_an_age_is_named_where_the_programme_is_for_some_ages_reh_33(
    office: Caller, second: Caller, holders: list[UUID]
) -> None:
    """REH-33: the register's copy knows no birthday."""
    document = a_document(qualifies={"categories": [4], "age_bands": ["AGED_0_TO_6"]})
    programme_id = await in_force(office, second, document)
    body = {"person_ids": [str(holders[0])]}
    missing = await office.post(f"{PROGRAMMES}/{programme_id}/enrolments", body)
    assert code(missing) == "422 age_band_is_missing"
    told = await enrolled(office, programme_id, holders[0], age_band="AGED_0_TO_6")
    assert told["enrolled"] == 1


async def test_a_confidential_programme_is_not_there_for_who_may_not_see_it_reh_60(
    desk: Desk, office: Caller, second: Caller, holders: list[UUID]
) -> None:
    programme_id = await in_force(office, second, a_document(confidential=True))
    place_id = await held(office, programme_id, holders[0])
    one = await given(office, place_id)
    clerk = desk.caller("township_clerk", "341502001")
    for path in (f"{PROGRAMMES}/{programme_id}/unserved", f"{PLACES}/{place_id}"):
        assert (await clerk.get(path)).status_code == 404
    for path in (f"{PROGRAMMES}/{programme_id}/places", f"{PROGRAMMES}/{programme_id}/deliveries"):
        assert ok(await clerk.get(path))["items"] == []
    told = await clerk.post(f"{PROGRAMMES}/{programme_id}/enrolments", {"person_ids": [str(holders[1])]})
    assert code(told) == "404 programme_not_found"
    signed = await clerk.post(f"{DELIVERIES}/{one['delivery_id']}/acceptance", SIGNED, seen='"1"')
    assert code(signed) == "404 delivery_not_found"


async def test_a_programme_takes_two_persons_and_ends_with_two(
    office: Caller, second: Caller, holders: list[UUID]
) -> None:
    drafted = ok(await office.post(PROGRAMMES, {"document": a_document()}))
    path = f"{PROGRAMMES}/{drafted['programme_id']}"
    asleep = await office.post(f"{path}/enrolments", {"person_ids": [str(holders[0])]})
    assert code(asleep) == "409 programme_is_not_in_force"
    changed = ok(await office.put(path, {"document": a_document(quota=3)}, seen='"1"'))
    assert (changed["version"], changed["document"]["quota"]) == (2, 3)
    await approved(office, second, drafted["programme_id"])
    fixed = await office.put(path, {"document": a_document(quota=4)}, seen='"3"')
    assert code(fixed) == "409 programme_step_not_allowed"
    place_id = await held(office, drafted["programme_id"], holders[0])
    one = await given(office, place_id)
    await approved(office, second, drafted["programme_id"], step="withdrawal")
    assert code(await office.post(f"{PLACES}/{place_id}/deliveries", a_gift("S"))) == "409 programme_is_not_in_force"
    await accepted(second, one["delivery_id"])


async def test_a_faulty_programme_is_refused_with_every_fault(office: Caller) -> None:
    wrong = await office.post(PROGRAMMES, {"document": a_document(quota=0, ends_on="2025-01-01", contract="")})
    assert {each["pointer"] for each in wrong.json()["errors"]} == {
        "/document/quota", "/document/ends_on", "/document/contract",
    }  # fmt: skip
    elsewhere = await office.post(PROGRAMMES, {"document": a_document(division="341503")})
    assert code(elsewhere) == "403 division_outside_scope"


async def test_one_sees_what_one_was_given(desk: Desk, office: Caller, second: Caller, holders: list[UUID]) -> None:
    programme_id = await in_force(office, second, a_document())
    one = await given(office, await held(office, programme_id, holders[0]))
    me = desk.caller("person", person_id=str(holders[0]))
    (told,) = ok(await me.get("/api/v1/me/aid"))["items"]
    assert told["delivery_id"] == one["delivery_id"]
    other = desk.caller("person", person_id=str(holders[1]))
    assert ok(await other.get("/api/v1/me/aid"))["items"] == []
