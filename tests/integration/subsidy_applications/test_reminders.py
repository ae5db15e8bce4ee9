"""Proactive reminders on a real PostgreSQL: who is found, how they are told and what proves it, and the rate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.subsidy.adapters.reminder_rate import Count, Rate
from services.subsidy.adapters.tables import blobs, jobs
from services.subsidy.adapters.tellings import Tellings
from services.subsidy.domain.decisions import Card
from services.subsidy.domain.person_facts import Economy, Fact, FactKind, Source
from services.subsidy.entrypoints.jobs import (
    REMINDERS_JOB,
    find_new_cases,
    look_for_new_cases,
    telling_timer,
)
from shared.kit.blobs import Blobs, DirectoryStore
from shared.kit.crypto import KeyRing
from shared.kit.jobs import JobRunner
from shared.kit.messages import FileSpool, Medium, Message, Receipt
from tests.builders.databases import DATA_KEYS
from tests.builders.subsidy_applications import TODAY
from tests.integration.subsidy_applications.conftest import TOWN, Office

KEYS: Final = KeyRing.parse(DATA_KEYS)
ENTERED: Final = date(2026, 6, 1)
PHONE: Final = "14312341234"


def dibao(person_id: UUID, since: date = ENTERED, until: date | None = None, **more: Any) -> Fact:
    return Fact(
        fact_id=more.pop("fact_id", uuid4()),
        person_id=person_id,
        kind=FactKind.ECONOMY,
        value=Economy.DIBAO.value,
        valid_from=since,
        valid_to=until,
        source=Source.CIVIL_AFFAIRS,
        **more,
    )


def new_card(person_id: UUID, grade: int, issued_on: date = date(2026, 6, 10)) -> Card:
    return Card(
        certificate_id=uuid4(),
        person_id=person_id,
        components=f"4:{grade}",
        issued_on=issued_on,
        expires_on=issued_on.replace(year=issued_on.year + 10),
    )


async def listed(office: Office, query: str = "", **more: Any) -> list[dict[str, Any]]:
    told = await office.call("GET", f"/api/v1/reminders?limit=1000&{query}", **more)
    assert told.status_code == 200, told.text
    items: list[dict[str, Any]] = told.json()["items"]
    return items


async def newly_in_dibao(office: Office) -> dict[str, Any]:
    """A case of somebody with a light disability, newly in dibao."""
    person_id = await office.person(grade=4)
    await office.learn(dibao(person_id))
    await find_new_cases(office.works)
    (one,) = await listed(office, f"person_id={person_id}")
    return one


async def send(office: Office, reminder_id: str, **given: Any) -> Any:
    item = {"reminder_id": reminder_id, "medium": "SMS", "recipient": PHONE} | given
    told = await office.call("POST", "/api/v1/reminder-sendings", body={"items": [item]})
    assert told.status_code == 200, told.text
    return told.json()


class Refusing:
    """A messenger that reaches nobody."""

    async def send(self, messages: Sequence[Message]) -> dict[UUID, Receipt]:
        return {each.message_id: Receipt(taken=False, evidence="空号") for each in messages}


class Away:
    """A messenger that answers for nothing."""

    async def send(self, messages: Sequence[Message]) -> dict[UUID, Receipt]:
        assert messages
        return {}


async def test_a_holder_newly_in_dibao_is_found_once_however_often_we_look_sub_71(office: Office) -> None:
    """SUB-71, CERT-35."""
    one = await newly_in_dibao(office)
    assert (one["cause"], one["cause_on"], one["state"]) == ("DIBAO_ENTRY", "2026-06-01", "OPEN")
    assert (one["schemes"], one["amount_fen"], one["found_on"]) == (["living_subsidy"], 7000, str(TODAY))
    await find_new_cases(office.works)
    assert await listed(office) == [one]


async def test_a_new_card_opens_one_case_for_everything_it_opens_sub_71(office: Office) -> None:
    """SUB-71, DX-22."""
    person_id = await office.person(card=False)
    await office.learn(new_card(person_id, 1), dibao(person_id, date(2020, 1, 1)))
    await find_new_cases(office.works)
    (one,) = await listed(office)
    assert (one["cause"], one["schemes"], one["amount_fen"]) == (
        "NEW_CARD",
        ["living_subsidy", "nursing_subsidy"],
        15000,
    )


async def test_nobody_is_found_who_is_not_new_or_not_eligible_or_not_a_holder_sub_71(office: Office) -> None:
    """SUB-71: the negative side of each condition."""
    long_in, light, no_card = [await office.person(grade=4) for _ in range(2)] + [await office.person(card=False)]
    class_only, gone = await office.person(grade=4), await office.person(card=False)
    await office.learn(
        dibao(long_in, TODAY - timedelta(days=93)),
        new_card(light, 4),
        dibao(no_card),
        dibao(class_only, date(2024, 1, 1), ENTERED, dibao_class=1),
        dibao(class_only, dibao_class=2),
        new_card(gone, 1),
        Fact(fact_id=uuid4(), person_id=gone, kind=FactKind.DEATH, valid_from=date(2026, 5, 1), source=Source.REGISTRY),
    )
    await find_new_cases(office.works)
    assert await listed(office) == []


async def test_who_applies_already_is_not_reminded_and_who_applies_then_needs_no_more_sub_71(office: Office) -> None:
    """SUB-71."""
    early = await office.person(card=False)
    await office.learn(new_card(early, 2))
    await office.submit(early)
    one = await newly_in_dibao(office)
    assert [each["person_id"] for each in await listed(office)] == [one["person_id"]]
    await send(office, one["reminder_id"])
    await office.submit(UUID(one["person_id"]), scheme="living_subsidy")
    await find_new_cases(office.works)
    (ended,) = await listed(office)
    assert (ended["state"], ended["ended_on"], ended["closed_by"]) == ("APPLIED", str(TODAY), "system")
    ((state, recipient),) = await office.rows("SELECT state, recipient_cipher FROM reminder_telling")
    assert (state, recipient) == ("CANCELLED", None)


async def test_a_case_lapses_when_the_condition_goes_and_a_corrected_day_is_no_second_cause_sub_71(
    office: Office,
) -> None:
    """SUB-71: one reminder for one cause."""
    person_id, fact_id = await office.person(grade=4), uuid4()
    await office.learn(dibao(person_id, fact_id=fact_id))
    await find_new_cases(office.works)
    await office.learn(dibao(person_id, date(2026, 6, 5), fact_id=fact_id))
    await find_new_cases(office.works)
    assert [each["state"] for each in await listed(office)] == ["OPEN"]
    await office.learn(dibao(person_id, date(2026, 5, 1), date(2026, 6, 1), fact_id=fact_id))
    office.clock.show(date(2026, 7, 20))
    await find_new_cases(office.works)
    assert [each["state"] for each in await listed(office)] == ["LAPSED"]


async def test_a_message_that_was_taken_is_the_evidence_and_its_recipient_is_forgotten_sub_71(
    office: Office, tmp_path: Path
) -> None:
    """SUB-71."""
    one = await newly_in_dibao(office)
    assert await send(office, one["reminder_id"]) == {"waiting": 1, "left_out": []}
    ((sealed,),) = await office.rows("SELECT recipient_cipher FROM reminder_telling")
    assert PHONE.encode() not in bytes(sealed)
    spool = FileSpool(tmp_path / "spool", KEYS)
    await telling_timer(spool, Tellings(KEYS)).run(office.works)
    await telling_timer(spool, Tellings(KEYS)).run(office.works)
    told = (await office.call("GET", f"/api/v1/reminders/{one['reminder_id']}")).json()
    assert (told["state"], told["reminded_on"]) == ("REMINDED", str(TODAY))
    (telling,) = told["tellings"]
    assert (telling["medium"], telling["state"], telling["told_on"]) == ("SMS", "SENT", str(TODAY))
    (message,) = spool.read(telling["evidence"].split(":")[1])
    assert (message.message_id, message.medium, message.recipient) == (
        UUID(telling["telling_id"]),
        Medium.SMS,
        PHONE,
    )
    assert (await office.rows("SELECT recipient_cipher FROM reminder_telling")) == [(None,)]
    (trail,) = await office.rows("SELECT count(*) FROM audit WHERE what = 'reminder.sent'")
    assert trail[0] == 1


async def test_an_in_app_message_goes_to_the_person_and_to_no_number(office: Office, tmp_path: Path) -> None:
    one = await newly_in_dibao(office)
    await send(office, one["reminder_id"], medium="IN_APP", recipient=None)
    spool = FileSpool(tmp_path / "spool", KEYS)
    await telling_timer(spool, Tellings(KEYS)).run(office.works)
    (file,) = (tmp_path / "spool").iterdir()
    assert [each.recipient for each in spool.read(file.name)] == [one["person_id"]]


async def test_who_is_not_reached_is_not_reminded_and_what_nobody_took_waits_sub_71(office: Office) -> None:
    """SUB-71: no evidence, no reminder."""
    one = await newly_in_dibao(office)
    await send(office, one["reminder_id"])
    await telling_timer(Away(), Tellings(KEYS)).run(office.works)
    assert await office.rows("SELECT state FROM reminder_telling") == [("WAITING",)]
    await telling_timer(Refusing(), Tellings(KEYS)).run(office.works)
    told = (await office.call("GET", f"/api/v1/reminders/{one['reminder_id']}")).json()
    assert (told["state"], told["reminded_on"]) == ("OPEN", None)
    assert [(each["state"], each["evidence"]) for each in told["tellings"]] == [("FAILED", "空号")]


async def test_what_cannot_be_sent_is_left_out_by_name(office: Office) -> None:
    one = await newly_in_dibao(office)
    unusable: list[dict[str, Any]] = [
        {"recipient": "没有电话"},
        {"recipient": None},
        {"medium": "LETTER", "recipient": None},
        {"medium": "IN_APP"},
    ]
    for given_instead in unusable:
        told = await send(office, one["reminder_id"], **given_instead)
        assert (told["waiting"], [each["reason"] for each in told["left_out"]]) == (0, ["RECIPIENT_NOT_USABLE"])
    nobody = await send(office, "01970000-0000-7000-8000-00000000ffff")
    assert [each["reason"] for each in nobody["left_out"]] == ["NOT_FOUND"]
    body = {"items": [{"reminder_id": one["reminder_id"], "medium": "VISIT"}]}
    assert (await office.call("POST", "/api/v1/reminder-sendings", body=body)).status_code == 422


async def test_one_message_waits_at_a_time_and_another_county_sends_none(office: Office) -> None:
    one = await newly_in_dibao(office)
    await send(office, one["reminder_id"])
    again = await send(office, one["reminder_id"])
    assert again["left_out"] == [{"reminder_id": one["reminder_id"], "reason": "ALREADY_WAITING"}]
    body = {"items": [{"reminder_id": one["reminder_id"], "medium": "SMS", "recipient": PHONE}]}
    told = await office.call("POST", "/api/v1/reminder-sendings", body=body, divisions=["341503"])
    assert [each["reason"] for each in told.json()["left_out"]] == ["NOT_FOUND"]
    assert await listed(office, divisions=["341503"]) == []
    gone = await office.call("GET", f"/api/v1/reminders/{one['reminder_id']}", divisions=["341503"])
    assert (gone.status_code, gone.json()["code"]) == (404, "reminder_not_found")


async def test_a_clerk_who_told_somebody_says_when_and_what_shows_it_sub_71(office: Office) -> None:
    """SUB-71."""
    one = await newly_in_dibao(office)
    path = f"/api/v1/reminders/{one['reminder_id']}/telling"
    body = {"medium": "VISIT", "told_on": str(TODAY), "evidence": "本人签收政策告知书第12号"}
    for day in (TODAY + timedelta(days=1), TODAY - timedelta(days=1)):
        ahead = await office.call("POST", path, body=body | {"told_on": str(day)}, version=f'"{one["version"]}"')
        assert (ahead.status_code, ahead.json()["code"]) == (422, "telling_day_not_allowed")
    told = (await office.call("POST", path, body=body, version=f'"{one["version"]}"')).json()
    assert (told["state"], told["reminded_on"], told["tellings"][0]["evidence"]) == (
        "REMINDED",
        str(TODAY),
        body["evidence"],
    )
    stale = await office.call("POST", path, body=body, version=f'"{one["version"]}"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_stale")


async def test_a_case_is_closed_once_with_a_reason_and_its_cause_is_not_found_again(office: Office) -> None:
    one = await newly_in_dibao(office)
    await send(office, one["reminder_id"])
    path, why = f"/api/v1/reminders/{one['reminder_id']}/closing", {"reason": "本人书面放弃"}
    closed = await office.call("POST", path, body=why, version=f'"{one["version"]}"')
    assert (closed.json()["state"], closed.json()["close_reason"]) == ("CLOSED", "本人书面放弃")
    assert [each["state"] for each in closed.json()["tellings"]] == ["CANCELLED"]
    ((sealed,),) = await office.rows("SELECT closing_cipher FROM proactive_reminder")
    assert "本人书面放弃".encode() not in bytes(sealed)
    again = await office.call("POST", path, body=why, version=closed.headers["ETag"])
    assert (again.status_code, again.json()["code"]) == (409, "reminder_has_ended")
    await find_new_cases(office.works)
    assert [each["state"] for each in await listed(office)] == ["CLOSED"]


async def test_the_work_list_is_found_by_a_job_of_a_division(office: Office, tmp_path: Path) -> None:
    person_id = await office.person(grade=4)
    await office.learn(dibao(person_id))
    files = Blobs(DirectoryStore(tmp_path), blobs, KEYS, office.clock)
    runner = JobRunner(office.works, jobs, {REMINDERS_JOB: look_for_new_cases}, files, worker="test")
    refused = await office.call("POST", "/api/v1/reminder-looks", body={"division": "341503"})
    assert (refused.status_code, refused.json()["code"]) == (403, "division_outside_scope")
    results = []
    for division in ("341502002", TOWN, TOWN):
        asked = await office.call("POST", "/api/v1/reminder-looks", body={"division": division})
        assert asked.status_code == 202, asked.text
        assert await runner.run_one()
        results.append((await office.call("GET", f"/api/v1/jobs/{asked.json()['job_id']}")).json()["result"])
    assert results == [
        {"opened": 0, "settled": 0},
        {"opened": 1, "settled": 0},
        {"opened": 0, "settled": 0},
    ]


# ----------------------------------------------------------------------------------------------------------- the rate


async def test_the_rate_of_a_month_without_a_case_is_not_applicable_ru_06(office: Office) -> None:
    """KPI-22, RU-06."""
    told = (await office.call("GET", "/api/v1/reminder-rate?month=2026-05")).json()
    assert (told["numerator"], told["denominator"], told["permille"]) == (0, 0, None)


async def test_the_rate_counts_persons_told_in_time_of_all_new_cases_kpi_22(office: Office) -> None:
    """KPI-22, SUB-72: two cases, one told on the day."""
    first = await newly_in_dibao(office)
    await newly_in_dibao(office)
    body = {"medium": "PHONE", "told_on": str(TODAY), "evidence": "上午九点电话告知"}
    path = f"/api/v1/reminders/{first['reminder_id']}/telling"
    assert (await office.call("POST", path, body=body, version='"1"')).status_code == 200
    early = (await office.call("GET", "/api/v1/reminder-rate?month=2026-06")).json()
    assert (early["numerator"], early["denominator"], early["permille"]) == (1, 1, 1000)
    assert early["counts"]["PENDING"] == 1
    office.clock.show(TODAY + timedelta(days=11))
    told = (await office.call("GET", f"/api/v1/reminder-rate?month=2026-06&division={TOWN}")).json()
    assert (told["numerator"], told["denominator"], told["permille"]) == (1, 2, 500)
    lines = (await office.call("GET", "/api/v1/reminder-rate-lines?month=2026-06")).json()["items"]
    assert sorted(each["counted_as"] for each in lines) == ["IN_TIME", "NOT_REMINDED"]
    elsewhere = (await office.call("GET", "/api/v1/reminder-rate?month=2026-06&division=341503")).json()
    assert (elsewhere["denominator"], elsewhere["permille"]) == (0, None)
    other = (await office.call("GET", "/api/v1/reminder-rate?month=2026-07")).json()
    assert other["denominator"] == 0


def expected(state: str, told: int | None, ended: int | None, today: int, within: int) -> Count:
    """The same, said in plain words."""
    if told is not None:
        return Count.IN_TIME if told <= within else Count.LATE
    if ended is not None:
        return Count.LEFT_OUT if state in {"APPLIED", "LAPSED"} and ended <= within else Count.NOT_REMINDED
    return Count.PENDING if today <= within else Count.NOT_REMINDED


async def test_every_way_a_case_can_go_counts_as_it_should_kpi_22(office: Office) -> None:
    """KPI-22: all combinations of when it was told, how and when it ended, and when we look."""
    found, days, within = date(2026, 6, 1), (None, 0, 4, 5, 6), 5
    cases = {
        uuid4(): (state, told, ended)
        for state, told, ended in product(("OPEN", "REMINDED", "APPLIED", "LAPSED", "CLOSED"), days, days)
        if (state in {"OPEN", "REMINDED"}) == (ended is None) and (state != "REMINDED" or told is not None)
    }
    async with office.works.begin() as work:
        insert = text(
            "INSERT INTO proactive_reminder (reminder_id, version, person_id, cause, cause_id, cause_on, schemes, "
            "amount_fen, division, division_found, found_on, state, reminded_on, ended_on) VALUES (:id, 1, :id, "
            f"'NEW_CARD', :id, :found, '{{living_subsidy}}', 1, '{TOWN}', '{TOWN}', :found, :state, "
            "CAST(:found AS date) + CAST(:told AS int), CAST(:found AS date) + CAST(:ended AS int))"
        )
        for key, (state, told, ended) in cases.items():
            values = {"id": key, "found": found, "state": state, "told": told, "ended": ended}
            await work.connection.execute(insert, values)
    for today in (5, 6):
        office.clock.show(found + timedelta(days=today))
        path = f"/api/v1/reminder-rate-lines?month=2026-06&within_days={within}&limit=1000"
        lines = (await office.call("GET", path)).json()["items"]
        assert {UUID(each["reminder_id"]): each["counted_as"] for each in lines} == {
            key: expected(*case, today, within).value for key, case in cases.items()
        }


@given(st.dictionaries(st.sampled_from(Count), st.integers(0, 10_000)))
def test_a_rate_is_between_nothing_and_all_and_exact_to_half_a_permille(counts: dict[Count, int]) -> None:
    rate = Rate(dict.fromkeys(Count, 0) | counts)
    told = rate.counts[Count.IN_TIME]
    missed = rate.counts[Count.LATE] + rate.counts[Count.NOT_REMINDED]
    if told + missed == 0:
        assert rate.permille is None
        return
    assert rate.permille is not None
    assert 0 <= rate.permille <= 1000
    assert abs(rate.permille * (told + missed) - 1000 * told) * 2 <= told + missed
