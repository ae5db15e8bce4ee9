"""Figures of the indicators service against plain questions to the databases of the services that own the facts."""

import re
from datetime import date, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from deploy.demo.proofs import cancelling
from shared.kit.database import new_engine
from shared.values.month import Month
from tests.system.house import COUNTY, OTHER_COUNTY, OTHER_VILLAGE, House, until

PLACES: Final = ("34", "3415", COUNTY, OTHER_COUNTY, f"{COUNTY}001", f"{COUNTY}001001")
_VALID: Final = """
  SELECT c.person_id, c.grade FROM certificate c JOIN person p USING (person_id)
   WHERE c.division LIKE :within AND c.issued_on <= :day AND c.expires_on >= :day
     AND (p.died_on IS NULL OR p.died_on >= :day)
     AND NOT EXISTS (SELECT FROM certificate n WHERE c.status = 'SUPERSEDED' AND n.person_id = c.person_id
                        AND n.issued_on <= :day AND (n.issued_on, n.certificate_id) > (c.issued_on, c.certificate_id))
     AND NOT EXISTS (SELECT FROM stop s WHERE s.certificate_id = c.certificate_id AND NOT s.withdrawn
                        AND s.kind IN ('CANCELLED', 'FROZEN') AND s.event_date < :day
                        AND (s.ended_on IS NULL OR s.ended_on > :day))
"""
_DUE: Final = """
  SELECT person_id, scheme FROM award WHERE division LIKE :within AND start_month <= :month
     AND (effective_month IS NULL OR effective_month > :month)
"""
_PERSONS: Final = """
  SELECT count(*) FROM person WHERE division LIKE :within AND registered_on <= :day
     AND (died_on IS NULL OR died_on >= :day)
"""
_CANCELLED: Final = """
  SELECT count(*) FROM stop WHERE division LIKE :within AND kind = 'CANCELLED' AND NOT withdrawn
     AND event_date BETWEEN :first AND :day
"""
_OPEN: Final = """
  SELECT count(*) FROM rehab_case WHERE division LIKE :within AND opened_on <= :day
     AND (closed_on IS NULL OR closed_on > :day)
"""
ASKED: Final = {
    "persons": ("registry", _PERSONS),
    "certificates": ("registry", f"SELECT count(*) FROM ({_VALID}) v"),
    "holders": ("registry", f"SELECT count(DISTINCT person_id) FROM ({_VALID}) v"),
    "severe_holders": ("registry", f"SELECT count(DISTINCT person_id) FROM ({_VALID}) v WHERE grade <= 2"),
    "certificates_cancelled": ("registry", _CANCELLED),
    "awards": ("subsidy", f"SELECT count(*) FROM ({_DUE}) d"),
    "award_recipients": ("subsidy", f"SELECT count(DISTINCT person_id) FROM ({_DUE}) d"),
    "nursing_recipients": ("subsidy", f"SELECT count(DISTINCT person_id) FROM ({_DUE}) d WHERE scheme LIKE 'nursing%'"),
    "rehab_cases": ("rehab", _OPEN),
}
"""Nothing here knows of spells: what is true on a day is asked of the owner's own rows."""


@pytest.fixture(scope="module")
async def lived(house: House) -> House:
    """Two counties with a few lives in them, told to the indicators."""
    for division, grade in ((f"{COUNTY}001001", 1), (f"{COUNTY}001001", 3), (OTHER_VILLAGE, 2), (OTHER_VILLAGE, 2)):
        holder = await house.a_holder(division=division, grade=grade)
        if grade < 3:
            award = await house.an_award(holder)
        if grade == 1:
            day = (await house.today()) - timedelta(days=40)
            body = cancelling("VOLUNTARY", effective_date=day.isoformat())
            await house.reviewer.change(holder.certificate, "cancellation", body)
            await house.award_becomes(award, "SUSPENDED")
    for publisher in ("registry", "subsidy", "rehab"):
        await house.told("indicators", publisher)
    return house


async def of_the_owner(house: House, code: str, within: str, month: Month, day: date) -> int:
    """The same question put to the database that owns the answer."""
    service, query = ASKED[code]
    engine = new_engine(house.stack.database_url(service), pool_size=1, application_name="test")
    values: dict[str, Any] = {"within": f"{within}%", "day": day, "first": month.first_day, "month": str(month)}
    try:
        async with engine.connect() as connection:
            used = {name: value for name, value in values.items() if f":{name}" in query}
            told = await connection.scalar(text(query), used)
    finally:
        await engine.dispose()
    return int(told or 0)


@pytest.mark.parametrize("code", ASKED)
async def test_a_figure_is_what_its_owner_counts_at_every_level_and_month(lived: House, code: str) -> None:
    """RU-01, RU-02, RU-03, KPI-34, KPI-44."""
    reader, today = lived.desk("indicators", "statistician", "34"), await lived.today()
    counted = []
    # The owners know where somebody is today: of the past they are asked for the province, which nobody left.
    now = Month.of(today)
    for month, place in (*((now, each) for each in PLACES), (now.plus(-1), "34"), (now.plus(-2), "34")):
        query = {"indicator": code, "division": place, "period": str(month)}
        (item,) = (await reader.read("/api/v1/indicators/values", **query))["items"]
        expected = await of_the_owner(lived, code, place, month, min(month.last_day, today))
        assert item["value"] == expected, (code, place, month)
        counted.append(expected)
    assert any(counted) or code == "rehab_cases"


async def test_no_award_goes_on_that_should_have_stopped(lived: House) -> None:
    """KPI-20: what the registry told has stopped what it had to."""
    reader = lived.desk("indicators", "statistician", "34")
    (item,) = (await reader.read("/api/v1/indicators/values", indicator="stop_missed", division="3415"))["items"]
    assert (item["state"], item["value"]) == ("COMPUTED", 0)


async def test_a_cancellation_moves_the_board_and_its_number_leads_to_the_entry_of_the_journal(lived: House) -> None:
    holder = await lived.a_holder()
    await lived.told("indicators")
    reader = lived.desk("indicators", "statistician")
    asked = {"indicator": "certificates_cancelled", "division": "3415"}

    async def shown() -> int:
        page = (await reader.get("/api/v1/board", division="3415")).text
        found = re.search(r'当期注销残疾人证</h3><p><span class="number">([0-9]+)<', page)
        assert found is not None, page
        return int(found[1])

    before = await shown()
    cancelled = await lived.reviewer.change(holder.certificate, "cancellation", cancelling("VOLUNTARY"))
    assert await until(shown, lambda number: number != before) == before + 1
    lineage = await reader.read("/api/v1/indicators/lineage", **asked)
    assert lineage["parts"][0]["figure"]["value"] == before + 1
    (position,) = (each["position"] for each in lineage["as_of"] if each["publisher"] == "registry")
    journal = await lived.auditor.read("/api/v1/journal", after=position - 1, limit=1)
    assert [event["id"] for event in journal["events"]] == [cancelled["stop_id"]]
