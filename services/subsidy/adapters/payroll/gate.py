"""The gate: named red checks that stand until somebody waives them by name and with a reason; and what changed.

A check says how many lines it is about and shows the first of them. Waivers are part of what two persons approve.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.tables_payroll import run_check
from services.subsidy.domain.payroll.errors import CheckNotRed, GateIsClosed
from services.subsidy.domain.payroll.line import HoldReason
from services.subsidy.domain.payroll.run import Run, WaiverReason

SHOWN: Final = 20
JUMP_PERCENT: Final = 20
JUMP_LINES_MIN: Final = 10
SHARED_BY_MIN: Final = 3
"""From this many persons on, an account is taken for one of unrelated beneficiaries (DX-24)."""

# Each gives what is shown, a person or a place; a row a finding.
CHECKS: Final = {
    "JUMP_BY_TOWNSHIP": f"""
SELECT coalesce(n.place, b.place) AS shown FROM (
  SELECT left(a.division, 9) AS place, count(*) AS lines, sum(s.amount_fen) AS fen FROM {{stage}} s
    JOIN determination a ON a.award_id = s.award_id AND a.known_to = 'infinity' WHERE s.month = :month GROUP BY 1) n
  FULL JOIN (
  SELECT left(a.division, 9) AS place, count(*) AS lines, sum(l.amount_fen) AS fen FROM line l
    JOIN determination a ON a.award_id = l.award_id AND a.known_to = 'infinity'
   WHERE l.month = :last AND l.scheme = ANY(CAST(:schemes AS text[])) AND starts_with(l.county, :division) GROUP BY 1) b
    ON b.place = n.place
 WHERE EXISTS (SELECT FROM line WHERE month = :last AND scheme = ANY(CAST(:schemes AS text[]))
                  AND starts_with(county, :division))
   AND abs(coalesce(n.fen, 0) - coalesce(b.fen, 0)) * 100 > {JUMP_PERCENT} * coalesce(b.fen, 0)
   AND abs(coalesce(n.lines, 0) - coalesce(b.lines, 0)) >= {JUMP_LINES_MIN}""",
    "SHARED_ACCOUNT": f"""
SELECT s.person_id AS shown FROM {{stage}} s JOIN payee p ON p.award_id = s.award_id
 WHERE p.account_index IN (SELECT account_index FROM payee GROUP BY 1
                           HAVING count(DISTINCT person_id) >= {SHARED_BY_MIN})""",
    "CARD_ENDING": """
SELECT DISTINCT s.person_id AS shown FROM {stage} s JOIN held_card k ON k.person_id = s.person_id
 WHERE k.known_to = 'infinity' AND k.held_to = 'infinity' AND k.expires_on >= :month AND k.expires_on < :next""",
    "EVENTS_WAITING": f"SELECT person_id AS shown FROM {{stage}} WHERE held = '{HoldReason.EVENTS_WAITING}'",
    "NO_PAYEE": f"SELECT person_id AS shown FROM {{stage}} WHERE held = '{HoldReason.NO_PAYEE}'",
    "OPEN_SUSPECT": f"SELECT person_id AS shown FROM {{stage}} WHERE held = '{HoldReason.SUSPECT}'",
    "OPEN_OBJECTION": """
SELECT s.person_id AS shown FROM {stage} s JOIN application a ON a.award_id = s.award_id
  JOIN objection o ON o.application_id = a.application_id AND o.state = 'OPEN'""",
}
NAMES: Final = ("MISSING_RATE", *CHECKS)
OF_PLACES: Final = frozenset({"JUMP_BY_TOWNSHIP"})
"""Checks that show places; the others show persons."""

_CHECK: Final = f"""
INSERT INTO run_check (run_id, name, found, told)
SELECT :run_id, :name, count(*), jsonb_build_object('shown', coalesce(jsonb_agg(shown ORDER BY shown)
         FILTER (WHERE place <= {SHOWN}), '[]'))
  FROM (SELECT CAST(shown AS text) AS shown, row_number() OVER (ORDER BY CAST(shown AS text)) AS place
          FROM ({{found}}) AS found) AS numbered HAVING count(*) > 0"""
# Only against a month that was paid for here: in the first one everything would be new.
_DIFFERENCES: Final = """
INSERT INTO run_difference (run_id, person_id, scheme, kind, county, before_fen, after_fen, rules)
SELECT :run_id, coalesce(n.person_id, b.person_id), coalesce(n.scheme, b.scheme),
       CASE WHEN b.person_id IS NULL THEN 'NEW' WHEN n.person_id IS NULL THEN 'STOPPED' ELSE 'CHANGED' END,
       coalesce(n.county, b.county), coalesce(b.fen, 0), coalesce(n.fen, 0), coalesce(n.rules, j.rules, 0)
  FROM (SELECT person_id, scheme, min(county) AS county, sum(amount_fen) AS fen, bit_or(rules) AS rules
          FROM {stage} WHERE month = :month GROUP BY 1, 2) n
  FULL JOIN (SELECT person_id, scheme, min(county) AS county, sum(amount_fen) AS fen FROM payment_line_of_month
              GROUP BY 1, 2) b ON (b.person_id, b.scheme) = (n.person_id, n.scheme)
  LEFT JOIN judged j ON (j.person_id, j.scheme) = (b.person_id, b.scheme) AND j.month = :month
        AND n.person_id IS NULL
 WHERE EXISTS (SELECT FROM payment_line_of_month) AND n.fen IS DISTINCT FROM b.fen"""
_LAST_MONTH: Final = """
CREATE TEMPORARY TABLE payment_line_of_month ON COMMIT DROP AS
SELECT l.person_id, l.scheme, l.county, l.amount_fen FROM line l
 WHERE l.month = :last AND l.scheme = ANY(CAST(:schemes AS text[])) AND starts_with(l.county, :division)
   AND NOT EXISTS (SELECT FROM line_turn t WHERE (t.person_id, t.scheme, t.month, t.seq)
                                               = (l.person_id, l.scheme, l.month, l.seq) AND t.state = 'CANCELLED')"""


async def compare(connection: AsyncConnection, run: Run, stage: str) -> None:
    """What is new, stopped or changed against the month before, and by which rules; while ``judged`` is there."""
    bound = _bound(run)
    await connection.execute(text("DELETE FROM run_difference WHERE run_id = :run_id"), {"run_id": run.run_id})
    await connection.execute(text(_LAST_MONTH), bound)
    await connection.execute(text(_DIFFERENCES.format(stage=stage)), bound)


async def check(connection: AsyncConnection, run: Run, stage: str, *, left_out: int) -> None:
    """Look through what was drawn up; whatever was waived before is red again."""
    await connection.execute(text("DELETE FROM run_check WHERE run_id = :run_id"), {"run_id": run.run_id})
    for name, found in CHECKS.items():
        query = text(_CHECK.format(found=found.format(stage=stage)))
        await connection.execute(query, {**_bound(run), "name": name})
    if left_out:
        row = {"run_id": run.run_id, "name": "MISSING_RATE", "found": left_out, "told": {"shown": []}}
        await connection.execute(insert(run_check).values(row))


async def red(connection: AsyncConnection, run_id: UUID) -> list[Any]:
    """The checks that found something, waived or not."""
    query = select(run_check).where(run_check.c.run_id == run_id).order_by(run_check.c.name)
    return list((await connection.execute(query)).all())


async def must_be_open(connection: AsyncConnection, run_id: UUID) -> None:
    """Raises `GateIsClosed`."""
    standing = [row.name for row in await red(connection, run_id) if row.waived_at is None]
    if standing:
        raise GateIsClosed(checks=standing)


async def waive(connection: AsyncConnection, run_id: UUID, name: str, *, by: str, reason: WaiverReason) -> None:
    """Somebody answers for a check. Raises `CheckNotRed`."""
    changed = await connection.execute(
        run_check.update()
        .where(run_check.c.run_id == run_id, run_check.c.name == name, run_check.c.waived_at.is_(None))
        .values(waived_at=text("clock_timestamp()"), waived_by=by, waiver=reason.value)
    )
    if not changed.rowcount:
        standing = [row.name for row in await red(connection, run_id) if row.waived_at is None]
        raise CheckNotRed(check=name, red=standing)


def _bound(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "month": run.month.first_day,
        "last": run.month.previous().first_day,
        "next": run.month.next().first_day,
        "schemes": list(run.schemes),
        "division": run.division,
    }
