"""What is given to a person under a programme, and how it is paid: two machines (RULES 7.7, 10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.rehab.domain.aid_errors import (
    AnotherPersonMustAccept,
    DeliveryStepNotAllowed,
    EffectIsMissing,
    PlaceIsReleased,
    SettlementStepNotAllowed,
)
from services.rehab.domain.institution_errors import AnotherPersonMustDecide
from services.rehab.domain.measures import Signer
from shared.values.machine import Machine, Move


class PlaceStatus(StrEnum):
    """A place of the quota."""

    HELD = "HELD"
    RELEASED = "RELEASED"


class ReleaseReason(StrEnum):
    """Why a place is free again."""

    DECLINED = "DECLINED"
    MOVED = "MOVED"
    DIED = "DIED"
    NOT_QUALIFIED = "NOT_QUALIFIED"
    DROPPED = "DROPPED"


class DeliveryStatus(StrEnum):
    """States of a delivery."""

    DELIVERED = "DELIVERED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    SETTLED = "SETTLED"
    VOID = "VOID"


class DeliveryStep(StrEnum):
    """What can be done to one."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    VOID = "void"
    SETTLE = "settle"


class DeliveryEffect(StrEnum):
    """What it brought."""

    EFFECTIVE = "EFFECTIVE"
    PARTLY = "PARTLY"
    NONE = "NONE"


class DeliveryFault(StrEnum):
    """Why a delivery is not accepted."""

    NOT_RECEIVED = "NOT_RECEIVED"
    DEFECTIVE = "DEFECTIVE"
    DOES_NOT_FIT = "DOES_NOT_FIT"
    NOT_AS_DESIGNED = "NOT_AS_DESIGNED"


_D, _E = DeliveryStatus, DeliveryStep

DELIVERIES: Final[Machine[DeliveryStatus, DeliveryStep]] = Machine(
    name="aid_delivery",
    states=DeliveryStatus,
    events=DeliveryStep,
    begins=(_D.DELIVERED,),
    moves=(
        Move(_E.ACCEPT, (_D.DELIVERED,), (_D.ACCEPTED,), "signed by the person; another than who recorded it"),
        Move(_E.REFUSE, (_D.DELIVERED,), (_D.REFUSED,), "another than who recorded it", "it may be given again"),
        Move(_E.VOID, (_D.DELIVERED,), (_D.VOID,), "", "recorded by mistake"),
        Move(_E.SETTLE, (_D.ACCEPTED,), (_D.SETTLED,), "its settlement is paid", "", ("REH-25",)),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of a programme's quota and who holds it; ``institution_id`` serves them."""

    place_id: UUID
    programme_id: UUID
    person_id: UUID
    version: int
    division: str
    institution_id: UUID | None
    confidential: bool
    status: PlaceStatus

    def must_be_held(self) -> None:
        """Raise `PlaceIsReleased`."""
        if self.status is not PlaceStatus.HELD:
            raise PlaceIsReleased


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An item given to a person; ``recorded_by`` never accepts it."""

    delivery_id: UUID
    place_id: UUID
    programme_id: UUID
    person_id: UUID
    division: str
    item_code: str
    delivered_on: date
    amount_fen: int
    recorded_by: str
    version: int = 1
    status: DeliveryStatus = DeliveryStatus.DELIVERED
    serial: str | None = None
    confirmed_by: Signer | None = None
    effect: DeliveryEffect | None = None
    fault: DeliveryFault | None = None
    decided_by: str | None = None
    decided_on: date | None = None

    def _step(self, step: DeliveryStep) -> DeliveryStatus:
        move = DELIVERIES.move(self.status, step)
        if move is None:
            allowed = [each.value for each in DELIVERIES.allowed(self.status)]
            raise DeliveryStepNotAllowed(step=step.value, status=self.status.value, allowed=allowed)
        return move.targets[0]

    def _decided(self, step: DeliveryStep, *, by: str, today: date) -> Delivery:
        status = self._step(step)
        if by == self.recorded_by:
            raise AnotherPersonMustAccept
        return replace(self, status=status, version=self.version + 1, decided_by=by, decided_on=today)

    def accept(
        self, *, by: str, today: date, confirmed_by: Signer, effect: DeliveryEffect | None, measured: bool
    ) -> Delivery:
        """The person signed. Raises `DeliveryStepNotAllowed`, `AnotherPersonMustAccept`, `EffectIsMissing`."""
        accepted = self._decided(DeliveryStep.ACCEPT, by=by, today=today)
        if measured and effect is None:
            raise EffectIsMissing
        return replace(accepted, confirmed_by=confirmed_by, effect=effect)

    def refuse(self, *, by: str, today: date, fault: DeliveryFault) -> Delivery:
        """It is not what was agreed. Raises `DeliveryStepNotAllowed`, `AnotherPersonMustAccept`."""
        return replace(self._decided(DeliveryStep.REFUSE, by=by, today=today), fault=fault)

    def void(self) -> Delivery:
        """Recorded by mistake. Raises `DeliveryStepNotAllowed`."""
        return replace(self, status=self._step(DeliveryStep.VOID), version=self.version + 1)


class SettlementStatus(StrEnum):
    """States of a settlement."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    PAID = "PAID"
    ABANDONED = "ABANDONED"


class SettlementStep(StrEnum):
    """What can be done to one."""

    APPROVE = "approve"
    PAY = "pay"
    ABANDON = "abandon"


_S, _P = SettlementStatus, SettlementStep

SETTLEMENTS: Final[Machine[SettlementStatus, SettlementStep]] = Machine(
    name="aid_settlement",
    states=SettlementStatus,
    events=SettlementStep,
    begins=(_S.DRAFT,),
    moves=(
        Move(_P.APPROVE, (_S.DRAFT,), (_S.APPROVED,), "another than who drew it up", "", ("REH-25",)),
        Move(_P.PAY, (_S.APPROVED,), (_S.PAID,), "finance paid", "its deliveries are settled", ("REH-25",)),
        Move(_P.ABANDON, (_S.DRAFT, _S.APPROVED), (_S.ABANDONED,), "", "its deliveries can be settled anew"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Deliveries that are paid together; ``drawn_by`` never approves."""

    settlement_id: UUID
    programme_id: UUID
    version: int
    status: SettlementStatus
    drawn_by: str

    def take(self, step: SettlementStep, *, by: str) -> Settlement:
        """Raise `SettlementStepNotAllowed`, `AnotherPersonMustDecide`."""
        move = SETTLEMENTS.move(self.status, step)
        if move is None:
            allowed = [each.value for each in SETTLEMENTS.allowed(self.status)]
            raise SettlementStepNotAllowed(step=step.value, status=self.status.value, allowed=allowed)
        if step is SettlementStep.APPROVE and by == self.drawn_by:
            raise AnotherPersonMustDecide
        return replace(self, status=move.targets[0], version=self.version + 1)
