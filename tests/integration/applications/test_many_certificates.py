"""Thousands of cards at once: reminders with evidence, sweeps, campaigns; verification for others (CERT-14, 34)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from services.registry.adapters.bulk import Holder, add_holders
from services.registry.adapters.status_proof import binding
from services.registry.adapters.sweeps import SweepKind, Swept, sweep_some
from services.registry.entrypoints.jobs import announce_expiry
from services.registry.entrypoints.jobs_certificates import end_notices, reminder_timer
from shared.contracts.registry import CertificateCancelled, CertificateFrozen
from shared.kit.crypto import KeyRing
from shared.kit.messages import FileSpool, Medium
from shared.values.dates import last_valid_day
from shared.values.disability import Disability
from shared.values.division import Division, Scope
from shared.values.identity_number import IdentityNumber
from shared.values.personal import PersonName, Phone
from tests.builders.databases import DATA_KEYS
from tests.integration.applications.conftest import COUNTY, OTHER_VILLAGE, TODAY, VILLAGE, Offices, a_number

EVERYWHERE = Scope.everywhere()
LIMB = Disability.parse("4", "2", "")


async def holders(offices: Offices, *issued: date, division: str = VILLAGE, phone: str | None = "14300000000") -> None:
    """Somebody for each day of issue."""
    rows = [
        Holder(
            IdentityNumber(a_number(serial)),
            PersonName("李桂芳"),
            None if phone is None else Phone(phone),
            Division(division),
            (LIMB, day, last_valid_day(day)),
        )
        for serial, day in enumerate(issued, start=1)
    ]
    async with offices.works.begin() as work:
        await add_holders(rows, work)


async def sweep(offices: Offices, kind: SweepKind, *, dry_run: bool, within: Scope = EVERYWHERE, **more: Any) -> Swept:
    """The whole of it."""
    swept, left = Swept(), True
    while left:
        async with offices.works.begin() as work:
            left = await sweep_some(work, kind, swept, within=within, dry_run=dry_run, **more)
    return swept


async def test_a_holder_is_reminded_once_six_months_and_once_a_month_before_with_evidence_cert_14(
    offices: Offices, tmp_path: Path
) -> None:
    await holders(offices, date(2016, 12, 15), date(2016, 12, 16), date(2016, 7, 15))
    spool = FileSpool(tmp_path / "spool", KeyRing.parse(DATA_KEYS))
    timer = reminder_timer(spool)
    await timer.run(offices.works)
    await timer.run(offices.works)
    listed = (await offices.county.get("/api/v1/certificate-reminders")).json()["items"]
    assert sorted((one["months"], one["expires_on"], one["state"]) for one in listed) == [
        (1, "2026-07-15", "SENT"),
        (6, "2026-12-15", "SENT"),
    ]
    assert all(one["evidence"].startswith("spool:") for one in listed)
    (first, *_) = sorted({one["evidence"] for one in listed})
    sent = spool.read(first.split(":")[1])
    assert {message.medium for message in sent} == {Medium.SMS}
    assert "2026年" in sent[0].text
    assert "14300000000" not in repr(sent)
    assert b"14300000000" not in b"".join(file.read_bytes() for file in (tmp_path / "spool").iterdir())


async def test_who_cannot_be_reached_is_marked_for_a_visit(offices: Offices, tmp_path: Path) -> None:
    await holders(offices, date(2016, 12, 1), phone=None)
    await reminder_timer(FileSpool(tmp_path, KeyRing.parse(DATA_KEYS))).run(offices.works)
    (one,) = (await offices.county.get("/api/v1/certificate-reminders", state="FAILED")).json()["items"]
    assert (one["channel"], one["evidence"]) == ("LETTER", None)


async def test_nothing_is_frozen_at_expiry_unless_the_county_decided_so_cert_28(offices: Offices) -> None:
    await holders(offices, date(2016, 6, 1))
    assert (await sweep(offices, SweepKind.FREEZE_EXPIRED, dry_run=False)).due == 0
    rule = {"name": "freeze_expired", "value": True, "valid_from": "2026-01-01", "basis": "六裕残〔2026〕3号"}
    assert (await offices.county.post("/api/v1/local-rules", {**rule, "division": COUNTY})).status_code == 201
    counted = await sweep(offices, SweepKind.FREEZE_EXPIRED, dry_run=True)
    assert (counted.due, counted.done, counted.by_county) == (1, 0, {COUNTY: 1})
    assert not [event for event in await offices.announced() if isinstance(event, CertificateFrozen)]
    assert (await sweep(offices, SweepKind.FREEZE_EXPIRED, dry_run=False)).done == 1
    assert (await sweep(offices, SweepKind.FREEZE_EXPIRED, dry_run=False)).done == 0
    (frozen,) = [event for event in await offices.announced() if isinstance(event, CertificateFrozen)]
    assert (frozen.stop.reason, frozen.stop.event_date) == ("EXPIRED_NOT_RENEWED", TODAY)


async def test_a_sweep_stops_at_the_border_of_whoever_asked_for_it(offices: Offices) -> None:
    await holders(offices, date(2016, 6, 1), division=OTHER_VILLAGE)
    rule = {"name": "freeze_expired", "value": True, "valid_from": "2026-01-01", "basis": "皖残〔2026〕3号"}
    assert (await offices.province.post("/api/v1/local-rules", {**rule, "division": "34"})).status_code == 201
    assert (await sweep(offices, SweepKind.FREEZE_EXPIRED, dry_run=False, within=Scope.of(COUNTY))).done == 0
    assert (await sweep(offices, SweepKind.FREEZE_EXPIRED, dry_run=False, within=Scope.of("341503"))).done == 1


async def test_who_has_begun_to_renew_is_not_swept(offices: Offices) -> None:
    await holders(offices, date(2016, 6, 1))
    rule = {"name": "freeze_expired", "value": True, "valid_from": "2026-01-01", "basis": "六裕残〔2026〕3号"}
    await offices.county.post("/api/v1/local-rules", {**rule, "division": COUNTY})
    (person,) = (await offices.county.get("/api/v1/persons")).json()["items"]
    await offices.submit(person["person_id"], "RENEWAL")
    assert (await sweep(offices, SweepKind.FREEZE_EXPIRED, dry_run=False)).done == 0


async def test_nobody_is_cancelled_after_expiry_without_proof_that_they_were_told_cert_28(
    offices: Offices, tmp_path: Path
) -> None:
    await holders(offices, date(2015, 9, 1))
    rule = {"name": "cancel_expired_months", "value": 6, "valid_from": "2024-01-01", "basis": "六裕残〔2024〕9号"}
    await offices.county.post("/api/v1/local-rules", {**rule, "division": COUNTY})
    swept = await sweep(offices, SweepKind.CANCEL_EXPIRED, dry_run=False)
    assert (swept.done, swept.without_notice) == (0, 1)
    offices.today_is(date(2025, 8, 10))
    await reminder_timer(FileSpool(tmp_path, KeyRing.parse(DATA_KEYS))).run(offices.works)
    offices.today_is(TODAY)
    assert (await sweep(offices, SweepKind.CANCEL_EXPIRED, dry_run=False)).done == 1
    (cancelled,) = [event for event in await offices.announced() if isinstance(event, CertificateCancelled)]
    assert cancelled.stop.reason == "NOT_RENEWED_6M"
    ((proof,),) = await offices.rows("SELECT proof_kind FROM stop WHERE note_cipher IS NOT NULL")
    assert proof == "EXPIRY_NOTICE"


async def test_a_campaign_lists_checks_disposes_and_counts_cert_33_kpi_36(offices: Offices) -> None:
    await holders(offices, date(2016, 7, 1), date(2016, 8, 1), date(2017, 1, 1))
    period = {"expires_from": "2026-01-01", "expires_to": "2026-12-31"}
    preview = await offices.county.get(
        "/api/v1/campaign-previews", division=COUNTY, since="2026-01-01", until="2026-12-31"
    )
    assert preview.json()["items"] == [{"county": COUNTY, "listed": 2}]
    body = {"division": COUNTY, "title": "2026年十年到期审验", "answer_by": "2026-09-30", **period}
    begun = (await offices.county.post("/api/v1/campaigns", body)).json()
    assert begun["listed"] == 2
    path = f"/api/v1/campaigns/{begun['campaign_id']}"
    first, second = (await offices.county.get(f"{path}/items")).json()["items"]
    checks = [{"certificate_id": first["certificate_id"], "file_check": "ISSUED_BY_EYE"}]
    assert (await offices.county.post(f"{path}/checks", {"checks": checks})).json() == {"recorded": 1, "left_out": []}
    (checked,) = (await offices.county.get(f"{path}/items", checked=True)).json()["items"]
    assert checked["disposal"] == "REASSESS"
    (progress,) = (await offices.county.get(f"{path}/progress")).json()["items"]
    assert progress == {"county": COUNTY, "listed": 2, "examined": 1, "done": 0}
    campaign_id = UUID(begun["campaign_id"])
    early = await sweep(offices, SweepKind.FREEZE_UNEXAMINED, dry_run=False, campaign_id=campaign_id)
    assert early.done == 0, "holders may answer until 30 September"
    offices.today_is(date(2026, 10, 1))
    await announce_expiry(offices.works)
    late = await sweep(offices, SweepKind.FREEZE_UNEXAMINED, dry_run=False, campaign_id=campaign_id)
    assert late.done == 1
    (card,) = await offices.rows("SELECT certificate_id FROM certificate WHERE status = 'FROZEN'")
    assert str(card[0]) == second["certificate_id"]


async def test_a_card_issued_by_eye_is_assessed_anew_when_it_is_renewed_cert_15(offices: Offices) -> None:
    await holders(offices, date(2016, 7, 1))
    async with offices.works.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE certificate SET by_eye = true")
    (person,) = (await offices.county.get("/api/v1/persons")).json()["items"]
    case = await offices.submit(person["person_id"], "RENEWAL")
    assert (await case.step("acceptance", {}))["needs_assessment"] is True
    refused = await case.ask("assessment-waiver")
    assert (refused.status_code, refused.json()["code"]) == (409, "assessment_is_needed")


async def test_a_timer_moves_cases_on_whose_notice_nobody_objected_to_cert_05(offices: Offices) -> None:
    quiet = await offices.assessed(await offices.person(1))
    await quiet.step("notice")
    disputed = await offices.assessed(await offices.person(2))
    await disputed.step("notice")
    await disputed.ask("objections", {"words": "有异议"})
    await end_notices(offices.works)
    assert (await offices.county.get(quiet.path)).json()["state"] == "IN_NOTICE"
    offices.today_is(date(2026, 6, 24))
    await end_notices(offices.works)
    assert (await offices.county.get(quiet.path)).json()["state"] == "UNDER_REVIEW"
    assert (await offices.county.get(disputed.path)).json()["state"] == "IN_NOTICE"


async def test_others_learn_of_a_number_what_the_card_says_and_nothing_more(offices: Offices) -> None:
    await holders(offices, date(2016, 6, 1), date(2020, 1, 1))
    items = [a_number(1), a_number(2), f"{a_number(2)}42", a_number(3), "not-a-number-at-all"]
    answer = await offices.county.post("/api/v1/verifications", {"items": items})
    told = answer.json()["items"]
    assert [(one["status"], one["valid"]) for one in told] == [
        ("EXPIRED", False),
        ("VALID", True),
        ("VALID", True),
        ("UNKNOWN", False),
        ("UNKNOWN", False),
    ]
    assert set(told[1]) == {"status", "valid", "category", "grade", "issued_on", "expires_on"}
    elsewhere = await offices.other.post("/api/v1/verifications", {"items": items})
    assert {one["status"] for one in elsewhere.json()["items"]} == {"UNKNOWN"}


async def test_validity_is_answered_for_a_day_in_the_past_as_it_is_known_today(offices: Offices) -> None:
    await holders(offices, date(2020, 1, 1))
    (card,) = (await offices.county.get("/api/v1/certificates")).json()["items"]
    body = {
        "reason": "VOLUNTARY",
        "proof": {"kind": "WRITTEN_WISH", "reference": "本人申请"},
        "effective_date": "2026-05-20",
    }
    cancelled = await offices.county.post(f"/api/v1/certificates/{card['certificate_id']}/cancellation", body, seen="*")
    assert cancelled.is_success, cancelled.text
    for day, status in (("2026-05-19", "VALID"), ("2026-05-20", "CANCELLED"), ("2026-06-15", "CANCELLED")):
        answer = await offices.county.post("/api/v1/verifications", {"items": [a_number(1)], "on": day})
        assert answer.json()["items"][0]["status"] == status, day
    path = f"/api/v1/certificates/{card['certificate_id']}/history"
    both = (await offices.county.get(path)).json()["items"]
    assert [one["status"] for one in both] == ["CANCELLED", "VALID"]
    before = (await offices.county.get(path, as_of="2026-06-01", known_at=both[0]["recorded_at"])).json()["items"]
    assert before[0]["status"] == "CANCELLED", "known now, true since 20 May"
    then = (await offices.county.get(path, as_of="2026-06-01", known_at=both[1]["recorded_at"])).json()["items"]
    assert then[0]["status"] == "VALID", "what an auditor must say of a payment made before the news came"


@pytest.mark.parametrize("damage", [None, "payload", "signature"])
async def test_a_proof_is_checked_offline_by_anybody_with_the_published_keys(
    offices: Offices, damage: str | None
) -> None:
    await holders(offices, date(2020, 1, 1))
    (card,) = (await offices.county.get("/api/v1/certificates")).json()["items"]
    made = await offices.county.post(f"/api/v1/certificates/{card['certificate_id']}/status-proof", None)
    proof, qr = made.json()["proof"], made.json()["qr_svg"]
    assert qr.startswith("<svg")
    keys = KeySet.import_key_set((await offices.county.get("/api/v1/status-proof-keys")).json())
    header, payload, signature = proof.split(".")
    if damage == "payload":
        proof = f"{header}.{payload[:-2]}AA.{signature}"
    elif damage == "signature":
        proof = f"{header}.{payload}.{'A' * len(signature)}"
    if damage is not None:
        with pytest.raises(BadSignatureError):
            jws.deserialize_compact(proof, keys, algorithms=["Ed25519"])
        return
    told = json.loads(jws.deserialize_compact(proof, keys, algorithms=["Ed25519"]).payload)
    assert (told["status"], told["expires_on"]) == ("VALID", "2030-01-01")
    assert told["card"] == binding(f"{a_number(1)}42", told["salt"]), "the card in hand is the card of the proof"
    assert a_number(1) not in str(told)


async def test_a_period_that_ends_before_it_begins_is_refused_in_words(offices: Offices) -> None:
    campaign = {"division": "341502", "title": "十年换证核查", "answer_by": "2026-12-31"}
    hospital = {"division": "341502", "name": "医院", "categories": [4], "modes": ["AT_INSTITUTION"]}
    for path, body in (
        ("campaigns", campaign | {"expires_from": "2026-06-30", "expires_to": "2026-06-29"}),
        ("assessment-institutions", hospital | {"designated_from": "2026-06-30", "designated_to": "2026-06-29"}),
    ):
        refused = await offices.county.post(f"/api/v1/{path}", body)
        assert (refused.status_code, refused.json()["code"]) == (422, "period_is_turned"), path
        assert "2026-06-29 早于开始日期 2026-06-30" in refused.json()["detail"]
