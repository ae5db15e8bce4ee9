"""Every fen that is due stands in one named bucket, and everybody's are checked at once (ARCHITECTURE 4; RULES 12)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.subsidy.adapters import engine
from services.subsidy.entrypoints.payroll_jobs import check_balances
from services.subsidy.metrics import BALANCES_BROKEN, OVERPAID_FEN, OVERPAID_MONTHS
from tests.builders import province
from tests.builders.payroll import RUNS, Office, nursed, result

BUCKETS = ("settled_fen", "in_flight_fen", "held_fen", "returned_fen", "not_yet_run_fen", "overpaid_fen")
NOTHING = dict.fromkeys(BUCKETS, 0)


@pytest.fixture(scope="module", autouse=True)
def _written_before() -> None:
    """As a process does when it starts: no first reader's transaction stands still while the statement is written."""
    engine.warm()


async def june_of(office: Office, person: str) -> dict[str, Any]:
    """The balance of a person's nursing subsidy for June."""
    found = await office.get(f"/api/v1/persons/{person}/balances?first=2026-06&last=2026-06")
    (one,) = found["items"]
    assert one["agrees"], one
    return {name: one[name] for name in ("due_fen", *BUCKETS)}


def told(gauge: Any) -> int:
    return int(gauge._value.get())


async def test_each_bucket_holds_what_its_lines_say(office: Office) -> None:
    """RULES 12, invariant 2: the money of a month goes from bucket to bucket, and is never in two or none."""
    paid, returned, unknown, held, cancelled = (nursed(place) for place in range(5))
    fen = province.SEVERE
    assert await june_of(office, paid) == NOTHING | {"due_fen": fen, "not_yet_run_fen": fen}
    for each in (held, cancelled):
        await office.waits(each)
    run_id = await office.sent()
    assert await june_of(office, paid) == NOTHING | {"due_fen": fen, "in_flight_fen": fen}
    assert await june_of(office, held) == NOTHING | {"due_fen": fen, "held_fen": fen}
    body = {"person_id": cancelled, "scheme": province.NURSING, "month": "2026-06", "seq": 0, "step": "cancel"}
    gone = await office.call("POST", f"{RUNS}/{run_id}/line-steps", body | {"reason": "OTHER"})
    assert gone.status_code == 200, gone.text
    assert await june_of(office, cancelled) == NOTHING | {"due_fen": fen, "not_yet_run_fen": fen}
    outcomes = {paid: "SETTLED", returned: "RETURNED", unknown: "UNKNOWN"}
    told_of = [each for each in await office.instructions(run_id) if each["person_id"] in outcomes]
    await office.answer(run_id, [result(each, outcomes[each["person_id"]]) for each in told_of])
    assert await june_of(office, paid) == NOTHING | {"due_fen": fen, "settled_fen": fen}
    assert await june_of(office, returned) == NOTHING | {"due_fen": fen, "returned_fen": fen}
    assert await june_of(office, unknown) == NOTHING | {"due_fen": fen, "in_flight_fen": fen}

    fact = await office.stops(paid, "2026-05-20")
    assert await june_of(office, paid) == NOTHING | {"due_fen": 0, "settled_fen": fen, "overpaid_fen": fen}
    await check_balances(office.works)
    assert (told(BALANCES_BROKEN), told(OVERPAID_MONTHS), told(OVERPAID_FEN)) == (0, 1, fen)
    await office.takes_back(fact)
    await check_balances(office.works)
    assert (told(BALANCES_BROKEN), told(OVERPAID_MONTHS), told(OVERPAID_FEN)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        # A line that was made: it stands on no account.
        (
            (
                "INSERT INTO line SELECT person_id, 'nursing_subsidy', month, 1, run_id, award_id, county, 100, 0, "
                "cause, rules, held, locked_at FROM line WHERE person_id = :person"
            ),
            1,
        ),
        # An entry that was made, as even as any: two accounts are not what their lines say.
        (
            (
                "WITH entry AS (INSERT INTO ledger_entry (run_id, step, booked_on, recorded_by) SELECT run_id, 'made', "
                "'2026-06-15', 'x' FROM line WHERE person_id = :person RETURNING entry_id) "
                "INSERT INTO ledger_leg SELECT entry_id, '341502', 'nursing_subsidy', '2026-06-01', a, f FROM entry, "
                "(VALUES ('PAYABLE', -7), ('TREASURY', 7)) AS v(a, f)"
            ),
            2,
        ),
    ],
)
async def test_money_that_was_made_is_found(office: Office, statement: str, broken: int) -> None:
    """The check over everybody counts each account that is not what its lines say."""
    await office.sent()
    await check_balances(office.works)
    assert told(BALANCES_BROKEN) == 0
    await office.sql(statement, person=UUID(nursed(0)))
    await check_balances(office.works)
    assert told(BALANCES_BROKEN) == broken


async def test_who_is_elsewhere_has_no_balances(office: Office) -> None:
    """Closed by default: another county's officer finds nobody; too many months are refused."""
    path = f"/api/v1/persons/{nursed(0)}/balances"
    elsewhere = await office.call("GET", path, divisions=("999901",))
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "person_not_known")
    endless = await office.call("GET", f"{path}?first=1990-01&last=2026-06")
    assert (endless.status_code, endless.json()["code"]) == (422, "value_is_invalid")
