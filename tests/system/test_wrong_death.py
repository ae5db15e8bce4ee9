"""A wrong death match over the running product: reported, previewed, applied, retracted (DX-05, RULES 3.2 and 4.7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.system.house import COUNTY, VILLAGE, Holder, House, month_after, until

NAMESAKE = "欧阳听雨"


async def a_namesake(house: House) -> tuple[Holder, str]:
    """A living holder who shares name, birth date and county with somebody who died; their birth date."""
    number = house.a_number()
    body = {"name": NAMESAKE, "citizen_id_no": number, "division": VILLAGE}
    person = (await house.reviewer.post("/api/v1/persons", body)).headers["location"]
    issued = {"category": 4, "grade": 2, "issued_on": "2020-01-01"}
    card = await house.reviewer.post(f"{person}/certificates", issued)
    assert card.status_code == 201, card.text
    born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    return Holder(person=person, certificate=card.headers["location"]), born


async def test_a_wrong_death_is_previewed_applied_and_retracted_and_the_subsidy_holds_and_resumes_with_nothing_lost(
    house: House,
) -> None:
    holder, born = await a_namesake(house)
    award = await house.an_award(holder)
    before = await house.reviewer.read(holder.certificate)
    died_on = await house.today() - timedelta(days=40)
    news = {
        "kind": "DEATH",
        "source": "FUNERAL",
        "event_date": died_on.isoformat(),
        "division": COUNTY,
        "name": NAMESAKE,
        "born_on": born,
    }
    taken = await house.reviewer.post("/api/v1/reports", news)
    assert (taken.status_code, taken.json()["state"]) == (201, "CANDIDATE"), taken.text
    report = taken.headers["location"]

    effect = await house.reviewer.read(f"{report}/effect")
    assert effect["events"] == ["registry.person.death_reported.v1", "registry.certificate.cancelled.v1"]
    assert (effect["certificate_cancelled"], effect["months_paid_since"] >= 1) == (True, True)
    await house.stays(award, "ACTIVE")

    await house.reviewer.change(report, "confirmation")
    assert (await house.reviewer.change(report, "application", {}))["state"] == "APPLIED"
    held = await house.award_becomes(award, "SUSPENDED")
    assert held["effective_month"] == month_after(died_on)
    assert (await house.reviewer.read(holder.certificate))["status"] == "CANCELLED"

    assert (await house.reviewer.change(report, "retraction"))["state"] == "RETRACTED"
    resumed = await house.award_becomes(award, "ACTIVE")
    assert (resumed["cause"], resumed["effective_month"]) == (None, None), "no month is missing"
    assert (await house.reviewer.read(holder.person))["died_on"] is None
    after = await house.reviewer.read(holder.certificate)
    kept = ("status", "category", "grade", "issued_on", "expires_on", "division")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    await nothing_differs(house, holder)


async def nothing_differs(house: House, holder: Holder) -> None:
    """Once a comparison has passed, what the subsidy service copied of this person is what the register says."""
    operator = house.desk("subsidy", "system_administrator", "*")

    async def differences() -> list[dict[str, Any]]:
        told = await operator.read("/api/v1/consumption/drift")
        return [each for each in told["items"] if each["person_id"] == holder.person_id]

    await until(differences, lambda found: found == [])
