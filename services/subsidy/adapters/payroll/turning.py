"""What happens to lines, row by row, and where their money stands then: every turn moves it between two accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.domain.payroll.line import Account, LineState, account_of
from services.subsidy.domain.payroll.run import Run
from shared.kit.work import UnitOfWork

KEY: Final = "person_id, scheme, month, seq"
ACCOUNT: Final = " ".join(f"WHEN '{state}' THEN '{account_of(state)}'" for state in LineState)

STANDING: Final = """
SELECT l.person_id, l.scheme, l.month, l.seq, l.run_id, l.award_id, l.county, l.amount_fen, l.cause, l.rules,
       l.settled_before_fen, l.locked_at, coalesce(t.no, 0) AS no, coalesce(t.reason, l.held, '') AS reason,
       coalesce(t.at, l.locked_at) AS since, t.told_at, t.recorded_by AS turned_by,
       coalesce(t.state, CASE WHEN l.held IS NOT NULL THEN 'HELD'
                              WHEN EXISTS (SELECT FROM dispatch d WHERE d.run_id = :run_id) THEN 'SENT'
                              ELSE 'PENDING' END) AS state
  FROM line l LEFT JOIN line_turn t
    ON (t.person_id, t.scheme, t.month, t.seq) = (l.person_id, l.scheme, l.month, l.seq)
   AND NOT EXISTS (SELECT FROM line_turn n WHERE (n.person_id, n.scheme, n.month, n.seq, n.no)
                                               = (t.person_id, t.scheme, t.month, t.seq, t.no + 1))
 WHERE l.run_id = :run_id"""
"""Lines of a run with the state they are in: the newest turn, or that of the run."""

_BEGIN: Final = (
    "CREATE TEMPORARY TABLE turning (person_id uuid, scheme text, month date, seq smallint, no smallint, run_id uuid, "
    "county text, state_before text, state text, amount_fen bigint, reason text, instruction_key uuid, "
    "told_at timestamptz) ON COMMIT DROP"
)
_KEEP: Final = text(
    "INSERT INTO line_turn (person_id, scheme, month, seq, no, run_id, county, state, amount_fen, reason, "
    "instruction_key, told_at, at, recorded_by) SELECT person_id, scheme, month, seq, no + 1, run_id, county, state, "
    "amount_fen, reason, instruction_key, told_at, :at, :by FROM turning"
)
_ENTRY: Final = text(
    "INSERT INTO ledger_entry (run_id, step, booked_on, recorded_by) VALUES (:run_id, :step, :booked_on, :by) "
    "RETURNING entry_id"
)
_LEGS: Final = """
INSERT INTO ledger_leg (entry_id, county, scheme, month, account, amount_fen)
SELECT :entry_id, m.county, m.scheme, m.month, side.account, sum(side.amount_fen)
  FROM ({moved}) AS m(county, scheme, month, account_before, account, amount_fen)
 CROSS JOIN LATERAL (VALUES (m.account_before, m.amount_fen), (m.account, -m.amount_fen)) AS side(account, amount_fen)
 WHERE m.account_before <> m.account
 GROUP BY m.county, m.scheme, m.month, side.account HAVING sum(side.amount_fen) <> 0"""
_TURNED: Final = f"""
SELECT county, scheme, month, CASE state_before {ACCOUNT} END, CASE state {ACCOUNT} END, sum(amount_fen)
  FROM turning GROUP BY 1, 2, 3, 4, 5"""


@dataclass(frozen=True, slots=True)
class Turned:
    """How many lines turned, and their sum in fen."""

    lines: int
    amount_fen: int


async def turn(work: UnitOfWork, run: Run, step: str, chosen: str, bound: dict[str, Any], *, by: str) -> Turned:
    """Turn the lines a query chooses, and move their money.

    ``chosen`` gives person_id, scheme, month, seq, no (of the newest turn), run_id, county, state_before, state,
    amount_fen, reason, instruction_key, told_at. A second writer finds the number of its turn taken.
    """
    connection = work.connection
    await connection.exec_driver_sql(_BEGIN)
    await connection.execute(text(f"INSERT INTO turning {chosen}"), {"run_id": run.run_id, **bound})
    counted = await connection.execute(
        text("SELECT count(*) AS lines, coalesce(sum(amount_fen), 0) AS fen FROM turning")
    )
    row = counted.one()
    if row.lines:
        await connection.execute(_KEEP, {"at": await moment(connection), "by": by})
        await post(work, run, step, _TURNED, {}, by=by)
    await connection.exec_driver_sql("DROP TABLE turning")
    return Turned(int(row.lines), int(row.fen))


async def post(work: UnitOfWork, run: Run, step: str, moved: str, bound: dict[str, Any], *, by: str) -> None:
    """Book what moved between accounts: county, scheme, month, account it stood in, account it stands in, fen."""
    entry = {"run_id": run.run_id, "step": step, "booked_on": work.today(), "by": by}
    entry_id = await work.connection.scalar(_ENTRY, entry)
    await work.connection.execute(text(_LEGS.format(moved=moved)), {"entry_id": entry_id, **bound})


async def reverse(work: UnitOfWork, run: Run, step: str, *, by: str) -> None:
    """Take back whatever a run has booked."""
    entry = {"run_id": run.run_id, "step": step, "booked_on": work.today(), "by": by}
    entry_id = await work.connection.scalar(_ENTRY, entry)
    await work.connection.execute(
        text(
            "INSERT INTO ledger_leg (entry_id, county, scheme, month, account, amount_fen) "
            "SELECT :entry_id, county, scheme, month, account, -sum(amount_fen) FROM ledger_leg "
            "WHERE entry_id IN (SELECT entry_id FROM ledger_entry WHERE run_id = :run_id) "
            "GROUP BY county, scheme, month, account HAVING sum(amount_fen) <> 0"
        ),
        {"entry_id": entry_id, "run_id": run.run_id},
    )


async def take_time(connection: AsyncConnection) -> None:
    """This transaction works over everybody: its statements may last, and between two of them it may pause a minute."""
    await connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    await connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '60s'")


async def moment(connection: AsyncConnection) -> datetime:
    """The instant of this transaction's turns: facts are recorded at real time."""
    at = await connection.scalar(text("SELECT clock_timestamp()"))
    assert isinstance(at, datetime)
    return at


async def balances(connection: AsyncConnection, run_id: UUID) -> dict[Account, int]:
    """What stands in each account of a run, in fen; credits are negative."""
    rows = await connection.execute(
        text(
            "SELECT account, CAST(sum(amount_fen) AS bigint) AS fen FROM ledger_leg WHERE entry_id IN "
            "(SELECT entry_id FROM ledger_entry WHERE run_id = :run_id) GROUP BY account"
        ),
        {"run_id": run_id},
    )
    found = {Account(row.account): row.fen for row in rows}
    return {account: found.get(account, 0) for account in Account}
