"""One person's answer reads that person's rows by index, whatever the size of the tables (ARCHITECTURE 1.1)."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from services.subsidy.adapters import engine
from services.subsidy.domain.entitlement.decision import ALL_RULES, candidates
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.month import Month
from tests.builders import province
from tests.oracles.entitlement.profiles import shipped

STANDING = frozenset(
    {"held_card", "home", "level", "spell", "determination", "pause", "back_payment", "line", "line_turn", "fact"}
)
DECIDED = (
    (
        "INSERT INTO pause (pause_id, award_id, person_id, first_day, until, reason, recorded_by, known_from) "
        "SELECT award_id, award_id, person_id, '2030-01-01', 'infinity', 'OTHER', 'test', known_from FROM determination"
    ),
    (
        "INSERT INTO back_payment (decision_id, award_id, person_id, reason, recorded_by, known_from) "
        "SELECT award_id, award_id, person_id, 'OTHER', 'test', known_from FROM determination"
    ),
    "SELECT payroll_ensure_months('2026-01-01', '2026-03-01')",
    (
        "INSERT INTO line (month, person_id, scheme, seq, run_id, award_id, county, amount_fen, settled_before_fen, "
        "cause, rules, locked_at) SELECT CAST(month AS date), person_id, scheme, 0, award_id, award_id, county, 1, 0, "
        "'REGULAR', 0, known_from FROM determination, generate_series('2026-01-01', '2026-03-01', interval '1 month') "
        "AS month ON CONFLICT DO NOTHING"
    ),
    (
        "INSERT INTO line_turn (month, person_id, scheme, seq, no, run_id, county, state, amount_fen, reason, at, "
        "recorded_by) SELECT month, person_id, scheme, seq, 1, run_id, county, 'SETTLED', 1, '', locked_at, 'test' "
        "FROM line"
    ),
)
"""Empty tables would be read whole, and rightly so."""
PARTITION = re.compile(r"_\d{4}_\d{2}$")
EXPLAIN = "EXPLAIN (FORMAT JSON)"
EXPLAIN_GENERIC = "EXPLAIN (FORMAT JSON, GENERIC_PLAN)"
MONTHS = [Month.parse("2026-01").plus(number) for number in range(36)]


def scans(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """(kind, table) of every scan of a plan."""
    found = [(plan["Node Type"], PARTITION.sub("", plan["Relation Name"]))] if "Relation Name" in plan else []
    return found + [each for inner in plan.get("Plans", ()) for each in scans(inner)]


def numbered(statement: str) -> str:
    """The statement with numbers for parameters, as a plan for anybody is made of it."""
    names: dict[str, int] = {}
    return re.sub(r"%\((\w+)\)s", lambda found: f"${names.setdefault(found[1], len(names) + 1)}", statement)


async def test_no_table_is_read_from_end_to_end_for_one_person(subsidy_engine: AsyncEngine) -> None:
    population = Population.of([UUID(int=7)])
    answering = engine.write(engine.statement(population.shape, homes=True, rules=ALL_RULES))
    explaining = engine.write(candidates(engine.TABLES, population.shape))
    async with subsidy_engine.begin() as connection:
        await province.settle(connection, 20_000)
        for statement in DECIDED:
            await connection.exec_driver_sql(statement)
        await connection.exec_driver_sql("ANALYZE")
        asked = await engine.questions(
            connection, PolicyBook(shipped("T-AH")), months=MONTHS, population=population, known_at=None
        )
        for written in (answering, explaining):
            of_one = await connection.exec_driver_sql(f"{EXPLAIN} {written}", written.construct_params(asked))
            of_anybody = await connection.exec_driver_sql(f"{EXPLAIN_GENERIC} {numbered(str(written))}")
            for told in (of_one, of_anybody):
                read = scans(told.scalar_one()[0]["Plan"])
                assert {table for _, table in read} & STANDING
                assert [scan for scan in read if scan[0] == "Seq Scan" and scan[1] in STANDING] == []
        await connection.rollback()
