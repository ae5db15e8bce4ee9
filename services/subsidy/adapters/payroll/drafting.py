"""What is owed, drawn up: regular lines, and arrears as lines of their own months (SUB-61, READ-23).

One transaction reads how far the register is applied here and what is owed, from one snapshot. A month after the last
run is looked at for everybody; months before it only for persons about whom anything came to stand since: what nothing
new is known of was judged then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import engine
from services.subsidy.adapters.payroll import fence, gate, news, runs, turning
from services.subsidy.adapters.payroll.fence import Horizon
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.payroll.line import Cause, HoldReason
from services.subsidy.domain.payroll.run import DIGEST_VERSION, Draft, Run
from services.subsidy.domain.policy_book import PolicyBook
from shared.values.month import Month

Tell = Callable[[str], Awaitable[None]]
"""Tells the phase; raises when somebody cancelled."""

_STAGE: Final = "CREATE TABLE IF NOT EXISTS {stage} (LIKE line)"
# Who are alike get one answer; each has an award of their own. A line is about the record the award was granted to, so
# that of somebody who has several each record keeps its own.
_DRAW_UP: Final = f"""
INSERT INTO {{stage}} (person_id, scheme, month, seq, run_id, award_id, county, amount_fen, settled_before_fen, cause,
                       rules, held, locked_at)
SELECT m.record_id, d.scheme, d.month, coalesce(k.lines, 0), :run_id, m.award_id, d.county, d.payable_fen,
       d.settled_fen + d.open_fen,
       CASE WHEN d.settled_fen + d.open_fen > 0 THEN '{Cause.PAID_TOO_LITTLE}'
            WHEN d.month = :month THEN '{Cause.REGULAR}' ELSE '{Cause.NEVER_PAID}' END,
       d.rules,
       CASE WHEN w.person_id IS NOT NULL THEN '{HoldReason.EVENTS_WAITING}'
            WHEN x.person_id IS NOT NULL THEN '{HoldReason.SUSPECT}'
            WHEN p.award_id IS NULL THEN '{HoldReason.NO_PAYEE}' END,
       'infinity'
  FROM judged_asked d JOIN alike ON alike.person_id = d.person_id
 CROSS JOIN LATERAL unnest(alike.members) AS one(person_id)
  LEFT JOIN determination a ON a.person_id = one.person_id AND a.scheme = d.scheme AND a.single
        AND a.known_to = 'infinity' AND one.person_id <> d.person_id
  LEFT JOIN (SELECT award_id, record_id FROM award WHERE record_id IS NOT NULL) r
    ON r.award_id = coalesce(a.award_id, d.award_id)
 CROSS JOIN LATERAL (SELECT one.person_id, coalesce(r.record_id, one.person_id) AS record_id,
                            coalesce(a.award_id, d.award_id) AS award_id) AS m
  LEFT JOIN (SELECT person_id, scheme, month, count(*) AS lines FROM line
              WHERE month = ANY(CAST(:months AS date[])) GROUP BY 1, 2, 3) k
    ON (k.person_id, k.scheme, k.month) = (m.record_id, d.scheme, d.month)
  LEFT JOIN ({news.WAITING}) w ON w.person_id = m.person_id
  LEFT JOIN ({news.SUSPECTED}) x ON x.person_id = m.person_id
  LEFT JOIN payee p ON p.award_id = m.award_id
 WHERE d.payable_fen > 0 AND d.scheme = ANY(CAST(:schemes AS text[])) AND starts_with(d.county, :division)"""
_UNPRICED: Final = """
SELECT coalesce(sum(cardinality(alike.members)), 0) FROM judged_asked d JOIN alike ON alike.person_id = d.person_id
 WHERE d.problem IS NOT NULL AND d.covered AND d.scheme = ANY(CAST(:schemes AS text[]))
   AND starts_with(d.county, :division)"""
# Every column that is money, to whom, and why; not who is held, which locking may still add to and which has a digest
# of its own: this one can be taken of the entered lines for ever. A county at a time, so that no value grows with the
# province. Whatever is changed here is another DIGEST_VERSION.
_DIGEST: Final = """
SELECT encode(sha256(coalesce(string_agg(of_county, '' ORDER BY county), '')), 'hex') FROM (
  SELECT county, sha256(convert_to(string_agg(
           concat_ws('|', month, person_id, scheme, seq, award_id, county, amount_fen, settled_before_fen, cause,
                     rules), E'\\n' ORDER BY month, person_id, scheme, seq), 'UTF8')) AS of_county
    FROM {lines} GROUP BY county) AS counties"""
# Whoever is held in addition is paid later at worst; whoever is let go is paid: that changes what was approved.
_HELD_BACK: Final = text(
    """
SELECT count(*) AS lines, encode(sha256(convert_to(coalesce(string_agg(
         concat_ws('|', l.month, l.person_id, l.scheme, l.seq, l.held), E'\\n'
         ORDER BY l.month, l.person_id, l.scheme, l.seq), ''), 'UTF8')), 'hex') AS digest
  FROM line l
 WHERE l.run_id = :run_id AND l.held IS NOT NULL AND NOT EXISTS (
   SELECT FROM line_turn t WHERE (t.person_id, t.scheme, t.month, t.seq) = (l.person_id, l.scheme, l.month, l.seq)
      AND t.state = 'PENDING')"""
)
_FORGET: Final = ("alike", *(f"asked_{name}" for name in engine.STANDING))


async def open_stage(connection: AsyncConnection, run: Run) -> None:
    """Make room for what will be drawn up; a transaction of its own, so that nobody waits for the long one."""
    await connection.execute(text(_STAGE.format(stage=runs.stage_of(run.run_id))))
    await connection.execute(
        text("SELECT payroll_ensure_months(CAST(:first AS date), CAST(:last AS date))"),
        {"first": run.arrears_from.first_day, "last": run.month.first_day},
    )


async def draw_up(
    connection: AsyncConnection, run: Run, horizon: Horizon, *, news_since: datetime, tell: Tell
) -> Draft:
    """Draw up a run anew, in a REPEATABLE READ transaction of its own.

    Raises `RegisterIsAhead`, `RegisterStartedAnew`.
    """
    await turning.take_time(connection)
    proven = await fence.passed(connection, horizon)
    known_at = await connection.scalar(text("SELECT clock_timestamp()"))
    assert isinstance(known_at, datetime)
    documents, policy = await news.policy_digest(connection)
    book, stage = PolicyBook(documents), runs.stage_of(run.run_id)
    await connection.exec_driver_sql(f"TRUNCATE {stage}")
    before = await _judged_before(connection, run, policy)
    everybody = run.arrears_from.through(run.month) if before is None else before[0].next().through(run.month)
    await tell("judging")
    left_out = await _judge(connection, run, Population.within(run.division), [*everybody], book)
    await gate.compare(connection, run, stage)
    if before is not None:
        await tell("arrears")
        last, since = before
        await news.gather(connection, since, name="again")
        persons = (await connection.scalars(text("SELECT DISTINCT person_id FROM again"))).all()
        if persons:
            await _forget(connection)
            left_out += await _judge(connection, run, Population.of(persons), [*run.arrears_from.through(last)], book)
    await tell("checking")
    await connection.exec_driver_sql(f"ANALYZE {stage}")
    await gate.check(connection, run, stage, left_out=left_out)
    await tell("sealing")
    sums = (
        await connection.execute(
            text(f"SELECT count(*) AS lines, coalesce(sum(amount_fen), 0) AS fen, count(held) AS held FROM {stage}")
        )
    ).one()
    return Draft(
        known_at=known_at,
        news_since=news_since,
        proven=proven,
        policy_digest=policy,
        digest=await digest_of(connection, stage),
        digest_version=DIGEST_VERSION,
        lines=int(sums.lines),
        amount_fen=int(sums.fen),
        held=int(sums.held),
        left_out=left_out,
    )


async def digest_of(connection: AsyncConnection, lines: str) -> str:
    """SHA-256 over the digests of the counties, each over its lines in order."""
    # A sort a county is cheap; one that was forbidden for the judging would be planned around here.
    await connection.exec_driver_sql("SET LOCAL enable_sort = on")
    return str(await connection.scalar(text(_DIGEST.format(lines=lines))))


async def digest_entered(connection: AsyncConnection, run_id: UUID) -> str:
    """The same over the lines that were entered: another one says that somebody altered them since."""
    entered = _DIGEST.format(lines="(SELECT * FROM line WHERE run_id = :run_id) AS entered")
    return str(await connection.scalar(text(entered), {"run_id": run_id}))


async def as_approved(connection: AsyncConnection, run: Run) -> bool | None:
    """Whether the entered lines are those that were drawn up; None: under an earlier digest it cannot be said."""
    assert run.draft is not None, "lines are entered from a draft"
    if run.draft.digest_version != DIGEST_VERSION:
        return None
    return await digest_entered(connection, run.run_id) == run.draft.digest


async def held_back(connection: AsyncConnection, run_id: UUID) -> tuple[int, str]:
    """How many lines were entered held and not let go since, and the digest of which and why."""
    row = (await connection.execute(_HELD_BACK, {"run_id": run_id})).one()
    return int(row.lines), str(row.digest)


async def _judged_before(connection: AsyncConnection, run: Run, policy: str) -> tuple[Month, datetime] | None:
    """Up to which month everybody was judged by the same policy, and since when there may be news."""
    last = await runs.previous(connection, run)
    if last is None or last.draft is None or last.month >= run.month or last.arrears_from > run.arrears_from:
        return None
    return None if last.draft.policy_digest != policy else (last.month, last.draft.news_since)


async def _judge(
    connection: AsyncConnection, run: Run, population: Population, months: Sequence[Month], book: PolicyBook
) -> int:
    """Enter what is owed to a population in some months; how many could not be priced (READ-14)."""
    crowd = await engine.set_apart(connection, population, months=months, books=[book], homes=False)
    await engine.hold(connection, "judged", crowd, book=book)
    bound = {"schemes": list(run.schemes), "division": run.division}
    await connection.execute(
        text(_DRAW_UP.format(stage=runs.stage_of(run.run_id))),
        {
            **bound,
            "run_id": run.run_id,
            "month": run.month.first_day,
            "months": [month.first_day for month in months],
        },
    )
    return int(await connection.scalar(text(_UNPRICED), bound) or 0)


async def _forget(connection: AsyncConnection) -> None:
    """The answers about one population make room for those about another."""
    await connection.exec_driver_sql("DROP VIEW judged")
    await connection.exec_driver_sql(f"DROP TABLE judged_asked, {', '.join(_FORGET)}")
