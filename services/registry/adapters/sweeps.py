"""Sweeps: certificates whose time has run out are found, counted, frozen or cancelled (CERT-24, 25, 28, 34)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.bulk_certificates import CHUNK, Due, halt_many
from services.registry.adapters.local_rules import all_local_rules
from services.registry.adapters.work import RegistryWork
from services.registry.domain.application_state import OPEN
from services.registry.domain.certificate import CancellationReason, FreezeReason, Proof, ProofKind
from services.registry.domain.certificate_state import CERTIFICATES, Step
from services.registry.domain.local_rules import (
    CANCEL_EXPIRED_MONTHS,
    FREEZE_EXPIRED,
    TRANSFER_CANCEL_MONTHS,
    TRANSFER_FREEZE_MONTHS,
    LocalRules,
    Parameter,
)
from shared.values.certificate import CertificateStatus
from shared.values.dates import add_months
from shared.values.division import Division, Level, Scope


class SweepKind(StrEnum):
    """What is swept."""

    FREEZE_EXPIRED = "FREEZE_EXPIRED"
    CANCEL_EXPIRED = "CANCEL_EXPIRED"
    FREEZE_UNTRANSFERRED = "FREEZE_UNTRANSFERRED"
    CANCEL_UNTRANSFERRED = "CANCEL_UNTRANSFERRED"
    FREEZE_UNEXAMINED = "FREEZE_UNEXAMINED"


_FROM_EXPIRY: Final = "certificate c"
_FROM_MOVE: Final = (
    "certificate c JOIN outside_report r ON r.person_id = c.person_id AND r.kind = 'MOVE' "
    "AND r.state = 'AWAITING_TRANSFER'"
)
_FROM_CAMPAIGN: Final = (
    "certificate c JOIN campaign_item i ON i.certificate_id = c.certificate_id AND i.done_on IS NULL "
    "JOIN campaign k ON k.campaign_id = i.campaign_id AND k.campaign_id = :campaign AND k.closed_on IS NULL "
    "AND k.answer_by < :today AND (i.file_check IS NULL OR i.disposal = 'FREEZE')"
)
_NOTICED: Final = (
    "(SELECT m.evidence FROM certificate_reminder m WHERE m.certificate_id = c.certificate_id "
    "AND m.expires_on = c.expires_on AND m.state = 'SENT' ORDER BY m.months LIMIT 1)"
)


@dataclass(frozen=True, slots=True)
class Sweep:
    """``since``: the day the time began to run; ``months``: for how long; ``switch``: whether at all."""

    step: Step
    reason: FreezeReason | CancellationReason
    source: str
    since: str
    months: Parameter[int] | None
    switch: Parameter[bool] | None
    proof: ProofKind | None
    reference: str

    def is_due(self, row: Row[Any], rules: LocalRules, today: date) -> bool:
        """Whether the local rule lets it happen today."""
        if self.months is not None:
            months = rules.value(self.months, division=Division(row.division), on=today)
            return months > 0 and add_months(row.since, months) < today
        return self.switch is None or rules.value(self.switch, division=Division(row.division), on=today)


_SWEEPS: Final[Mapping[SweepKind, Sweep]] = {
    SweepKind.FREEZE_EXPIRED: Sweep(
        Step.FREEZE,
        FreezeReason.EXPIRED_NOT_RENEWED,
        _FROM_EXPIRY,
        "c.expires_on",
        None,
        FREEZE_EXPIRED,
        None,
        "NULL::text",
    ),
    SweepKind.CANCEL_EXPIRED: Sweep(
        Step.CANCEL,
        CancellationReason.NOT_RENEWED_6M,
        _FROM_EXPIRY,
        "c.expires_on",
        CANCEL_EXPIRED_MONTHS,
        None,
        ProofKind.EXPIRY_NOTICE,
        _NOTICED,
    ),
    SweepKind.FREEZE_UNTRANSFERRED: Sweep(
        Step.FREEZE,
        FreezeReason.TRANSFER_OVERDUE_6M,
        _FROM_MOVE,
        "r.event_date",
        TRANSFER_FREEZE_MONTHS,
        None,
        None,
        "NULL::text",
    ),
    SweepKind.CANCEL_UNTRANSFERRED: Sweep(
        Step.CANCEL,
        CancellationReason.TRANSFER_OVERDUE_1Y,
        _FROM_MOVE,
        "r.event_date",
        TRANSFER_CANCEL_MONTHS,
        None,
        ProofKind.HOUSEHOLD_MOVE,
        "r.report_id::text",
    ),
    SweepKind.FREEZE_UNEXAMINED: Sweep(
        Step.FREEZE, FreezeReason.REFUSES_REASSESSMENT, _FROM_CAMPAIGN, "k.answer_by", None, None, None, "NULL::text"
    ),
}

_OPEN: Final = ", ".join(f"'{state}'" for state in OPEN)
_PAGE: Final = (
    "SELECT DISTINCT ON (c.certificate_id) c.certificate_id, c.division, {since} AS since, {reference} AS reference "
    "FROM {source} WHERE c.certificate_id > :after AND c.status = ANY(:sources) AND {since} < :today "
    "AND c.division LIKE ANY(:prefixes) AND NOT EXISTS (SELECT 1 FROM application a "
    "WHERE a.person_id = c.person_id AND a.state IN ({open})) "
    "ORDER BY c.certificate_id LIMIT :limit"
)
"""Nobody with an open case is swept: they have begun to put it right."""


_FIRST: Final = UUID(int=0)


@dataclass(slots=True)
class Swept:
    """Where a sweep stands. ``without_notice``: due, but nobody proved that the holder was told (CERT-28)."""

    after: UUID = _FIRST
    looked_at: int = 0
    due: int = 0
    done: int = 0
    without_notice: int = 0
    by_county: dict[str, int] | None = None


async def sweep_some(
    work: RegistryWork,
    kind: SweepKind,
    swept: Swept,
    *,
    within: Scope,
    dry_run: bool,
    campaign_id: UUID | None = None,
) -> bool:
    """Look at the next 2,000 certificates and stop those that are due; False when there are none left."""
    sweep, today = _SWEEPS[kind], work.today()
    rows = await _page(work.connection, sweep, swept.after, today, within=within, campaign_id=campaign_id)
    if not rows:
        return False
    rules = await all_local_rules(work.connection)
    due = [row for row in rows if sweep.is_due(row, rules, today)]
    shown = [row for row in due if sweep.proof is None or row.reference is not None]
    counties = swept.by_county or {}
    for row in shown:
        county = row.division[: int(Level.COUNTY)]
        counties[county] = counties.get(county, 0) + 1
    if shown and not dry_run:
        wanted = [Due(row.certificate_id, today, _proof(sweep, row)) for row in shown]
        swept.done += await halt_many(work, sweep.step, wanted, reason=sweep.reason.value)
        if campaign_id is not None:
            await _close_items(work.connection, campaign_id, [row.certificate_id for row in shown], today)
    swept.after = rows[-1].certificate_id
    swept.looked_at += len(rows)
    swept.due += len(shown)
    swept.without_notice += len(due) - len(shown)
    swept.by_county = counties
    return True


async def _page(
    connection: AsyncConnection, sweep: Sweep, after: UUID, today: date, *, within: Scope, campaign_id: UUID | None
) -> Sequence[Row[Any]]:
    query = _PAGE.format(since=sweep.since, reference=sweep.reference, source=sweep.source, open=_OPEN)
    given: dict[str, Any] = {
        "after": after,
        "today": today,
        "limit": CHUNK,
        "sources": [state.value for state in CertificateStatus if CERTIFICATES.move(state, sweep.step)],
        "prefixes": ["%"] if within.is_everywhere else [f"{prefix}%" for prefix in sorted(within.prefixes)],
    }
    if ":campaign" in query:
        given["campaign"] = campaign_id
    return (await connection.execute(text(query), given)).all()


def _proof(sweep: Sweep, row: Row[Any]) -> Proof | None:
    return None if sweep.proof is None else Proof(kind=sweep.proof, reference=row.reference)


async def _close_items(connection: AsyncConnection, campaign_id: UUID, ids: Sequence[UUID], today: date) -> None:
    await connection.execute(
        text(
            "UPDATE campaign_item SET done_on = :today, disposal = 'FREEZE' "
            "WHERE campaign_id = :campaign AND certificate_id = ANY(:ids)"
        ),
        {"today": today, "campaign": campaign_id, "ids": list(ids)},
    )
