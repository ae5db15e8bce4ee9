"""Every payment is judged again by what is known today: what should not have been paid is found, and nothing else."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import date
from typing import Any, Final
from uuid import UUID

import openpyxl
import pytest

from services.subsidy.adapters import engine, facts
from services.subsidy.domain.person_facts import Fact, FactKind, Revision
from services.subsidy.entrypoints.consumers import SUBSCRIPTIONS
from shared.contracts.registry import CertificateState, StopState
from shared.kit.consumer import adopt
from shared.values.certificate import CertificateStatus, StopKind
from tests.builders import province
from tests.builders.payroll import Office, nursed
from tests.integration.payroll.test_merged_persons import merged, with_cards

AUDITS: Final = "/api/v1/integrity-audits"
MONTHS: Final = ["2026-05", "2026-06"]
_CARD: Final = "SELECT certificate_id FROM held_card WHERE person_id = :person AND known_to = 'infinity' LIMIT 1"


@pytest.fixture(scope="module", autouse=True)
def _written_before() -> None:
    engine.warm()


async def tells(office: Office, person: str, kind: FactKind, day: str) -> UUID:
    """Another bureau's fact, learned after the months were paid."""
    fact = Fact(fact_id=uuid.uuid4(), person_id=UUID(person), kind=kind, valid_from=date.fromisoformat(day))
    async with office.works.begin() as work:
        told = Revision(fact=fact, revision=1, division="341502")
        await facts.put(work.connection, [told], at=work.now(), by="test", trace_id="t")
    return fact.fact_id


async def stops(office: Office, person: str, kind: StopKind, day: str) -> None:
    """The register's stop, learned late."""
    await with_cards(office, person)
    state = StopState(
        stop_id=uuid.uuid4(),
        person_id=UUID(person),
        division="341502",
        version=1,
        certificate_id=await office.sql(_CARD, person=UUID(person)),
        kind=kind,
        reason=None,
        event_date=date.fromisoformat(day),
    )
    async with office.works.begin() as work:
        await adopt(work, SUBSCRIPTIONS[0], StopState, [state])


async def corrects(
    office: Office, person: str, version: int, *, grade: int = 2, expires_on: date = date(2028, 3, 1)
) -> None:
    """The register's card is found to be another than it was told to be."""
    if version == 2:
        await with_cards(office, person)
    state = CertificateState(
        certificate_id=await office.sql(_CARD, person=UUID(person)),
        person_id=UUID(person),
        division="341502",
        version=version,
        status=CertificateStatus.VALID,
        category=4,
        grade=grade,
        components=f"4:{grade}",
        issued_on=date(2018, 3, 1),
        expires_on=expires_on,
    )
    async with office.works.begin() as work:
        await adopt(work, SUBSCRIPTIONS[0], CertificateState, [state])


async def adds_a_line(office: Office, person: str, fen: int) -> None:
    """A line nobody drew up, straight into the database."""
    await office.sql(
        "INSERT INTO line SELECT person_id, scheme, month, 1, run_id, award_id, county, :fen, amount_fen, cause, "
        "rules, held, locked_at FROM line WHERE person_id = :person AND month = '2026-06-01'",
        person=UUID(person),
        fen=fen,
    )


async def audited(office: Office, **asked: Any) -> dict[str, Any]:
    """An audit; what its job reports."""
    began = await office.call("POST", AUDITS, asked, who="auditor", role="auditor")
    assert began.status_code == 202, began.text
    assert await office.runner.run_one()
    ended = await office.get(f"/api/v1/jobs/{began.json()['job_id']}")
    assert ended["state"] == "SUCCEEDED", str(ended)
    report: dict[str, Any] = ended["result"]
    return report


async def found(office: Office, audit_id: str, query: str = "") -> list[dict[str, Any]]:
    return await office.all_of(f"{AUDITS}/{audit_id}/findings", query)


def by_rule(findings: list[dict[str, Any]]) -> dict[str, set[tuple[str, str]]]:
    told: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for each in findings:
        told[each["rule"]].add((each["person_id"], each["month"]))
    return dict(told)


async def paid(office: Office) -> None:
    for month in MONTHS:
        await office.sent(month)


async def planted(office: Office, of: dict[str, str]) -> dict[str, set[tuple[str, str]]]:
    """Twelve defects in months that are paid; person and month of each, by the rule that must find it."""
    await stops(office, of["dead"], StopKind.DEATH, "2026-05-10")
    await stops(office, of["cancelled"], StopKind.CANCELLED, "2026-04-10")
    await stops(office, of["frozen"], StopKind.FROZEN, "2026-04-11")
    await tells(office, of["prison"], FactKind.PRISON, "2026-04-12")
    await tells(office, of["tekun"], FactKind.TEKUN, "2026-04-13")
    await corrects(office, of["expired"], 2, expires_on=date(2026, 4, 30))
    await merged(office, of["survivor"], of["absorbed"])
    await corrects(office, of["light"], 2, grade=3)
    await corrects(office, of["lower"], 3, grade=2)
    await adds_a_line(office, of["more"], 100)
    await tells(office, of["gave up"], FactKind.OWN_WISH, "2026-05-14")
    undecided = "UPDATE determination SET known_to = now() WHERE person_id = :person"
    await office.sql(undecided, person=UUID(of["undecided"]))
    both = {
        "CANCELLED": ["cancelled"],
        "FROZEN": ["frozen"],
        "PRISON": ["prison"],
        "OVERLAP": ["tekun"],
        "EXPIRED": ["expired"],
        "DUPLICATE": ["survivor"],
        "WRONG_GRADE": ["light", "lower"],
        "NO_DECISION": ["undecided"],
    }
    june = {"DEAD": "dead", "WRONG_RATE": "more", "OTHER": "gave up"}
    return {
        **{rule: {(of[name], month) for name in names for month in MONTHS} for rule, names in both.items()},
        **{rule: {(of[name], "2026-06")} for rule, name in june.items()},
    }


WHO: Final = (
    *("dead", "cancelled", "frozen", "prison", "tekun", "expired", "survivor", "absorbed"),
    *("light", "lower", "more", "gave up", "undecided"),
)


async def test_every_planted_defect_is_found_by_its_rule_and_nothing_else_is(office: Office) -> None:
    """RULES 9: recall and precision of each rule are whole."""
    of = {name: nursed(place) for place, name in enumerate(WHO)}
    await corrects(office, of["lower"], 2, grade=1)
    await paid(office)
    clean = await audited(office)
    assert (clean["found"], clean["at_stake_fen"], clean["first"], clean["last"]) == (0, 0, *MONTHS)
    assert clean["judged"] == await office.sql("SELECT count(*) FROM line")
    assert clean["paid_fen"] == await office.sql("SELECT CAST(sum(amount_fen) AS bigint) FROM line")

    wanted = await planted(office, of)
    report = await audited(office)
    findings = await found(office, report["audit_id"])
    assert by_rule(findings) == wanted
    assert report["found"] == len(findings) == sum(map(len, wanted.values()))
    assert report["at_stake_fen"] == sum(each["at_stake_fen"] for each in findings)
    sums = (await office.get(f"{AUDITS}/{report['audit_id']}"))["sums"]
    assert {(each["rule"], each["months"]) for each in sums} == {(rule, len(each)) for rule, each in wanted.items()}

    one = {(each["person_id"], each["month"]): each for each in findings}
    dead, twice = one[of["dead"], "2026-06"], one[of["survivor"], "2026-06"]
    graded, more = one[of["lower"], "2026-06"], one[of["more"], "2026-06"]
    assert (dead["paid_fen"], dead["due_fen"], dead["at_stake_fen"]) == (province.SEVERE, 0, province.SEVERE)
    assert (dead["action"], dead["standing"], dead["lines"]) == ("STOP_AND_RECOVER", "NEW", 1)
    assert "SUB-38/dead" in dead["reasons"]
    assert (twice["paid_fen"], twice["due_fen"], twice["lines"]) == (2 * province.SEVERE, province.SEVERE, 2)
    assert twice["other_records"] == [of["absorbed"]]
    assert (graded["paid_fen"], graded["due_fen"], graded["since"]) == (province.GRADE_ONE, province.SEVERE, "2026-05")
    assert (more["at_stake_fen"], more["lines"]) == (100, 2)


async def test_an_audit_is_set_beside_the_one_before(office: Office) -> None:
    wrong, right = nursed(0), nursed(1)
    await paid(office)
    first = await tells(office, wrong, FactKind.TEKUN, "2026-04-13")
    before = await audited(office)
    assert before["found"] == 2
    await office.takes_back(first)
    await tells(office, right, FactKind.PRISON, "2026-05-13")
    between = await audited(office)
    told = [(each["person_id"], each["month"], each["standing"]) for each in await found(office, between["audit_id"])]
    assert sorted(told) == sorted([(wrong, "2026-05", "GONE"), (wrong, "2026-06", "GONE"), (right, "2026-06", "NEW")])
    assert between["found"] == 1
    after = await audited(office)
    told = [(each["person_id"], each["month"], each["standing"]) for each in await found(office, after["audit_id"])]
    assert told == [(right, "2026-06", "STILL")]
    (only,) = await found(office, between["audit_id"], "standing=NEW&rule=PRISON")
    assert only["person_id"] == right


async def test_a_line_that_was_cancelled_or_came_back_is_no_finding_until_it_is_paid(office: Office) -> None:
    """Cancelled lines hold no money; returned ones are still on their way to somebody."""
    cancelled = nursed(0)
    await office.waits(cancelled)
    run_id = await office.sent("2026-06")
    body = {"person_id": cancelled, "scheme": province.NURSING, "month": "2026-06", "seq": 0, "step": "cancel"}
    gone = await office.call("POST", f"/api/v1/payroll-runs/{run_id}/line-steps", body | {"reason": "OTHER"})
    assert gone.status_code == 200, gone.text
    await tells(office, cancelled, FactKind.TEKUN, "2026-04-13")
    assert (await audited(office))["found"] == 0


async def test_months_and_divisions_are_chosen_and_others_are_nobodys_business(office: Office) -> None:
    wrong = nursed(0)
    county = await office.sql("SELECT county FROM home WHERE person_id = :person", person=UUID(wrong))
    await paid(office)
    await tells(office, wrong, FactKind.TEKUN, "2026-04-13")
    june = await audited(office, first="2026-06", division=county)
    assert (june["first"], june["last"], june["found"]) == ("2026-06", "2026-06", 1)
    elsewhere = await audited(office, division="99")
    assert (elsewhere["found"], elsewhere["judged"]) == (0, 0)
    refused = await office.call("POST", AUDITS, {"division": "34"}, role="auditor", divisions=(county,))
    assert (refused.status_code, refused.json()["code"]) == (403, "division_outside_scope")
    refused = await office.call("POST", AUDITS, {}, role="auditor", divisions=(county,))
    assert (refused.status_code, refused.json()["code"]) == (403, "division_outside_scope")
    hidden = await office.call("GET", f"{AUDITS}/{june['audit_id']}", role="auditor", divisions=("990101",))
    assert (hidden.status_code, hidden.json()["code"]) == (404, "integrity_audit_not_found")
    page = await office.call("GET", AUDITS, role="auditor", divisions=(county,))
    assert [each["audit_id"] for each in page.json()["items"]] == [june["audit_id"]]


async def test_months_the_wrong_way_round_are_refused(office: Office) -> None:
    refused = await office.call("POST", AUDITS, {"first": "2026-06", "last": "2026-05"}, role="auditor")
    assert (refused.status_code, refused.json()["code"]) == (422, "value_is_invalid")
    assert "last" in refused.json()["detail"]


async def test_where_nothing_was_paid_there_is_nothing_to_judge(office: Office) -> None:
    began = await office.call("POST", AUDITS, {}, role="auditor")
    assert await office.runner.run_one()
    ended = await office.get(f"/api/v1/jobs/{began.json()['job_id']}")
    assert (ended["state"], ended["error"]["code"]) == ("FAILED", "nothing_paid_yet")


async def test_what_was_found_is_a_workbook_for_the_audit_office(office: Office, tmp_path: Any) -> None:
    wrong = nursed(0)
    await paid(office)
    await tells(office, wrong, FactKind.TEKUN, "2026-04-13")
    report = await audited(office)
    asked = await office.call("POST", "/api/v1/integrity-exports", {"audit_id": report["audit_id"]}, role="auditor")
    assert asked.status_code == 202, asked.text
    assert await office.runner.run_one()
    job = await office.get(f"/api/v1/jobs/{asked.json()['job_id']}")
    file = await office.call("GET", job["result_url"])
    (tmp_path / "found.xlsx").write_bytes(file.content)
    (sheet,) = openpyxl.load_workbook(tmp_path / "found.xlsx").worksheets
    head, *rows = sheet.iter_rows(values_only=True)
    told = [dict(zip(head, row, strict=True)) for row in rows]
    assert [(each["人员编号"], each["所属月份"], each["问题"], each["涉及金额（元）"]) for each in told] == [
        (wrong, month, "与不能同时享受的待遇重叠", "70.00") for month in MONTHS
    ]
    assert {each["处理建议"] for each in told} == {"核实后追回"}
    assert all("SUB-07" in str(each["依据规则"]) for each in told)
