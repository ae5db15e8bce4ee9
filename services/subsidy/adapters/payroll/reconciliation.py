"""Run, ledger, instructions and answers side by side: what one says another must say (RULES 12, invariant 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters.payroll import turning
from services.subsidy.domain.payroll.line import Account, LineState, account_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Lines of a run in one state, of one county and scheme. Amounts in fen."""

    county: str
    scheme: str
    state: LineState
    lines: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """Two records of one sum that must agree."""

    name: str
    here_fen: int
    there_fen: int

    @property
    def agrees(self) -> bool:
        """Whether they do."""
        return self.here_fen == self.there_fen


_BUCKETS: Final = f"""
SELECT county, scheme, state, count(*) AS lines, CAST(sum(amount_fen) AS bigint) AS amount_fen
  FROM ({turning.STANDING}) AS standing GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
# An instruction is answered or on its way; the newest answer to it counts.
_TOLD: Final = """
SELECT CAST(coalesce(sum(i.amount_fen), 0) AS bigint) AS instructed,
       CAST(coalesce(sum(i.amount_fen) FILTER (WHERE a.state = 'SETTLED'), 0) AS bigint) AS settled,
       CAST(coalesce(sum(i.amount_fen) FILTER (WHERE a.state = 'RETURNED'), 0) AS bigint) AS returned,
       (SELECT CAST(coalesce(sum(d.amount_fen), 0) AS bigint) FROM dispatch d WHERE d.run_id = :run_id) AS dispatched,
       (SELECT CAST(coalesce(sum(f.amount_fen), 0) AS bigint) FROM bank_file f WHERE f.run_id = :run_id) AS in_files,
       CAST(coalesce(sum(i.amount_fen) FILTER (WHERE EXISTS (SELECT FROM bank_file_line l WHERE l.run_id = i.run_id
            AND l.instruction_key = i.instruction_key)), 0) AS bigint) AS written
  FROM instruction i
  LEFT JOIN LATERAL (SELECT t.state FROM line_turn t WHERE (t.person_id, t.scheme, t.month, t.seq)
                     = (i.person_id, i.scheme, i.month, i.seq) AND t.instruction_key = i.instruction_key
                     ORDER BY t.no DESC LIMIT 1) a ON true
 WHERE i.run_id = :run_id"""


async def buckets(connection: AsyncConnection, run_id: UUID) -> list[Bucket]:
    """Every line of a run is in exactly one."""
    rows = await connection.execute(text(_BUCKETS), {"run_id": run_id})
    return [
        Bucket(
            county=row.county,
            scheme=row.scheme,
            state=LineState(row.state),
            lines=row.lines,
            amount_fen=row.amount_fen,
        )
        for row in rows
    ]


async def hops(connection: AsyncConnection, run_id: UUID, found: list[Bucket]) -> list[Hop]:
    """Lines against the ledger account by account, instructions against what was dispatched and answered."""
    ledger = await turning.balances(connection, run_id)
    stood = dict.fromkeys(Account, 0)
    for bucket in found:
        stood[account_of(bucket.state)] += bucket.amount_fen
    told = (await connection.execute(text(_TOLD), {"run_id": run_id})).one()
    whole = sum(stood.values())
    accounts = (Account.PAYABLE, Account.IN_TRANSIT, Account.TREASURY)
    return [
        Hop(name="LINES_AND_EXPENSE", here_fen=whole - stood[Account.EXPENSE], there_fen=ledger[Account.EXPENSE]),
        *(
            Hop(name=f"LINES_AND_{account}", here_fen=stood[account], there_fen=-ledger[account])
            for account in accounts
        ),
        Hop(name="INSTRUCTIONS_AND_DISPATCHES", here_fen=told.instructed, there_fen=told.dispatched),
        Hop(name="FILES_AND_THEIR_INSTRUCTIONS", here_fen=told.in_files, there_fen=told.written),
        Hop(name="SETTLED_ANSWERS_AND_TREASURY", here_fen=told.settled, there_fen=-ledger[Account.TREASURY]),
        Hop(
            name="OPEN_INSTRUCTIONS_AND_IN_TRANSIT",
            here_fen=told.instructed - told.settled - told.returned,
            there_fen=-ledger[Account.IN_TRANSIT],
        ),
    ]
