"""What stops the money, from when, and why: told end to end (RULES 4.7, SUB-38 to SUB-47)."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from deploy.demo.proofs import cancelling
from shared.values.dates import add_years
from tests.system.house import COUNTY, OTHER_COUNTY, OTHER_VILLAGE, House, month_after, until


async def test_a_cancelled_certificate_suspends_the_award_and_names_the_request(house: House) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder)
    cancelled = await house.reviewer.change(holder.certificate, "cancellation", cancelling("NO_LONGER_MEETS"))
    told = await house.award_becomes(award, "SUSPENDED")
    assert told["effective_month"] == month_after(await house.today())
    assert told["cause"]["event_id"] == cancelled["stop_id"]
    assert (told["cause"]["kind"], told["cause"]["reason"]) == ("CANCELLED", "NO_LONGER_MEETS")
    stop = await house.auditor.read(f"/api/v1/stops/{cancelled['stop_id']}")
    entry = await house.auditor.read(f"/api/v1/journal/events/{cancelled['stop_id']}")
    assert stop["recorded_by"] == "test.county_reviewer"
    assert told["cause"]["trace_id"] == stop["trace_id"] == entry["traceid"]


async def test_the_month_of_the_event_stays_due_even_when_it_was_learned_late(house: House) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder)
    long_ago = await house.today() - timedelta(days=70)
    body = cancelling("VOLUNTARY", effective_date=long_ago.isoformat())
    await house.reviewer.change(holder.certificate, "cancellation", body)
    told = await house.award_becomes(award, "SUSPENDED")
    assert told["effective_month"] == month_after(long_ago)


async def test_every_step_of_an_award_is_kept_with_its_cause(house: House) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder)
    cancelled = await house.reviewer.change(holder.certificate, "cancellation", cancelling("VOLUNTARY"))
    await house.award_becomes(award, "SUSPENDED")
    await house.reviewer.change(holder.certificate, "reinstatement")
    await house.award_becomes(award, "ACTIVE")
    steps = (await house.determiner.read(f"{award}/steps"))["items"]
    assert [(step["version"], step["status"]) for step in steps] == [(1, "ACTIVE"), (2, "SUSPENDED"), (3, "ACTIVE")]
    assert [step["cause_id"] for step in steps] == [None, cancelled["stop_id"], cancelled["stop_id"]]


async def test_reinstatement_resumes_exactly_what_that_cancellation_stopped(house: House) -> None:
    one, other = await house.a_holder(grade=1), await house.a_holder()
    both_schemes = [await house.an_award(one, scheme=each) for each in ("living_subsidy", "nursing_subsidy")]
    of_the_other = await house.an_award(other)
    for holder in (one, other):
        await house.reviewer.change(holder.certificate, "cancellation", cancelling("FRAUD"))
    for award in (*both_schemes, of_the_other):
        await house.award_becomes(award, "SUSPENDED")
    await house.reviewer.change(one.certificate, "reinstatement")
    for award in both_schemes:
        told = await house.award_becomes(award, "ACTIVE")
        assert told["cause"] is None
        assert told["effective_month"] is None
    await house.stays(of_the_other, "SUSPENDED")


async def test_reinstatement_does_not_resume_what_a_death_has_stopped(house: House) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder)
    await house.reviewer.change(holder.certificate, "cancellation", cancelling("VOLUNTARY"))
    dead = await _dies(house, holder.person, await house.today())
    await house.reviewer.change(holder.certificate, "reinstatement")
    told = await until(lambda: house.determiner.read(award), lambda seen: seen["cause"]["event_id"] == dead)
    assert (told["status"], told["cause"]["kind"]) == ("SUSPENDED", "DEATH")


async def test_a_death_stops_the_money_and_its_retraction_makes_it_due_again(house: House) -> None:
    holder = await house.a_holder()
    award = await house.an_award(holder)
    died_on = await house.today() - timedelta(days=40)
    stop_id = await _dies(house, holder.person, died_on)
    told = await house.award_becomes(award, "SUSPENDED")
    assert (told["effective_month"], told["cause"]["event_id"]) == (month_after(died_on), stop_id)
    await house.reviewer.change(holder.person, "death-retraction")
    told = await house.award_becomes(award, "ACTIVE")
    assert told["cause"] is None


async def test_unfreezing_does_not_revive_what_the_freeze_stopped(house: House) -> None:
    """SUB-47: no automatic back-payment; a new application is needed."""
    holder = await house.a_holder()
    award = await house.an_award(holder, application_date="2024-05-01")
    frozen = await house.reviewer.change(holder.certificate, "freezing", {"reason": "SUSPECT_FRAUD"})
    await house.award_becomes(award, "SUSPENDED")
    await house.reviewer.change(holder.certificate, "unfreezing")
    assert (await house.reviewer.read(holder.certificate))["status"] == "VALID"
    told = await house.stays(award, "SUSPENDED")
    assert told["cause"]["event_id"] == frozen["stop_id"]


async def test_a_freeze_that_was_over_at_the_application_stops_nothing(house: House) -> None:
    """READ-01: only facts that touch this award count."""
    holder = await house.a_holder()
    await house.reviewer.change(holder.certificate, "freezing", {"reason": "SUSPECT_FRAUD"})
    await house.reviewer.change(holder.certificate, "unfreezing")
    await house.stays(await house.an_award(holder), "ACTIVE")


async def test_a_move_stops_the_award_of_the_old_county_and_leaves_the_certificate_valid(house: House) -> None:
    """CERT-23, READ-09: the card only changes its owner."""
    holder = await house.a_holder()
    award = await house.an_award(holder, application_date="2024-05-01")
    moved_on = await house.today() - timedelta(days=3)
    body = {"division": OTHER_VILLAGE, "moved_on": moved_on.isoformat()}
    moved = await house.reviewer.change(holder.certificate, "transfer", body)
    assert (moved["certificate"]["status"], moved["certificate"]["division"]) == ("VALID", OTHER_VILLAGE)
    told = await house.award_becomes(award, "SUSPENDED")
    assert told["division"].startswith(COUNTY)
    assert (told["cause"]["kind"], told["effective_month"]) == ("TRANSFERRED", month_after(moved_on))


async def test_after_a_move_the_new_county_answers_for_the_certificate_and_the_old_one_no_longer_sees_it(
    house: House,
) -> None:
    holder = await house.a_holder()
    body = {"division": OTHER_VILLAGE, "moved_on": (await house.today()).isoformat()}
    await house.reviewer.change(holder.certificate, "transfer", body)
    old, new = (house.desk("registry", "county_reviewer", county) for county in (COUNTY, OTHER_COUNTY))
    assert (await old.get(holder.certificate)).status_code == 404
    assert (await new.get(holder.certificate)).status_code == 200


# ---------------------------------------------------------------------------- time


@pytest.fixture
async def clocks(house: House) -> AsyncIterator[None]:
    """Whatever day a story shows, the next one begins with the real one again."""
    yield
    await _show(house, None)


@pytest.mark.usefixtures("clocks")
async def test_a_certificate_that_expires_stops_the_money_from_the_next_month(house: House) -> None:
    """CERT-34, SUB-40: the last valid day is still due, and so is its month."""
    today = await house.today()
    issued_on = add_years(today, -10) + timedelta(days=3)
    holder = await house.a_holder(issued_on=issued_on)
    award = await house.an_award(holder)
    last_day = date.fromisoformat((await house.reviewer.read(holder.certificate))["expires_on"])
    await _show(house, last_day)
    await house.stays(award, "ACTIVE")
    await _show(house, last_day + timedelta(days=1))
    told = await house.award_becomes(award, "SUSPENDED")
    assert (told["cause"]["kind"], told["cause"]["event_date"]) == ("EXPIRED", last_day.isoformat())
    assert told["effective_month"] == month_after(last_day)
    assert (await house.reviewer.read(holder.certificate))["status"] == "EXPIRED"
    await _show(house, date.fromisoformat(f"{told['effective_month']}-01"))
    await house.award_becomes(award, "STOPPED")


async def _dies(house: House, person: str, day: date) -> str:
    body = {"died_on": day.isoformat(), "source": "POLICE"}
    told: str = (await house.reviewer.change(person, "death-report", body))["stop_id"]
    return told


async def _show(house: House, day: date | None) -> None:
    for service in house.stack.services:
        answer = await house.desk(service.name, "system_administrator", "*").put(
            "/api/v1/clock", {"today": None if day is None else day.isoformat()}
        )
        assert answer.status_code == 200, answer.text
