"""The month after: arrears as lines of their own months, what changed and why, nothing paid twice (SUB-61, SUB-63)."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from tests.builders import province
from tests.builders.payroll import RUNS, Office, nursed, result

JULY = date(2026, 7, 15)
GRANTED = (
    (
        "INSERT INTO award (award_id, person_id, certificate_id, version, division, scheme, status, "
        "application_date, start_month, granted_by, trace_id) SELECT :person, :person, :person, 1, division, "
        "'nursing_subsidy', 'ACTIVE', :applied, :month, 'test', 't' FROM home WHERE person_id = :person"
    ),
    (
        "INSERT INTO payee (award_id, person_id, version, name_cipher, account_cipher, account_index, bank, "
        "recorded_by) VALUES (:person, :person, 1, '', '', uuid_send(:person), '徽商银行', 'test')"
    ),
    (
        "INSERT INTO determination (award_id, person_id, scheme, division, county, application_date, "
        "application_month, known_from) SELECT :person, :person, 'nursing_subsidy', division, county, :applied, "
        "12 * extract(year FROM CAST(:applied AS date)) + extract(month FROM CAST(:applied AS date)) - 1, "
        "clock_timestamp() FROM home WHERE person_id = :person"
    ),
)


def never_applied() -> str:
    """Somebody who could have the nursing subsidy, and has not asked."""
    numbers = next(numbers for persona, numbers in province.slots() if persona.unpaid_nursing)
    return str(province.person_of(numbers[0]))


async def grant(office: Office, person_id: str, applied: str) -> None:
    """An award is determined; it was applied for on a day."""
    day = date.fromisoformat(applied)
    for statement in GRANTED:
        values = {"person": UUID(person_id), "applied": day, "month": applied[:7]}
        await office.sql(statement, **{name: value for name, value in values.items() if f":{name}" in statement})


def by_person(lines: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["person_id"], each["month"]): each for each in lines if each["scheme"] == "nursing_subsidy"}


async def test_july_pays_july_and_what_june_owes_and_says_what_changed(office: Office) -> None:
    late, stopped, undue, held = never_applied(), nursed(0), nursed(1), nursed(2)
    await office.waits(held)
    june = await office.sent()
    (line,) = await office.lines(june, "state=HELD")
    cancelled = await office.call(
        "POST",
        f"{RUNS}/{june}/line-steps",
        {"person_id": held, "scheme": line["scheme"], "month": "2026-06", "step": "cancel", "reason": "OTHER"},
    )
    assert cancelled.status_code == 200, cancelled.text
    paid = await office.answer(june, [result(each) for each in await office.instructions(june)])
    assert paid["state"] == "SETTLED"
    await office.reconciled(june)

    # Nothing is new: nothing is owed for June any more, and the same month cannot be paid again.
    again = await office.opened()
    assert (await office.done(again, "drawing-up"))["lines"] == 1
    assert {each["person_id"] for each in await office.lines(again)} == {held}
    await office.done(again, "abandonment", {"reason": "BY_MISTAKE"})

    office.works.clock.show(JULY)
    await office.waits(held, state="APPLIED")
    await grant(office, late, "2026-06-10")
    await office.stops(stopped, "2026-06-20")
    await office.stops(undue, "2026-05-20")
    july = await office.drawn_up("2026-07")
    assert (await office.run(july))["arrears_from"] == "2026-06"
    lines = by_person(await office.lines(july))
    assert (lines[late, "2026-06"]["cause"], lines[late, "2026-06"]["seq"]) == ("NEVER_PAID", 0)
    assert lines[late, "2026-07"]["cause"] == "REGULAR"
    assert (lines[held, "2026-06"]["cause"], lines[held, "2026-06"]["seq"]) == ("NEVER_PAID", 1)
    assert not {(person, month) for person in (stopped, undue) for month in ("2026-06", "2026-07")} & lines.keys()
    assert {month for person, month in lines if person not in {late, held}} == {"2026-07"}

    changed = {each["person_id"]: each for each in await office.all_of(f"{RUNS}/{july}/differences")}
    assert {person: each["kind"] for person, each in changed.items() if person in {late, stopped, undue}} == {
        late: "NEW",
        stopped: "STOPPED",
        undue: "STOPPED",
    }
    assert "SUB-43/gave-up" in changed[stopped]["reasons"]
    assert (changed[stopped]["before_fen"], changed[stopped]["after_fen"]) == (province.SEVERE, 0)

    await office.lock(july)
    await office.approved(july)
    await office.done(july, "sending")
    told = await office.answer(july, [result(each) for each in await office.instructions(july)])
    assert told["state"] == "SETTLED"
    await office.reconciled(july)
    statement = (await office.get(f"/api/v1/persons/{late}/payments"))["items"]
    assert [(each["month"], each["state"]) for each in statement] == [("2026-06", "SETTLED"), ("2026-07", "SETTLED")]


async def test_two_runs_with_the_same_arrears_pay_them_once(office: Office) -> None:
    june = await office.sent()
    await office.answer(june, [result(each) for each in await office.instructions(june)])
    office.works.clock.show(date(2026, 8, 15))
    await grant(office, never_applied(), "2026-06-10")
    runs = [await office.drawn_up(month, arrears_from="2026-06") for month in ("2026-07", "2026-08")]
    for run_id in runs:
        assert (never_applied(), "2026-06") in by_person(await office.lines(run_id))
    await office.lock(runs[0])
    refused = await office.job(runs[1], "locking", {"digest": (await office.run(runs[1]))["draft"]["digest"]})
    assert refused["error"]["code"] == "line_is_anothers"
    assert runs[0] in refused["error"]["detail"]
    await office.done(runs[1], "drawing-up")
    assert (never_applied(), "2026-06") not in by_person(await office.lines(runs[1]))
    await office.waived(runs[1])
    await office.lock(runs[1])
    for run_id in runs:
        await office.reconciled(run_id)


async def test_a_month_paid_too_little_is_paid_the_rest_and_one_paid_too_much_is_no_line(office: Office) -> None:
    """A late policy raises June for some and takes it from nobody; the regular line stays as it was paid."""
    june = await office.sent()
    await office.answer(june, [result(each) for each in await office.instructions(june)])
    office.works.clock.show(JULY)
    await office.sql(
        "UPDATE policy_document SET body = CAST(replace(CAST(body AS text), :was, :becomes) AS jsonb)",
        was=str(province.SEVERE),
        becomes=str(province.SEVERE + 500),
    )
    july = await office.drawn_up("2026-07")
    lines = await office.lines(july)
    rest = [each for each in lines if each["cause"] == "PAID_TOO_LITTLE"]
    assert {(each["month"], each["seq"], each["amount_fen"], each["settled_before_fen"]) for each in rest} == {
        ("2026-06", 1, 500, province.SEVERE)
    }
    assert {each["amount_fen"] for each in lines if each["cause"] == "REGULAR"} >= {province.SEVERE + 500}
    await office.lock(july)
    assert await office.sql("SELECT count(*) FROM line WHERE seq = 1") == len(rest)
