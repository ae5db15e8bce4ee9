"""Bodies of cancellations: each reason with the kind of paper it needs (RULES 3.2)."""

from typing import Any

from services.registry.domain.certificate import PROOF_OF, CancellationReason


def cancelling(reason: str, **more: Any) -> dict[str, Any]:
    """What to post to ``/certificates/{id}/cancellation``."""
    proof = {"kind": PROOF_OF[CancellationReason(reason)].value, "reference": "残联函〔2024〕7号"}
    moved = {"since": "2020-01-01"} if reason == CancellationReason.TRANSFER_OVERDUE_1Y else {}
    return {"reason": reason, "proof": proof, **moved, **more}
