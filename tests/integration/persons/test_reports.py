"""News from outside: kept by source, matched in tiers, weighed, previewed, applied, taken back (DX-05, DX-20)."""

from __future__ import annotations

from typing import Any

import pytest

from shared.contracts.registry import (
    CertificateCancelled,
    CertificateReinstated,
    PersonDeathReported,
    PersonDeathRetracted,
)
from tests.integration.persons.conftest import COUNTY, OTHER, OTHER_VILLAGE, VILLAGE, Office, a_number

DEATH: dict[str, Any] = {
    "kind": "DEATH",
    "source": "POLICE",
    "event_date": "2026-05-10",
    "received_on": "2026-06-01",
    "division": COUNTY,
    "citizen_id_no": a_number(1),
    "name": "王小明",
}


async def take(office: Office, **given: Any) -> dict[str, Any]:
    body = {name: value for name, value in {**DEATH, **given}.items() if value is not None}
    answer = await office.post("/api/v1/reports", body)
    assert answer.status_code == 201, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


async def step(office: Office, report: dict[str, Any], name: str, body: Any = None) -> dict[str, Any]:
    answer = await office.post(f"/api/v1/reports/{report['report_id']}/{name}", body, seen=f'"{report["version"]}"')
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


async def apply(office: Office, report: dict[str, Any]) -> dict[str, Any]:
    return await step(office, report, "application", {})


@pytest.mark.parametrize(
    ("given", "tier", "state", "reason"),
    [
        ({}, "EXACT_ID", "READY", None),
        ({"name": "王晓明"}, "ID_NAME_VARIANT", "READY", None),
        ({"name": "李秀英"}, "ID_OTHER_NAME", "CONFLICT", "NAME_DIFFERS"),
        ({"citizen_id_no": None, "born_on": "1970-01-01"}, "NAME_BIRTH_PLACE", "CANDIDATE", "NOT_CERTAIN"),
        ({"citizen_id_no": None, "born_on": "1970-01-02"}, None, "UNMATCHED", None),
        ({"citizen_id_no": a_number(5)}, None, "UNMATCHED", None),
    ],
    ids=["number and name", "another writing", "another name", "name, birth, place", "another day", "another number"],
)
async def test_a_report_is_matched_in_tiers_dx_05(
    office: Office, given: dict[str, Any], tier: str | None, state: str, reason: str | None
) -> None:
    await office.register("王小明")
    report = await take(office, **given)
    assert (report["tier"], report["state"], report["reason"]) == (tier, state, reason)
    assert (await office.types()) == ["person.registered"], "a report alone does nothing to anybody"


async def test_a_name_and_birth_date_of_another_county_match_nobody(office: Office) -> None:
    await office.register("王小明", division=OTHER_VILLAGE)
    report = await take(office, citizen_id_no=None, born_on="1970-01-01")
    assert report["state"] == "UNMATCHED"


async def test_two_persons_of_one_name_and_day_wait_for_a_clerk(office: Office) -> None:
    first = await office.register("王小明", 1)
    await office.register("王小明", 203)
    report = await take(office, citizen_id_no=None, born_on="1970-01-01")
    assert (report["state"], report["reason"]) == ("UNMATCHED", "SEVERAL_PERSONS")
    matched = await step(office, report, "matching", {"person_id": first["person_id"]})
    assert (matched["state"], matched["tier"], matched["person_id"]) == ("READY", "CLERK", first["person_id"])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"event_date": "1969-12-31"}, "BEFORE_BIRTH"),
        ({"event_date": "2026-06-02"}, "AFTER_RECEIPT"),
        ({"event_date": "2020-02-29"}, "ALIVE_SINCE"),
    ],
)
async def test_a_death_that_cannot_be_waits_in_the_queue_of_conflicts(
    office: Office, given: dict[str, Any], reason: str
) -> None:
    person = await office.register("王小明")
    await office.issue(person["person_id"], on="2020-03-01")
    report = await take(office, **given)
    assert (report["state"], report["reason"]) == ("CONFLICT", reason)
    refused = await office.post(f"/api/v1/reports/{report['report_id']}/application", {})
    assert refused.status_code == 409
    assert refused.json()["code"] == "report_step_not_allowed"
    assert "confirm" in refused.text


async def test_the_effect_is_shown_before_anything_happens(office: Office) -> None:
    person = await office.register("王小明")
    await office.issue(person["person_id"])
    report = await take(office, event_date="2026-03-10")
    before = await office.types()
    effect = (await office.get(f"/api/v1/reports/{report['report_id']}/effect")).json()
    assert effect["events"] == ["registry.person.death_reported.v1", "registry.certificate.cancelled.v1"]
    assert (effect["certificate_cancelled"], effect["months_paid_since"]) == (True, 3)
    assert effect["person"]["name_masked"] == "王**"
    assert await office.types() == before
    assert (await office.get(f"/api/v1/persons/{person['person_id']}")).json()["died_on"] is None


async def test_applying_does_what_the_preview_said_cert_26(office: Office) -> None:
    person = await office.register("王小明")
    await office.issue(person["person_id"])
    report = await take(office)
    effect = (await office.get(f"/api/v1/reports/{report['report_id']}/effect")).json()
    applied = await apply(office, report)
    assert applied["state"] == "APPLIED"
    told = await office.told()
    assert [event.type for event in told[2:]] == effect["events"]
    died, cancelled = told[2:]
    assert isinstance(died, PersonDeathReported)
    assert isinstance(cancelled, CertificateCancelled)
    assert (died.stop.event_date.isoformat(), died.stop.reason) == ("2026-05-10", "POLICE")
    assert cancelled.stop.reason == "DEATH"


async def test_declared_dead_in_error_is_taken_back_with_all_it_did(office: Office) -> None:
    person = await office.register("王小明")
    certificate = await office.issue(person["person_id"])
    applied = await apply(office, await take(office))
    retracted = await step(office, applied, "retraction")
    assert retracted["state"] == "RETRACTED"
    assert (await office.get(f"/api/v1/persons/{person['person_id']}")).json()["died_on"] is None
    assert (await office.get(f"/api/v1/certificates/{certificate['certificate_id']}")).json()["status"] == "VALID"
    alive, reinstated = (await office.told())[-2:]
    assert isinstance(alive, PersonDeathRetracted)
    assert isinstance(reinstated, CertificateReinstated)
    assert alive.stop.withdrawn
    assert reinstated.stop.withdrawn


async def test_the_route_of_a_person_takes_back_the_same(office: Office) -> None:
    person = await office.register("王小明")
    certificate = await office.issue(person["person_id"])
    report = await apply(office, await take(office))
    answer = await office.post(f"/api/v1/persons/{person['person_id']}/death-retraction")
    assert answer.status_code == 200, answer.text
    assert (await office.get(f"/api/v1/certificates/{certificate['certificate_id']}")).json()["status"] == "VALID"
    assert (await office.get(f"/api/v1/reports/{report['report_id']}")).json()["state"] == "RETRACTED"


async def test_the_earliest_credible_date_wins_dx_05(office: Office) -> None:
    person = await office.register("王小明")
    await apply(office, await take(office, event_date="2026-05-10"))
    earlier = await apply(office, await take(office, source="FUNERAL", event_date="2026-04-28"))
    assert earlier["state"] == "APPLIED"
    assert (await office.get(f"/api/v1/persons/{person['person_id']}")).json()["died_on"] == "2026-04-28"
    assert (await office.types())[1:] == ["person.death_reported", "person.death_retracted", "person.death_reported"]
    later = await apply(office, await take(office, source="HEALTH", event_date="2026-05-11"))
    assert later["state"] == "CONFIRMING"
    assert (await office.get(f"/api/v1/persons/{person['person_id']}")).json()["died_on"] == "2026-04-28"


async def test_another_day_of_the_same_month_changes_nothing(office: Office) -> None:
    person = await office.register("王小明")
    await apply(office, await take(office, event_date="2026-05-10"))
    confirming = await apply(office, await take(office, source="HEALTH", event_date="2026-05-08"))
    assert confirming["state"] == "CONFIRMING"
    assert (await office.get(f"/api/v1/persons/{person['person_id']}")).json()["died_on"] == "2026-05-10"
    assert len(await office.types()) == 2


async def test_dates_far_apart_are_a_conflict_that_a_clerk_decides(office: Office) -> None:
    person = await office.register("王小明")
    await apply(office, await take(office, event_date="2026-05-10"))
    report = await take(office, source="HEALTH", event_date="2026-01-02")
    assert (report["state"], report["reason"]) == ("CONFLICT", "OTHER_DATE")
    await apply(office, await step(office, report, "confirmation"))
    assert (await office.get(f"/api/v1/persons/{person['person_id']}")).json()["died_on"] == "2026-01-02"


async def test_every_report_is_kept_with_source_event_date_and_received_date(office: Office) -> None:
    await office.register("王小明")
    for source, day in (("POLICE", "2026-05-10"), ("HEALTH", "2026-05-09"), ("FUNERAL", "2026-05-12")):
        await apply(office, await take(office, source=source, event_date=day))
    kept = await office.one(
        "SELECT count(*) AS n, count(DISTINCT source) AS sources, min(received_on) AS received FROM outside_report"
    )
    assert (kept.n, kept.sources, kept.received.isoformat()) == (3, 3, "2026-06-01")


async def test_as_of_and_known_at_tell_what_was_true_and_what_was_known(office: Office) -> None:
    person = await office.register("王小明")
    path = f"/api/v1/persons/{person['person_id']}"
    registered = office.works.clock.now().isoformat()
    await apply(office, await take(office, event_date="2026-06-14", received_on="2026-06-15"))
    known = office.works.clock.now().isoformat()
    assert (await office.get(path, as_of="2026-06-15")).json()["died_on"] == "2026-06-14"
    await office.post(f"{path}/death-retraction")
    assert (await office.get(path, as_of="2026-06-15")).json()["died_on"] is None
    then = (await office.get(path, as_of="2026-06-15", known_at=known)).json()
    assert then["died_on"] == "2026-06-14"
    assert (await office.get(path, as_of="2026-06-15", known_at=registered)).json()["died_on"] is None


# --- household moves -------------------------------------------------------------------------------------------------

MOVE = {"kind": "MOVE", "event_date": "2026-05-20", "to_division": OTHER_VILLAGE}


async def test_somebody_without_a_certificate_moves_at_once(office: Office) -> None:
    person = await office.register("王小明")
    moved = await apply(office, await take(office, **MOVE))
    assert moved["state"] == "APPLIED"
    assert (await office.types())[1:] == ["person.changed"]
    path = f"/api/v1/persons/{person['person_id']}"
    assert (await office.get(path)).status_code == 404, "the old county answers for somebody else now"
    now = await office.get(path, divisions=[OTHER])
    assert now.json()["division"] == OTHER_VILLAGE
    registered_on = "2026-06-15"
    assert (await office.get(path, divisions=[OTHER], as_of=registered_on)).json()["division"] == OTHER_VILLAGE


async def test_a_move_taken_back_brings_the_person_home(office: Office) -> None:
    person = await office.register("王小明")
    moved = await apply(office, await take(office, **MOVE))
    retraction = await office.post(f"/api/v1/reports/{moved['report_id']}/retraction", divisions=["3415"])
    assert retraction.status_code == 200, retraction.text
    assert (await office.get(f"/api/v1/persons/{person['person_id']}")).json()["division"] == VILLAGE
    history = (await office.get(f"/api/v1/persons/{person['person_id']}/history")).json()["items"]
    homes = [entry for entry in history if entry["what"] == "HOME"]
    assert [(entry["division"], entry["withdrawn_at"] is None) for entry in homes] == [
        (OTHER_VILLAGE, False),
        (VILLAGE, True),
    ]


async def test_a_holder_waits_until_the_certificate_follows_cert_23(office: Office) -> None:
    person = await office.register("王小明")
    certificate = await office.issue(person["person_id"])
    waiting = await apply(office, await take(office, **MOVE))
    assert waiting["state"] == "AWAITING_TRANSFER"
    assert (await office.get(f"/api/v1/persons/{person['person_id']}")).json()["division"] == VILLAGE
    transfer = await office.post(
        f"/api/v1/certificates/{certificate['certificate_id']}/transfer",
        {"division": OTHER_VILLAGE, "moved_on": "2026-05-20"},
        divisions=["3415"],
    )
    assert transfer.status_code == 200, transfer.text
    done = await office.get(f"/api/v1/reports/{waiting['report_id']}", divisions=["3415"])
    assert done.json()["state"] == "DONE"


async def test_the_dead_do_not_move(office: Office) -> None:
    await office.register("王小明")
    await apply(office, await take(office))
    report = await take(office, **MOVE)
    assert (report["state"], report["reason"]) == ("CONFLICT", "HAS_DIED")


async def test_another_county_neither_sees_nor_takes_in_reports_of_ours(office: Office) -> None:
    await office.register("王小明")
    report = await take(office)
    assert (await office.get(f"/api/v1/reports/{report['report_id']}", divisions=[OTHER])).status_code == 404
    assert (await office.get("/api/v1/reports", divisions=[OTHER])).json()["items"] == []
    assert (await office.post("/api/v1/reports", DEATH, divisions=[OTHER])).status_code == 403
    assert (await office.post("/api/v1/reports", DEATH, role="township_clerk")).status_code == 403
