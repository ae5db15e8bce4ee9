"""Every step RULES 3.2 knows in the life of a certificate, as one table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.values.certificate import CertificateStatus
from shared.values.machine import Machine, Move

VALID, LOST, FROZEN = CertificateStatus.VALID, CertificateStatus.LOST, CertificateStatus.FROZEN
EXPIRED, SUPERSEDED, CANCELLED = (
    CertificateStatus.EXPIRED,
    CertificateStatus.SUPERSEDED,
    CertificateStatus.CANCELLED,
)


class Step(StrEnum):
    """What can be done to a certificate."""

    EXPIRE = "expire"
    RENEW = "renew"
    CHANGE = "change"
    EXCHANGE = "exchange"
    DECLARE_LOSS = "declare_loss"
    REPLACE = "replace"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    CANCEL = "cancel"
    TRANSFER = "transfer"
    REINSTATE = "reinstate"


CERTIFICATES: Final[Machine[CertificateStatus, Step]] = Machine(
    name="disability_certificate",
    states=CertificateStatus,
    events=Step,
    begins=(VALID,),
    moves=(
        Move(
            Step.CANCEL,
            (VALID, EXPIRED, FROZEN, LOST),
            (CANCELLED,),
            "a reason and its proof",
            "one-year bar by reason; money stops",
            ("CERT-25", "CERT-26", "CERT-27", "CERT-28", "CERT-29"),
        ),
        Move(Step.FREEZE, (VALID, EXPIRED), (FROZEN,), "a reason", "money stops next month", ("CERT-24", "CERT-28")),
        Move(Step.UNFREEZE, (FROZEN,), (VALID, EXPIRED), "cause removed", "by date; no back-payment", ("SUB-47",)),
        Move(
            Step.EXPIRE, (VALID,), (EXPIRED,), "the last valid day has passed", "money stops next month", ("CERT-12",)
        ),
        Move(
            Step.TRANSFER,
            (VALID,),
            (VALID,),
            "the receiving county accepted",
            "owner changes; the old county's money stops next month",
            ("CERT-23",),
        ),
        Move(
            Step.RENEW,
            (VALID, EXPIRED),
            (SUPERSEDED,),
            "renewal completed",
            "a new row is VALID for ten years",
            ("CERT-11", "CERT-16"),
        ),
        Move(
            Step.CHANGE,
            (VALID, EXPIRED),
            (SUPERSEDED,),
            "re-assessment completed",
            "a new row with a new number",
            ("CERT-19", "ID-11"),
        ),
        Move(Step.EXCHANGE, (VALID,), (VALID,), "old card handed back", "another card, the same data", ("CERT-17",)),
        Move(Step.DECLARE_LOSS, (VALID,), (LOST,), "declaration kept", "entitlement goes on", ("CERT-18", "SUB-46")),
        Move(
            Step.REPLACE,
            (LOST,),
            (SUPERSEDED,),
            "replacement completed",
            "a new row VALID with suffix Bn; the old number is void",
            ("ID-09", "CERT-18"),
        ),
        Move(
            Step.REINSTATE,
            (CANCELLED,),
            (VALID, LOST, FROZEN, EXPIRED),
            "the cancellation is proven wrong; a death must be retracted first",
            "previous state; stopped months are owed",
            ("CERT-26",),
        ),
    ),
)
