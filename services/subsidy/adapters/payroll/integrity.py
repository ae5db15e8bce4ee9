"""The integrity audit: every line ever paid, judged once more by the one expression with what is known today.

Months are taken together, for persons alike in all of them are judged once. A finding is a person, scheme and month
for which more was paid, or is on its way, than is due; the expression answers for payments nothing was decided of, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import engine
from services.subsidy.adapters.payroll import news, turning
from services.subsidy.adapters.tables_integrity import integrity_audit, integrity_finding
from services.subsidy.domain.entitlement.sources import Population
from services.subsidy.domain.payroll.balance import SHARE_OF
from services.subsidy.domain.payroll.errors import AuditNotFound
from services.subsidy.domain.payroll.integrity import AuditRule, Standing, masks
from services.subsidy.domain.policy_book import PolicyBook
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import EVERYWHERE, Division, Scope
from shared.values.month import Month

AUDIT: Final = "payroll.integrity_audit"
"""The kind of the job."""
MONTHS_AT_ONCE: Final = 12
Tell = Callable[[int], Awaitable[None]]
"""How many months are judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What an audit came to. Amounts in fen."""

    judged: int
    paid_fen: int
    unpriced: int
    found: int
    at_stake_fen: int


_COUNTED: Final = ", ".join(f"'{state}'" for state in SHARE_OF)
_MONTHS: Final = text("SELECT min(month) AS first, max(month) AS last FROM line")
_OVERPAID: Final = (
    "CREATE TEMPORARY TABLE overpaid (person_id uuid, scheme text, month date, award_id uuid, due_fen bigint, "
    "paid_fen bigint, rules bigint) ON COMMIT DROP"
)
# Sums are taken over those who stand for all who are alike.
_SUMS: Final = text("""
SELECT CAST(coalesce(sum(cardinality(k.members)), 0) AS bigint) AS judged,
       CAST(coalesce(sum((a.settled_fen + a.open_fen) * cardinality(k.members)), 0) AS bigint) AS paid_fen,
       CAST(coalesce(sum(cardinality(k.members)) FILTER (WHERE a.due_fen IS NULL), 0) AS bigint) AS unpriced
  FROM audited_asked a JOIN alike k ON k.person_id = a.person_id
 WHERE a.settled_fen + a.open_fen > 0 AND coalesce(a.county, '') LIKE :within
""")
_CAUGHT: Final = """
INSERT INTO overpaid
SELECT person_id, scheme, month, award_id, due_fen, settled_fen + open_fen, rules FROM audited WHERE payable_fen < 0"""
# Whether a line counts is told by its newest turn; it is looked up for the few that come so far.
_COUNTS: Final = f"""
coalesce((SELECT t.state FROM line_turn t WHERE (t.person_id, t.scheme, t.month, t.seq)
           = (l.person_id, l.scheme, l.month, l.seq) ORDER BY t.no DESC LIMIT 1), 'SENT') IN ({_COUNTED})"""
_CARDS: Final = (
    "SELECT array_agg(DISTINCT h.component ORDER BY h.component) FROM held_card h WHERE h.person_id = o.person_id "
    "AND h.issued_on < o.month + interval '1 month' AND h.held_to > o.month AND {known}"
)
_BY_RULES: Final = " ".join(f"WHEN o.rules & {mask} <> 0 THEN '{rule}'" for rule, mask in masks())
_FOUND: Final = text(f"""
CREATE TEMPORARY TABLE found_now ON COMMIT DROP AS
WITH record_of AS (
  SELECT person_id, person_id AS record_id FROM overpaid
  UNION SELECT o.person_id, r.record_id FROM overpaid o
          JOIN person_record r ON r.person_id = o.person_id AND r.known_to = 'infinity'),
paid AS (
  SELECT o.person_id, o.scheme, o.month, count(*)::int AS lines,
         count(DISTINCT l.person_id) > 1 OR count(DISTINCT l.county) > 1 AS twice,
         (array_agg(l.county ORDER BY l.locked_at, l.seq))[1] AS county,
         (array_agg(l.award_id ORDER BY l.locked_at, l.seq))[1] AS award_id, min(l.locked_at) AS locked_at
    FROM overpaid o JOIN record_of m ON m.person_id = o.person_id
    JOIN line l ON (l.person_id, l.scheme, l.month) = (m.record_id, o.scheme, o.month)
   WHERE {_COUNTS} GROUP BY 1, 2, 3),
judged AS (
  SELECT o.person_id, o.scheme, o.month, p.county, p.award_id, p.lines, o.paid_fen, o.due_fen, o.rules, p.locked_at,
         CASE WHEN o.due_fen = 0 AND NOT EXISTS (SELECT FROM determination d WHERE d.person_id = o.person_id
                                                  AND d.scheme = o.scheme AND d.known_to = 'infinity')
              THEN '{AuditRule.NO_DECISION}'
              WHEN o.due_fen > 0 AND p.twice THEN '{AuditRule.DUPLICATE}'
              {_BY_RULES}
              WHEN o.due_fen = 0 THEN '{AuditRule.OTHER}'
              WHEN ({_CARDS.format(known="h.known_from <= p.locked_at AND h.known_to > p.locked_at")})
                   IS DISTINCT FROM ({_CARDS.format(known="h.known_to = 'infinity'")}) THEN '{AuditRule.WRONG_GRADE}'
              ELSE '{AuditRule.WRONG_RATE}' END AS rule
    FROM overpaid o JOIN paid p USING (person_id, scheme, month) WHERE p.county LIKE :within),
run AS (
  SELECT *, month - CAST(row_number() OVER (PARTITION BY person_id, scheme, rule ORDER BY month) || ' months'
                         AS interval) AS began FROM judged)
SELECT person_id, scheme, month, rule, min(month) OVER (PARTITION BY person_id, scheme, rule, began) AS since, county,
       award_id, lines, paid_fen, due_fen, rules, locked_at FROM run""")
_COLUMNS: Final = "person_id, scheme, month, rule, since, county, award_id, lines, paid_fen, due_fen, rules, locked_at"
_KEEP: Final = text(f"""
WITH before AS (
  SELECT * FROM integrity_finding WHERE audit_id = :previous_id AND standing <> '{Standing.GONE}'
     AND month BETWEEN :first AND :last)
INSERT INTO integrity_finding (audit_id, standing, {_COLUMNS})
SELECT :audit_id, CASE WHEN b.person_id IS NULL THEN '{Standing.NEW}' ELSE '{Standing.STILL}' END,
       {", ".join(f"n.{name.strip()}" for name in _COLUMNS.split(","))}
  FROM found_now n LEFT JOIN before b ON (b.person_id, b.scheme, b.month) = (n.person_id, n.scheme, n.month)
UNION ALL
SELECT :audit_id, '{Standing.GONE}', {_COLUMNS} FROM before b
 WHERE NOT EXISTS (SELECT FROM found_now n WHERE (n.person_id, n.scheme, n.month) = (b.person_id, b.scheme, b.month))
""")
_STAKE: Final = text(
    "SELECT count(*) AS found, CAST(coalesce(sum(paid_fen - due_fen), 0) AS bigint) AS at_stake_fen FROM found_now"
)
_BY_RULE: Final = text("""
SELECT rule, standing, count(*) AS months, count(DISTINCT person_id) AS persons,
       CAST(sum(paid_fen - due_fen) AS bigint) AS fen
  FROM integrity_finding WHERE audit_id = :audit_id GROUP BY 1, 2 ORDER BY 1, 2
""")


async def months_paid(connection: AsyncConnection) -> tuple[Month, Month] | None:
    """The first and the last month anything was entered for; None: nothing ever was."""
    row = (await connection.execute(_MONTHS)).one()
    return None if row.first is None else (Month.of(row.first), Month.of(row.last))


async def audit(
    connection: AsyncConnection, audit_id: UUID, *, division: str, months: tuple[Month, Month], by: str, tell: Tell
) -> Audited:
    """Judge every month again and keep what is found, beside the audit before. Nobody's money is touched."""
    await turning.take_time(connection)
    documents, digest = await news.policy_digest(connection)
    book = PolicyBook(documents)
    first, last = months
    asked = list(first.through(last))
    bound = {
        "first": first.first_day,
        "last": last.first_day,
        "within": "%" if division == EVERYWHERE else f"{division}%",
    }
    await connection.exec_driver_sql(_OVERPAID)
    judged = paid_fen = unpriced = 0
    for begin in range(0, len(asked), MONTHS_AT_ONCE):
        some = asked[begin : begin + MONTHS_AT_ONCE]
        crowd = await engine.set_apart(connection, Population.everyone(), months=some, books=[book], homes=False)
        await engine.hold(connection, "audited", crowd, book=book)
        sums = (await connection.execute(_SUMS, {"within": bound["within"]})).one()
        judged, paid_fen, unpriced = judged + sums.judged, paid_fen + sums.paid_fen, unpriced + sums.unpriced
        await connection.exec_driver_sql(_CAUGHT)
        await engine.forget(connection, "audited")
        await tell(begin + len(some))
    await connection.exec_driver_sql("ANALYZE overpaid")
    await connection.exec_driver_sql("SET LOCAL enable_nestloop = on")  # few among all lines
    await connection.execute(_FOUND, {"within": bound["within"]})
    stake = (await connection.execute(_STAKE)).one()
    told = Audited(judged=judged, paid_fen=paid_fen, unpriced=unpriced, **stake._mapping)
    previous_id = await connection.scalar(
        select(integrity_audit.c.audit_id)
        .where(integrity_audit.c.division == division)
        .order_by(integrity_audit.c.made_at.desc(), integrity_audit.c.audit_id.desc())
        .limit(1)
    )
    await connection.execute(
        integrity_audit.insert().values(
            audit_id=audit_id,
            division=division,
            first_month=first.first_day,
            last_month=last.first_day,
            known_at=func.now(),
            policy_digest=digest,
            previous_id=previous_id,
            made_by=by,
            **asdict(told),
        )
    )
    await connection.execute(
        _KEEP, {"audit_id": audit_id, "previous_id": previous_id, "first": bound["first"], "last": bound["last"]}
    )
    return told


async def get(connection: AsyncConnection, audit_id: UUID, *, within: Scope) -> Any:
    """An audit. Raises `AuditNotFound`, also outside the scope."""
    query = select(integrity_audit).where(
        integrity_audit.c.audit_id == audit_id, inside(integrity_audit.c.division, within)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise AuditNotFound
    return row


async def by_rule(connection: AsyncConnection, audit_id: UUID) -> Sequence[Any]:
    """Months, persons and fen of each rule and standing."""
    return (await connection.execute(_BY_RULE, {"audit_id": audit_id})).all()


async def page_of(
    connection: AsyncConnection, page: Page, *, within: Scope, division: Division | None
) -> tuple[Sequence[Any], str | None]:
    """A page of audits, the newest first."""
    narrowed = within if division is None else within.narrowed_to(division)
    query = select(integrity_audit).where(inside(integrity_audit.c.division, narrowed))
    return await paginate(connection, query, [integrity_audit.c.audit_id], page, descending=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which findings of an audit."""

    audit_id: UUID
    division: Division | None = None
    rule: AuditRule | None = None
    standing: Standing | None = None
    person_id: UUID | None = None


async def findings_of(
    connection: AsyncConnection, page: Page, asked: Asked, *, within: Scope
) -> tuple[Sequence[Any], str | None]:
    """A page of findings, by person, scheme and month."""
    columns = integrity_finding.c
    narrowed = within if asked.division is None else within.narrowed_to(asked.division)
    wanted = [columns.audit_id == asked.audit_id, inside(columns.county, narrowed)]
    wanted += [] if asked.rule is None else [columns.rule == asked.rule]
    wanted += [] if asked.standing is None else [columns.standing == asked.standing]
    wanted += [] if asked.person_id is None else [columns.person_id == asked.person_id]
    query = select(integrity_finding).where(*wanted)
    return await paginate(connection, query, [columns.person_id, columns.scheme, columns.month], page)
