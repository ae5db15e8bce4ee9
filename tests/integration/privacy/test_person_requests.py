"""What a person may ask about their own data, from the first word to the last file."""

import io
import json
from datetime import date
from typing import Any

import pytest
from httpx import Response
from python_calamine import CalamineWorkbook

from shared.kit.person_requests import ANSWER_WORKING_DAYS, Kind, State, Step, allowed_steps, deadline
from shared.kit.working_days import seeded
from tests.integration.privacy.conftest import OTHER, Office, a_number

WORDS = "请更正我的住址：金丝雀路七号"
NAME = "欧阳金丝雀"


async def _ask(office: Office, person_id: str, kind: str, **more: Any) -> dict[str, Any]:
    made = await office.call(
        "POST", "/api/v1/me/requests", "person", {"kind": kind, **more}, who="me", divisions=[], person_id=person_id
    )
    assert made.status_code == 201, made.text
    return dict(made.json())


async def _step(office: Office, request_id: str, step: str, body: Any = None, who: str = "officer") -> Response:
    path = f"/api/v1/person-requests/{request_id}"
    seen = await office.call("GET", path, who=who)
    return await office.call("POST", f"{path}/{step}", body=body, who=who, version=seen.headers.get("etag", '"1"'))


async def _restricted(office: Office, person_id: str) -> None:
    request = await _ask(office, person_id, "RESTRICTION")
    assert (await _step(office, request["request_id"], "acceptance")).status_code == 200
    assert (await _step(office, request["request_id"], "completion", {})).json()["state"] == "COMPLETED"


async def test_a_copy_is_everything_held_in_two_files_only_the_person_can_fetch(office: Office) -> None:
    person_id = await office.register(1, name=NAME, phone="14312341234", address="金丝雀路七号")
    await office.issue(person_id)
    request = await _ask(office, person_id, "COPY")
    own = f"/api/v1/me/requests/{request['request_id']}/copy"
    mine: dict[str, Any] = {"who": "me", "divisions": [], "person_id": person_id}
    assert (await office.call("GET", f"{own}?format=json", "person", **mine)).status_code == 409
    accepted = await _step(office, request["request_id"], "acceptance")
    assert accepted.json()["state"] == "ACCEPTED"
    await office.work_off()
    told = await office.call("GET", f"{own}?format=json", "person", **mine)
    held = json.loads(told.content)
    assert held["人员"][0]["name"] == NAME
    assert held["人员"][0]["citizen_id_no"] == a_number(1)
    assert held["残疾人证"][0]["certificate_no"] == f"{a_number(1)}42"
    sheet = await office.call("GET", f"{own}?format=xlsx", "person", **mine)
    cells = CalamineWorkbook.from_filelike(io.BytesIO(sheet.content)).get_sheet_by_index(0).to_python()
    assert ["人员", 1, "name", NAME] in cells
    # Neither another person nor whoever runs the job sees the files.
    other: dict[str, Any] = {"who": "other", "divisions": ["*"], "person_id": await office.register(2)}
    assert (await office.call("GET", f"{own}?format=json", "person", **other)).status_code == 404
    job = accepted.json()["job_id"]
    assert (await office.call("GET", f"/api/v1/jobs/{job}/result", who="officer")).status_code == 409
    desk = f"/api/v1/person-requests/{request['request_id']}/copy?format=json"
    assert (await office.call("GET", desk, "statistician")).status_code == 403
    assert (await office.call("GET", desk, divisions=[OTHER])).status_code == 404
    assert (await office.call("GET", desk)).status_code == 200
    looks = await office.rows("SELECT actor FROM audit WHERE fields = 'copy' AND person_id = :id", id=person_id)
    assert sorted(row.actor for row in looks) == ["me", "me", "the-county_reviewer"]


async def test_words_are_encrypted_and_read_by_who_works_on_the_case(office: Office) -> None:
    person_id = await office.register(1)
    request = await _ask(office, person_id, "CORRECTION", statement=WORDS)
    path = f"/api/v1/person-requests/{request['request_id']}"
    assert WORDS not in (await office.call("GET", path)).text
    assert (await office.call("GET", f"{path}/words", "auditor")).status_code == 403
    assert (await office.call("GET", f"{path}/words")).json() == {"statement": WORDS, "answer": None}
    answered = await _step(office, request["request_id"], "refusal", {"answer": "与户籍登记一致"})
    assert answered.json()["state"] == "REFUSED"
    assert (await office.call("GET", f"{path}/words")).json()["answer"] == "与户籍登记一致"
    [row] = await office.rows("SELECT statement_cipher FROM person_request")
    assert WORDS.encode() not in bytes(row.statement_cipher)


async def test_a_restriction_hides_the_person_and_needs_a_duty_to_be_disclosed(office: Office) -> None:
    person_id = await office.register(1, name=NAME)
    await _restricted(office, person_id)
    shown = (await office.call("GET", "/api/v1/persons")).json()["items"][0]
    assert (shown["restricted"], shown["name_masked"], shown["citizen_id_masked"]) == (True, "***", "***")
    path = f"/api/v1/persons/{person_id}/disclosure"
    refused = await office.call("POST", path, body={"fields": ["name"], "purpose": "CASE_HANDLING"})
    assert (refused.status_code, refused.json()["code"]) == (403, "processing_is_restricted")
    for purpose in ("EMERGENCY", "LEGAL_DUTY", "OWN_REQUEST", "SUPERVISION"):
        told = await office.call("POST", path, body={"fields": ["name"], "purpose": purpose})
        assert told.json()["fields"] == {"name": NAME}
    lifting = await _ask(office, person_id, "LIFTING")
    await _step(office, lifting["request_id"], "acceptance")
    await _step(office, lifting["request_id"], "completion", {})
    assert (await office.call("GET", f"/api/v1/persons/{person_id}")).json()["name_masked"] == "欧**"


async def _approved(office: Office, request_id: str, *, checker: str = "second") -> str:
    body = {"kind": "person.erasure", "subject_id": request_id, "note": "重复登记"}
    proposed = await office.call("POST", "/api/v1/approvals", body=body, who="officer")
    assert proposed.status_code == 201, proposed.text
    told = proposed.json()
    path = f"/api/v1/approvals/{told['approval_id']}/approval"
    await office.call("POST", path, body={"digest": told["digest"]}, who=checker)
    return str(told["approval_id"])


async def test_an_erasure_takes_two_persons_and_leaves_nobody(office: Office) -> None:
    person_id = await office.register(1, name=NAME, phone="14312341234")
    request = await _ask(office, person_id, "ERASURE")
    request_id = request["request_id"]
    await _step(office, request_id, "acceptance")
    assert (await _step(office, request_id, "completion", {})).json()["code"] == "approval_needed"
    alone = await _approved(office, request_id, checker="officer")
    assert (await _step(office, request_id, "completion", {"approval_id": alone})).json()["code"] == "approval_needed"
    path = f"/api/v1/approvals/{alone}"
    digest = (await office.call("GET", path)).json()["digest"]
    await office.call("POST", f"{path}/approval", body={"digest": digest}, who="second")
    done = await _step(office, request_id, "completion", {"approval_id": alone})
    assert done.json()["state"] == "COMPLETED", done.text
    assert (await office.call("GET", f"/api/v1/persons/{person_id}")).status_code == 404
    assert (await office.call("POST", "/api/v1/persons/lookup", body={"citizen_id_no": a_number(1)})).status_code == 404
    [row] = await office.rows("SELECT * FROM person WHERE person_id = :id", id=person_id)
    assert not any(getattr(row, name) for name in row._mapping if name.endswith(("_cipher", "_index")))
    # The number is free again, and the person may come back as somebody new.
    assert await office.register(1) != person_id


async def test_what_the_law_wants_kept_is_kept_even_with_four_eyes(office: Office) -> None:
    person_id = await office.register(1)
    await office.issue(person_id)
    request = await _ask(office, person_id, "ERASURE")
    await _step(office, request["request_id"], "acceptance")
    approval = await _approved(office, request["request_id"])
    kept = await _step(office, request["request_id"], "completion", {"approval_id": approval})
    assert (kept.status_code, kept.json()["code"]) == (409, "data_must_be_kept")
    assert (await office.call("GET", f"/api/v1/persons/{person_id}")).status_code == 200
    [row] = await office.rows("SELECT used_at FROM approval WHERE approval_id = :id", id=approval)
    assert row.used_at is None, "what did not happen did not use the approval"


async def test_an_erased_row_cannot_keep_a_value_in_sql(office: Office) -> None:
    person_id = await office.register(1)
    with pytest.raises(Exception, match="erased_means_gone"):
        async with office.parts.works.engine.begin() as connection:
            await connection.exec_driver_sql(f"UPDATE person SET erased_at = now() WHERE person_id = '{person_id}'")


async def test_cases_belong_to_their_division_and_their_person(office: Office) -> None:
    person_id = await office.register(1)
    request = await _ask(office, person_id, "COPY")
    path = f"/api/v1/person-requests/{request['request_id']}"
    assert (await office.call("GET", path, divisions=[OTHER])).status_code == 404
    assert (await office.call("GET", "/api/v1/person-requests", divisions=[OTHER])).json()["items"] == []
    body = {"kind": "COPY", "person_id": person_id}
    assert (await office.call("POST", "/api/v1/person-requests", body=body, divisions=[OTHER])).status_code == 404
    stranger: dict[str, Any] = {"who": "x", "person_id": await office.register(2)}
    theirs = {"kind": "COPY", "person_id": person_id}
    assert (await office.call("POST", "/api/v1/me/requests", "person", theirs, **stranger)).status_code == 404
    gone = f"/api/v1/me/requests/{request['request_id']}/withdrawal"
    assert (await office.call("POST", gone, "person", **stranger)).status_code == 404
    mine = await office.call("POST", gone, "person", who="me", person_id=person_id)
    assert mine.json()["state"] == "WITHDRAWN"


async def test_one_case_of_a_kind_is_open_at_a_time(office: Office) -> None:
    person_id = await office.register(1)
    await _ask(office, person_id, "COPY")
    again = await office.call("POST", "/api/v1/me/requests", "person", {"kind": "COPY"}, who="me", person_id=person_id)
    assert again.json()["code"] == "person_request_is_open_already"
    await _ask(office, person_id, "CORRECTION", statement=WORDS)


async def test_steps_a_case_does_not_know_name_the_ones_it_does(office: Office) -> None:
    person_id = await office.register(1)
    request = await _ask(office, person_id, "CORRECTION", statement=WORDS)
    refused = await _step(office, request["request_id"], "completion", {})
    assert refused.status_code == 409
    assert refused.json()["allowed"] == ["accept", "refuse", "withdraw", "forward"]
    path = f"/api/v1/person-requests/{request['request_id']}/acceptance"
    assert (await office.call("POST", path)).status_code == 428
    assert (await office.call("POST", path, version='"9"')).status_code == 412


async def test_a_correction_that_cannot_be_forwarded_stays(office: Office) -> None:
    request = await _ask(office, await office.register(1), "CORRECTION", statement=WORDS)
    refused = await _step(office, request["request_id"], "forwarding", {"service": "elsewhere"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_forwarded")
    shown = await office.call("GET", f"/api/v1/person-requests/{request['request_id']}")
    assert shown.json()["state"] == "RECEIVED"


def test_every_state_of_every_kind_has_its_steps_and_only_open_cases_any() -> None:
    for kind in Kind:
        for state in State:
            steps = allowed_steps(kind, state)
            assert bool(steps) == (state in {State.RECEIVED, State.ACCEPTED})
    assert Step.COMPLETE not in allowed_steps(Kind.COPY, State.ACCEPTED)
    assert Step.FORWARD not in allowed_steps(Kind.ERASURE, State.RECEIVED)


def test_deadlines_are_working_days_and_an_unknown_year_is_counted_by_weekdays() -> None:
    assert seeded().between(date(2025, 9, 26), deadline(date(2025, 9, 26))) == ANSWER_WORKING_DAYS
    assert deadline(date(2025, 9, 26)) > date(2025, 10, 17), "the long holiday is no working time"
    assert deadline(date(2051, 6, 5)) == date(2051, 6, 26)


async def test_retention_counts_first_and_forgets_only_when_told(office: Office) -> None:
    person_id = await office.register(1)
    request = await _ask(office, person_id, "CORRECTION", statement=WORDS)
    await _step(office, request["request_id"], "refusal", {"answer": "不予更正"})
    async with office.parts.works.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE person_request SET closed_at = closed_at - interval '4 years'")
        await connection.exec_driver_sql("UPDATE idempotency_key SET kept_until = now() - interval '1 day'")
    assert (await office.call("POST", "/api/v1/retention-runs", body={})).status_code == 403

    async def run(*, dry_run: bool) -> dict[str, Any]:
        started = await office.call(
            "POST", "/api/v1/retention-runs", "security_administrator", {"dry_run": dry_run}, divisions=[]
        )
        await office.work_off()
        path = f"/api/v1/jobs/{started.json()['job_id']}"
        told = (await office.call("GET", path, "security_administrator", divisions=[])).json()["result"]
        return {name: (rule["due"], rule["forgotten"]) for name, rule in told["rules"].items()}

    counted = await run(dry_run=True)
    assert counted["request_words"] == (1, 0)
    assert counted["idempotent_answers"][0] > 0 == counted["idempotent_answers"][1]
    done = await run(dry_run=False)
    assert done["request_words"] == (1, 1)
    assert (await run(dry_run=True))["request_words"] == (0, 0)
    [row] = await office.rows("SELECT statement_cipher, answer_cipher, state FROM person_request")
    assert tuple(row) == (None, None, "REFUSED")
