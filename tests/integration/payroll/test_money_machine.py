"""Random lives of runs over a few persons: whatever happens, in whatever order, nobody is paid twice, no fen is lost.

After every step, per person and month: due = settled + in flight + held + returned + not yet run - overpaid, each
bucket counted from the lines themselves; every entry of the ledger sums to zero; run, ledger, instructions and answers
agree (ARCHITECTURE 4, RULES 12).
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from deploy.local.postgres import PostgresServer
from services.subsidy.adapters import engine
from services.subsidy.adapters.payroll import balances
from services.subsidy.domain.entitlement.sources import Population
from shared.values.month import Month
from tests.builders import province
from tests.builders.databases import cloned
from tests.builders.payroll import RUNS, Office, keep_only, nursed, opened, result

PERSONS = tuple(nursed(place) for place in range(4))
MONTHS = ("2026-06", "2026-07")
ON_THE_WAY = {"PENDING", "HELD", "SENT", "UNKNOWN", "RETURNED", "CLOSED_UNPAID"}
LEFT = {"SENT", "UNKNOWN", "SETTLED"}
BODIES = {"rejection": {"reason": "OTHER"}, "abandonment": {"reason": "OTHER"}, "reopening": {"reason": "OTHER"}}


class Money(RuleBasedStateMachine):
    """What people, the register and the bank do, in any order; refusals are answers like others."""

    server: ClassVar[PostgresServer]
    template: ClassVar[str]
    facts = Bundle("facts")

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.open = AsyncExitStack()
        self.runs: list[str] = []

    def do(self, coroutine: Any) -> Any:
        return self.loop.run(coroutine)

    @initialize()
    def begin(self) -> None:
        async def begun() -> Office:
            folder = Path(self.open.enter_context(tempfile.TemporaryDirectory()))
            database = await self.open.enter_async_context(cloned(self.server, self.template))
            await keep_only(database, PERSONS)
            office = await self.open.enter_async_context(opened(database, folder))
            office.works.clock.show(date(2026, 7, 15))
            return office

        self.office: Office = self.do(begun())
        self.database = self.office.works.engine
        self.opens(MONTHS[0])
        for _ in range(4):
            self.do(self._next(self.runs[0]))

    @rule(month=st.sampled_from(MONTHS))
    def opens(self, month: str) -> None:
        body = {"division": "34", "month": month, "schemes": ["nursing_subsidy"], "arrears_from": MONTHS[0]}
        answer = self.do(self.office.call("POST", RUNS, body))
        assert answer.status_code in (201, 409), answer.text
        if answer.status_code == 201:
            self.runs.append(answer.json()["run_id"])

    @rule(data=st.data(), steps=st.sampled_from((1, 2, 5, 5)))
    def goes_on(self, data: st.DataObject, steps: int) -> None:
        """Steps that lead a run towards its end; five send it."""
        if self.runs:
            run_id = data.draw(st.sampled_from(self.runs))
            for _ in range(steps):
                self.do(self._next(run_id))

    async def _next(self, run_id: str) -> None:
        run = await self.office.run(run_id)
        match run["state"]:
            case "DRAFT" if run["draft"] is None:
                await self.office.job(run_id, "drawing-up")
            case "DRAFT":
                await self.office.waived(run_id)
                await self.office.job(run_id, "locking", {"digest": run["draft"]["digest"]})
            case "LOCKED":
                await self.office.approved(run_id)
            case "FUNDED" | "SENT" | "PARTIALLY_SETTLED":
                await self.office.job(run_id, "sending")
            case _:
                pass

    @rule(data=st.data(), step=st.sampled_from(("rejection", "abandonment", "drawing-up")))
    def turns_back(self, data: st.DataObject, step: str) -> None:
        if self.runs:
            self.do(self._turn_back(data.draw(st.sampled_from(self.runs)), step))

    async def _turn_back(self, run_id: str, step: str) -> None:
        asked = await self.office.ask(run_id, step, BODIES.get(step))
        assert asked.status_code in (202, 409), asked.text
        if asked.status_code == 202:
            assert await self.office.runner.run_one()

    @rule(data=st.data())
    def the_bank_answers(self, data: st.DataObject) -> None:
        if not self.runs:
            return
        run_id = data.draw(st.sampled_from(self.runs))
        told = [each for no in (1, 2, 3) for each in self.do(self.office.instructions(run_id, no))]
        outcomes = st.sampled_from(("SETTLED", "SETTLED", "RETURNED", "UNKNOWN"))
        results = [result(each, data.draw(outcomes)) for each in told if data.draw(st.booleans())]
        if results:
            counted = self.do(self.office.answer(run_id, results))
            parts = counted["applied"] + counted["unchanged"] + len(counted["refused"])
            assert counted["received"] == parts == len(results)

    @rule(data=st.data(), step=st.sampled_from(("hold", "clear", "cancel", "renew", "close")))
    def somebody_works_on_a_line(self, data: st.DataObject, step: str) -> None:
        if not self.runs:
            return
        run_id = data.draw(st.sampled_from(self.runs))
        lines = self.do(self.office.lines(run_id))
        if lines:
            one = data.draw(st.sampled_from(lines))
            body = {name: one[name] for name in ("person_id", "scheme", "month", "seq")}
            body |= {"step": step, "reason": "OTHER"}
            if step == "renew" and one["state"] == "RETURNED":
                body["approval_id"] = self.do(self.office.renewal(run_id, one))
            answer = self.do(self.office.call("POST", f"{RUNS}/{run_id}/line-steps", body))
            assert answer.status_code in (200, 409), answer.text

    @rule(target=facts, person=st.sampled_from(PERSONS), day=st.sampled_from(("2026-05-20", "2026-06-20")))
    def something_stops_a_person(self, person: str, day: str) -> UUID:
        found: UUID = self.do(self.office.stops(person, day))
        return found

    @rule(fact=facts)
    def it_was_wrong(self, fact: UUID) -> None:
        if not self.do(self.office.sql("SELECT bool_or(withdrawn) FROM fact WHERE fact_id = :id", id=fact)):
            self.do(self.office.takes_back(fact))

    @rule(person=st.sampled_from(PERSONS), state=st.sampled_from(("PARKED", "APPLIED")))
    def events_wait(self, person: str, state: str) -> None:
        self.do(self.office.waits(person, state=state))

    @invariant()
    def every_bucket_is_named(self) -> None:
        if hasattr(self, "office"):
            self.do(self._looked_at())

    async def _looked_at(self) -> None:
        stands: Counter[tuple[str, str, str]] = Counter()
        seqs: dict[tuple[str, str], list[int]] = {}
        for person in PERSONS:
            for line in (await self.office.get(f"/api/v1/persons/{person}/payments"))["items"]:
                stands[person, line["month"], line["state"]] += line["amount_fen"]
                seqs.setdefault((person, line["month"]), []).append(line["seq"])
        for numbers in seqs.values():
            assert numbers == list(range(len(numbers)))
        async with self.database.begin() as connection:
            population = Population.of(UUID(person) for person in PERSONS)
            months = [Month.parse(month) for month in MONTHS]
            answers = await engine.decide(connection, months=months, population=population, homes=False)
        for answer in answers:
            if answer.scheme != province.NURSING:
                continue
            mine = {
                state: fen
                for (person, month, state), fen in stands.items()
                if (person, month) == (str(answer.person_id), str(answer.month))
            }
            open_fen = sum(fen for state, fen in mine.items() if state in ON_THE_WAY)
            settled = mine.get("SETTLED", 0)
            assert (answer.settled_fen, answer.open_fen) == (settled, open_fen)
            assert answer.due_fen is not None
            assert answer.payable_fen is not None
            not_yet_run, overpaid = max(answer.payable_fen, 0), max(-answer.payable_fen, 0)
            assert answer.due_fen == settled + open_fen + not_yet_run - overpaid
            # A month is worth so much at most: more can never have left, whatever was held, cancelled or returned.
            assert sum(fen for state, fen in mine.items() if state in LEFT) <= province.SEVERE
        for person in PERSONS:
            path = f"/api/v1/persons/{person}/balances?first={MONTHS[0]}&last={MONTHS[-1]}"
            assert all(each["agrees"] for each in (await self.office.get(path))["items"])
        for month in MONTHS:
            async with self.database.begin() as connection:
                balanced = await balances.of_everybody(connection, Month.parse(month))
            assert (balanced.broken, balanced.apart) == (0, 0), balanced
        odd = "SELECT count(*) FROM (SELECT FROM ledger_leg GROUP BY entry_id HAVING sum(amount_fen) <> 0)"
        assert await self.office.sql(odd) == 0
        for run_id in self.runs:
            await self.office.reconciled(run_id)

    def teardown(self) -> None:
        self.do(self.open.aclose())
        self.loop.close()


def test_nobody_is_paid_twice_and_no_fen_is_lost(house: PostgresServer, settled: str) -> None:
    full = os.environ.get("LIANGFU_PROFILE") == "full"
    Money.server, Money.template = house, settled
    settings = hypothesis.settings(
        max_examples=100 if full else 3,
        stateful_step_count=60 if full else 14,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(Money, settings=settings)
