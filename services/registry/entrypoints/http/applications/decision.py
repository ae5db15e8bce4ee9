"""Decision: approve, refuse, print, hand over; disputes at prefecture and province (RULES 3.1, CERT-06, 21, 22)."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from services.registry.entrypoints.http.applications.desk import Decider, Seen, Work, Writer, at_desk, found, told
from services.registry.entrypoints.http.applications.schemas import (
    ApplicationOut,
    ClosingIn,
    DisputeConclusionIn,
    WordsIn,
)
from services.registry.use_cases import complete_application as ending
from services.registry.use_cases import handle_application as steps
from shared.kit.idempotency import Idempotent
from shared.kit.routing import Router

router = Router(prefix="/api/v1/applications/{application_id}", tags=["applications"])
ONCE = Idempotent()


@router.post("/approval", dependencies=[ONCE], summary="批准")
async def approve(caller: Decider, application_id: UUID, work: Work, seen: Seen, response: Response) -> ApplicationOut:
    """The home county agrees (CERT-06)."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.approve_application(application, work), response)


@router.post("/refusal", dependencies=[ONCE], summary="不予批准")
async def refuse(
    *, caller: Decider, application_id: UUID, body: WordsIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The home county does not."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.refuse_application(application, work, words=body.words), response)


@router.post("/production", dependencies=[ONCE], summary="制证")
async def produce(caller: Decider, application_id: UUID, work: Work, seen: Seen, response: Response) -> ApplicationOut:
    """Print the card with its number (ID-06, ID-09)."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await ending.produce_card(application, work), response)


@router.post("/handover", dependencies=[ONCE], summary="发证")
async def hand_over(
    caller: Decider, application_id: UUID, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The holder has it; the certificate is issued, renewed, changed, replaced or exchanged."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await ending.hand_over_card(application, work), response)


@router.post("/completion", dependencies=[ONCE], summary="办结（无需制证）")
async def finish(caller: Decider, application_id: UUID, work: Work, seen: Seen, response: Response) -> ApplicationOut:
    """The certificate is transferred or cancelled."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await ending.finish_application(application, work), response)


@router.post("/dispute", dependencies=[ONCE], summary="申请复核评定")
async def dispute(
    *, caller: Writer, application_id: UUID, body: WordsIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """To the prefecture, within ten working days (CERT-21)."""
    application = await found(application_id, work, caller, seen)
    return told(await steps.dispute_assessment(application, work, words=body.words), response)


@router.post("/dispute-decision", dependencies=[ONCE], summary="复核结论")
async def decide_dispute(
    *, caller: Decider, application_id: UUID, body: DisputeConclusionIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """What the prefecture's institution or the provincial panel found (CERT-21, CERT-22)."""
    application = await at_desk(application_id, work, caller, seen)
    decided = await steps.decide_dispute(application, work, body.conclusion(), institution_id=body.institution_id)
    return told(decided, response)


@router.post("/escalation", dependencies=[ONCE], summary="向省级申请复核")
async def escalate(
    *, caller: Writer, application_id: UUID, body: WordsIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """On to the province (CERT-22)."""
    application = await found(application_id, work, caller, seen)
    return told(await steps.escalate_dispute(application, work, words=body.words), response)


@router.post("/dispute-closing", dependencies=[ONCE], summary="复核终结")
async def close_dispute(
    *, caller: Decider, application_id: UUID, body: ClosingIn, work: Work, seen: Seen, response: Response
) -> ApplicationOut:
    """The prefecture's word stands: accepted, or undisputed when its ten working days have passed."""
    application = await at_desk(application_id, work, caller, seen)
    return told(await steps.close_dispute(application, work, accepted=body.accepted), response)
