"""Reminders before a certificate expires, six months and one month ahead, with evidence (CERT-14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import Row, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.local_rules import all_local_rules
from services.registry.adapters.secrets import ADDRESS, PHONE, Secrets
from services.registry.adapters.tables import reminder
from services.registry.adapters.work import RegistryWork
from services.registry.domain.local_rules import LAST_REMINDER, LocalRules
from shared.kit.messages import MESSAGES_MAX, Medium, Message, Receipt
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope

MONTHS: Final = (6, 1)

_FALL_DUE: Final = text(
    "INSERT INTO certificate_reminder "
    "(certificate_id, expires_on, months, person_id, division, due_on, channel, state) "
    "SELECT c.certificate_id, c.expires_on, :months, c.person_id, c.division, "
    "(c.expires_on - make_interval(months => :months))::date, "
    "CASE WHEN p.phone_cipher IS NULL THEN 'LETTER' ELSE 'SMS' END, 'WAITING' "
    "FROM certificate c JOIN person p ON p.person_id = c.person_id "
    "WHERE c.status = 'VALID' AND c.expires_on BETWEEN :today AND :horizon AND p.died_on IS NULL "
    "AND p.erased_at IS NULL AND (c.expires_on - make_interval(months => :months))::date <= :today "
    "AND (c.expires_on - make_interval(months => :until))::date > :today "
    "AND NOT EXISTS (SELECT FROM unnest(CAST(:off AS text[])) AS o WHERE starts_with(c.division, o) AND NOT EXISTS "
    "(SELECT FROM unnest(CAST(:on AS text[])) AS n WHERE starts_with(c.division, n) AND length(n) > length(o))) "
    "ON CONFLICT DO NOTHING"
)
_HORIZON_DAYS: Final = 190


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reminder that waits to be sent; ``message`` says what and to whom, None when there is nowhere to send it."""

    certificate_id: UUID
    expires_on: date
    months: int
    person_id: UUID
    division: str
    message: Message | None


async def fall_due(work: RegistryWork, months: int) -> int:
    """List everybody whose reminder falls due today or should have before; each once a period of validity."""
    today = work.today()
    until = 1 if months == MONTHS[0] else 0
    rules = await all_local_rules(work.connection) if months == 1 else LocalRules()
    decided = [row for row in rules.rows if row.name == LAST_REMINDER.name and row.holds_on(today)]
    inserted = await work.connection.execute(
        _FALL_DUE,
        {
            "months": months,
            "until": until,
            "today": today,
            "off": ["" if row.division is None else row.division.code for row in decided if row.value is False],
            "on": ["" if row.division is None else row.division.code for row in decided if row.value is True],
            "horizon": date.fromordinal(today.toordinal() + _HORIZON_DAYS),
        },
    )
    return inserted.rowcount


_NEXT: Final = text(
    "SELECT m.certificate_id, m.expires_on, m.months, m.person_id, m.division, m.channel, p.phone_cipher, "
    "p.address_cipher FROM certificate_reminder m JOIN person p ON p.person_id = m.person_id "
    "WHERE m.state = 'WAITING' ORDER BY m.due_on, m.certificate_id LIMIT :limit"
)


async def next_waiting(work: RegistryWork) -> Sequence[Waiting]:
    """Reminders to send, those due longest first."""
    rows = await work.connection.execute(_NEXT, {"limit": MESSAGES_MAX})
    return [_waiting(row, work.secrets) for row in rows]


async def count_waiting(work: RegistryWork) -> int:
    """How many nobody has taken yet."""
    query = select(func.count()).where(reminder.c.state == "WAITING")
    return (await work.connection.execute(query)).scalar_one()


def _waiting(row: Row[Any], secrets: Secrets) -> Waiting:
    key = row.person_id.bytes
    phone = secrets.open_text(row.phone_cipher, PHONE, key)
    recipient = phone or secrets.open_text(row.address_cipher, ADDRESS, key)
    message = None
    if recipient is not None:
        message = Message(
            # The same reminder has the same id, however often it is sent.
            uuid5(NAMESPACE_OID, f"{row.certificate_id}:{row.expires_on}:{row.months}"),
            Medium.SMS if phone is not None else Medium.LETTER,
            recipient,
            f"您的残疾人证将于{row.expires_on:%Y年%m月%d日}到期，请及时到户籍地或居住地残联办理换领（免费）。",
        )
    return Waiting(row.certificate_id, row.expires_on, row.months, row.person_id, row.division, message)


_SENT: Final = text(
    "UPDATE certificate_reminder m SET state = r.state, evidence = r.evidence, "
    "sent_at = CASE WHEN r.state = 'SENT' THEN clock_timestamp() END "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[]), CAST(:months AS smallint[]), CAST(:states AS text[]), "
    "CAST(:evidence AS text[])) AS r(id, day, months, state, evidence) "
    "WHERE m.certificate_id = r.id AND m.expires_on = r.day AND m.months = r.months AND m.state = 'WAITING'"
)


async def record_receipts(work: RegistryWork, told: Sequence[tuple[Waiting, Receipt]]) -> None:
    """Keep the evidence; who cannot be reached is marked for a visit."""
    await work.connection.execute(
        _SENT,
        {
            "ids": [each.certificate_id for each, _ in told],
            "days": [each.expires_on for each, _ in told],
            "months": [each.months for each, _ in told],
            "states": ["SENT" if receipt.taken else "FAILED" for _, receipt in told],
            "evidence": [receipt.evidence if receipt.taken else None for _, receipt in told],
        },
    )


async def reminders_page(
    connection: AsyncConnection, page: Page, *, within: Scope, division: Division | None, state: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Reminders of the caller's divisions with their evidence."""
    scope = within if division is None else within.narrowed_to(division)
    query = select(reminder).where(inside(reminder.c.division, scope))
    if state is not None:
        query = query.where(reminder.c.state == state)
    keys = [reminder.c.certificate_id, reminder.c.expires_on, reminder.c.months]
    rows, following = await paginate(connection, query, keys, page)
    return [dict(row._mapping) for row in rows], following
