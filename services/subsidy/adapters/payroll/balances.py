"""Where money is, by person and month, and whether it all is there: of one person, or of everybody at once.

What the rules take off is read through ``payment_line``; here the same is counted from lines and their newest turns,
so that the two are checked against each other, and the lines of all runs against the ledger.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import engine, records
from services.subsidy.adapters.payroll import lines, news, turning
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.payroll.balance import SHARE_OF, Balance
from services.subsidy.domain.payroll.line import Account, LineState
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.month import Month


@dataclass(frozen=True, slots=True, kw_only=True)
class Balanced:
    """A month of everybody. ``broken``: persons and schemes whose buckets are not what is due; ``apart``: accounts of
    a county and scheme that are not what its lines say. Both are zero, or money is lost or was made."""

    broken: int
    apart: int
    not_yet_run_fen: int
    overpaid: int
    overpaid_fen: int


_LINES: Final = """
CREATE TEMPORARY TABLE standing_line ON COMMIT DROP AS
SELECT coalesce(r.person_id, l.person_id) AS person_id, l.scheme, l.county, l.amount_fen,
       coalesce(t.state, CASE WHEN l.held IS NOT NULL THEN 'HELD' WHEN d.run_id IS NOT NULL THEN 'SENT'
                              ELSE 'PENDING' END) AS state
  FROM line l LEFT JOIN (SELECT DISTINCT ON (person_id, scheme, seq) person_id, scheme, seq, state FROM line_turn
                          WHERE month = :month ORDER BY person_id, scheme, seq, no DESC) t
    ON (t.person_id, t.scheme, t.seq) = (l.person_id, l.scheme, l.seq)
  LEFT JOIN (SELECT DISTINCT run_id FROM dispatch) d ON d.run_id = l.run_id
  LEFT JOIN person_record r ON r.record_id = l.person_id AND r.known_to = 'infinity'
 WHERE l.month = :month"""
_COUNTED: Final = ", ".join(f"'{state}'" for state in SHARE_OF)
_WHOLE: Final = f"""
SELECT count(*) FILTER (WHERE coalesce(o.due_fen - o.payable_fen, o.settled_fen + o.open_fen, 0)
                              <> coalesce(s.fen, 0)) AS broken,
       CAST(coalesce(sum(o.payable_fen) FILTER (WHERE o.payable_fen > 0), 0) AS bigint) AS not_yet_run_fen,
       count(*) FILTER (WHERE o.payable_fen < 0) AS overpaid,
       CAST(coalesce(-sum(o.payable_fen) FILTER (WHERE o.payable_fen < 0), 0) AS bigint) AS overpaid_fen
  FROM balanced o FULL JOIN (SELECT person_id, scheme, sum(amount_fen) AS fen FROM standing_line
                              WHERE state IN ({_COUNTED}) GROUP BY 1, 2) s USING (person_id, scheme)"""
# Credits are negative: what lines say of an account and what is booked on it come to nothing together.
_APART: Final = f"""
SELECT count(*) FROM (
  SELECT FROM (SELECT county, scheme, CASE state {turning.ACCOUNT} END AS account, amount_fen FROM standing_line
               UNION ALL SELECT county, scheme, account, amount_fen FROM ledger_leg WHERE month = :month) AS both_sides
   WHERE account <> '{Account.EXPENSE}' GROUP BY county, scheme, account HAVING sum(amount_fen) <> 0) AS odd"""
_MONTHS: Final = text("SELECT DISTINCT month FROM ledger_leg WHERE month >= CAST(:first AS date) ORDER BY month")


async def of_person(connection: AsyncConnection, person_id: UUID, months: Sequence[Month]) -> list[Balance]:
    """Every scheme and month in which something is due to a person, or was entered for."""
    entered: defaultdict[tuple[str, Month], list[tuple[LineState, int]]] = defaultdict(list)
    for line in await lines.of_person(connection, person_id):
        entered[line.scheme, Month.of(line.month)].append((line.state, line.amount_fen))
    owner = await records.owner(connection, person_id)
    answers = await engine.decide(connection, months=months, population=Population.of([owner]), homes=False)
    owed = {(each.scheme, each.month): (each.due_fen, each.payable_fen) for each in answers}
    keys = owed.keys() | {key for key in entered if key[1] in months}
    found = [
        Balance.of(person_id, scheme, month, owed=owed.get((scheme, month), (0, 0)), lines=entered[scheme, month])
        for scheme, month in sorted(keys, key=lambda key: (key[1].first_day, key[0]))
    ]
    return [each for each in found if each.due_fen != 0 or entered[each.scheme, each.month]]


async def months_booked(connection: AsyncConnection, first: Month) -> list[Month]:
    """Months of which anything was ever entered, from one on."""
    return [Month.of(day) for day in await connection.scalars(_MONTHS, {"first": first.first_day})]


async def of_everybody(connection: AsyncConnection, month: Month) -> Balanced:
    """Check a month over everybody: the identity by person and scheme, and lines against the ledger."""
    await turning.take_time(connection)
    bound = {"month": month.first_day}
    await connection.execute(text(_LINES), bound)
    await connection.exec_driver_sql("ANALYZE standing_line")
    documents, _ = await news.policy_digest(connection)
    book = PolicyBook(documents)
    crowd = await engine.set_apart(connection, Population.everyone(), months=[month], books=[book], homes=False)
    await engine.hold(connection, "balanced", crowd, book=book)
    sums = (await connection.execute(text(_WHOLE))).one()
    apart = await connection.scalar(text(_APART), bound)
    return Balanced(
        broken=sums.broken,
        apart=int(apart or 0),
        not_yet_run_fen=sums.not_yet_run_fen,
        overpaid=sums.overpaid,
        overpaid_fen=sums.overpaid_fen,
    )
