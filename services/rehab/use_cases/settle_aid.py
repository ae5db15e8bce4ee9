"""What was delivered and accepted is settled, once (REH-25): drawn up, approved by another person, paid by finance."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from services.rehab.domain.aid_delivery import Settlement, SettlementStep
from services.rehab.domain.aid_errors import NothingToSettle, ProgrammeNotFound, SettlementNotFound
from services.rehab.domain.case import must_not_lie_ahead
from services.rehab.use_cases.aid_ports import AidWork
from shared.values.division import Scope


async def draw_up(programme_id: UUID, through: date, work: AidWork, *, within: Scope) -> UUID:
    """Everything accepted that was delivered by a day. Who settles answers for the whole programme.

    Raises `ProgrammeNotFound`, `DateInFuture`, `NothingToSettle`.
    """
    found = await work.aid.programme(programme_id, within=within)
    if found is None or not within.covers(found.document.division):
        raise ProgrammeNotFound
    must_not_lie_ahead("through_on", through, today=work.today())
    settlement_id = work.new_id()
    if not await work.aid.draw_up(settlement_id, programme_id, found.document.division, through=through):
        raise NothingToSettle
    return settlement_id


async def step(settlement_id: UUID, wanted: SettlementStep, work: AidWork, *, by: str, within: Scope) -> Settlement:
    """Raise `SettlementNotFound`, `SettlementStepNotAllowed`, `AnotherPersonMustDecide`."""
    found = await work.aid.settlement(settlement_id, within=within)
    if found is None:
        raise SettlementNotFound
    one, division = found
    taken = one.take(wanted, by=by)
    await work.aid.settle(taken, division, by=by, today=work.today())
    return taken
