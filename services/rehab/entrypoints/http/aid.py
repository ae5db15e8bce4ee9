"""What a programme gives: places, stages, deliveries, acceptance, settlement (RULES 7.7, 10)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Response

from services.rehab.adapters import aid_queries as queries
from services.rehab.adapters import needs
from services.rehab.domain.aid_delivery import DeliveryStatus, Place, PlaceStatus, SettlementStatus, SettlementStep
from services.rehab.domain.aid_errors import PlaceNotFound, ProgrammeNotFound, SettlementNotFound
from services.rehab.entrypoints.http.desk import ONCE, Reader, Seen, Server, Work, Writer, sight_of
from services.rehab.entrypoints.http.schemas_aid import (
    AcceptanceIn,
    DeliveryIn,
    DeliveryOut,
    EnrolmentIn,
    EnrolmentOut,
    NeedOut,
    PlaceDetail,
    PlaceOut,
    RefusingIn,
    ReleaseIn,
    SettlementIn,
    SettlementOut,
    StageIn,
    StageOut,
    UnservedOut,
)
from services.rehab.use_cases import give_aid, settle_aid
from services.rehab.use_cases.aid_ports import Enrolment, Running
from shared.kit.audit import Look, looks
from shared.kit.etags import tag
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router

of_programme = Router(prefix="/api/v1/programmes/{programme_id}", tags=["programmes"])
places = Router(prefix="/api/v1/places", tags=["programmes"])
deliveries = Router(prefix="/api/v1/deliveries", tags=["programmes"])
settlements = Router(prefix="/api/v1/settlements", tags=["programmes"])

Manager = Annotated[Caller, Permit("programme:write")]
Finance = Annotated[Caller, Permit("programme:settle")]
Overseer = Annotated[Caller, Permit("programme:read")]


# ---------------------------------------------------------------------------------------------------------- places


@of_programme.post("/enrolments", dependencies=[ONCE], summary="批量纳入救助项目")
async def enrol(caller: Writer, programme_id: UUID, body: EnrolmentIn, work: Work) -> EnrolmentOut:
    """Places for those who qualify, in the order given, as long as there are any; what came of each."""
    await _must_be_seen(programme_id, work, caller)
    asked = Enrolment(
        persons=tuple(dict.fromkeys(body.person_ids)), age_band=body.age_band, institution_id=body.institution_id
    )
    found = await give_aid.enrol(programme_id, asked, work, within=caller.scope)
    work.audit(*looks(((each.person_id, each.division) for each in found), ("aid",), what="read"))
    return EnrolmentOut.of(found, body.person_ids)


@of_programme.get("/places", summary="救助项目名册")
async def list_places(
    *, caller: Reader, programme_id: UUID, work: Work, page: PageAsked, status: PlaceStatus | None = None
) -> Listed[PlaceOut]:
    """The roster, as far as the caller may see it."""
    rows, following = await queries.places_page(
        work.connection, page, programme_id, status=status, within=caller.scope, sight=sight_of(caller)
    )
    work.audit(*looks(((row.person_id, row.division) for row in rows), ("aid",), what="read"))
    return Listed(items=[PlaceOut.model_validate(row) for row in rows], next=following)


@of_programme.get("/unserved", summary="符合条件未享受人员")
async def list_unserved(*, caller: Writer, programme_id: UUID, work: Work, page: PageAsked) -> Listed[UnservedOut]:
    """Who is eligible by certificate and was given nothing yet: 应享未享."""
    found = await _must_be_seen(programme_id, work, caller)
    rows, following = await queries.unserved_page(
        work.connection, page, programme_id, found.document, within=caller.scope, today=work.today()
    )
    work.audit(*looks(((row.person_id, row.division) for row in rows), ("aid",), what="read"))
    return Listed(items=[UnservedOut.model_validate(row) for row in rows], next=following)


async def _must_be_seen(programme_id: UUID, work: Work, caller: Caller) -> Running:
    """Who is in a confidential programme is for few to see, and for the same few to say (REH-60)."""
    found = await work.aid.programme(programme_id, within=caller.scope)
    if found is None or (found.document.confidential and not sight_of(caller).confidential):
        raise ProgrammeNotFound
    return found


@of_programme.get("/waiting", summary="轮候名单")
async def list_waiting(caller: Writer, programme_id: UUID, work: Work, page: PageAsked) -> Listed[NeedOut]:
    """Who waits for what the programme gives, in the order they are served: dibao, poor, general (REH-31)."""
    found = await _must_be_seen(programme_id, work, caller)
    rows, following = await needs.waiting_page(
        work.connection, page, programme_id, found.document, within=caller.scope, today=work.today()
    )
    work.audit(*looks(((row.person_id, row.division) for row in rows), ("needs",), what="read"))
    return Listed(items=[NeedOut.of(row) for row in rows], next=following)


@of_programme.post("/refill", dependencies=[ONCE], summary="按轮候顺序递补")
async def refill(caller: Writer, programme_id: UUID, work: Work) -> EnrolmentOut:
    """Free places go to who waits; releases and deaths do the same by themselves. Needs the whole programme's scope."""
    found = await _must_be_seen(programme_id, work, caller)
    caller.must_cover(found.document.division)
    told = await give_aid.refill(programme_id, work, within=caller.scope)
    work.audit(*looks(((each.person_id, each.division) for each in told), ("aid",), what="read"))
    return EnrolmentOut.of(told)


@places.get("/{place_id}", summary="名额详情")
async def read_place(caller: Reader, place_id: UUID, work: Work, response: Response) -> PlaceDetail:
    """A place and the stages that were passed."""
    return await _place_told(place_id, work, caller, response)


async def _place_told(place_id: UUID, work: Work, caller: Caller, response: Response) -> PlaceDetail:
    found = await queries.place_by_id(work.connection, place_id, within=caller.scope, sight=sight_of(caller))
    if found is None:
        raise PlaceNotFound
    row, stages = found
    work.audit(Look(row.person_id, ("aid",), "read", row.division))
    tag(response, row.version)
    told = PlaceOut.model_validate(row).model_dump()
    return PlaceDetail(**told, stages=[StageOut.model_validate(each) for each in stages])


async def _place(place_id: UUID, work: Work, caller: Caller) -> Place:
    return await give_aid.place_of(place_id, work, within=caller.scope, sight=sight_of(caller))


@places.post("/{place_id}/release", dependencies=[ONCE], summary="释放名额")
async def release(
    *, caller: Writer, place_id: UUID, body: ReleaseIn, work: Work, seen: Seen, response: Response
) -> PlaceDetail:
    """Somebody else can have it."""
    place = await _place(place_id, work, caller)
    seen.check(place.version)
    await give_aid.release(place, body.reason, work)
    return await _place_told(place_id, work, caller, response)


@places.post("/{place_id}/stages", status_code=201, dependencies=[ONCE], summary="登记阶段（勘查、设计、施工等）")
async def pass_stage(caller: Server, place_id: UUID, body: StageIn, work: Work, response: Response) -> PlaceDetail:
    """The next stage of an item, in the programme's order."""
    place = await _place(place_id, work, caller)
    await give_aid.pass_stage(place, body.item_code, body.stage, work, on=body.done_on)
    return await _place_told(place_id, work, caller, response)


@places.post("/{place_id}/deliveries", status_code=201, dependencies=[ONCE], summary="登记发放（服务）")
async def deliver(caller: Server, place_id: UUID, body: DeliveryIn, work: Work, response: Response) -> DeliveryOut:
    """What was given: within period, price, quota, budget and service life (REH-45)."""
    place = await _place(place_id, work, caller)
    giving = give_aid.Giving(**body.model_dump())
    one = await give_aid.deliver(place, giving, work, by=caller.subject)
    response.headers["Location"] = f"/api/v1/deliveries/{one.delivery_id}"
    return await _delivery_told(one.delivery_id, work, caller, response)


# ------------------------------------------------------------------------------------------------------ deliveries


@of_programme.get("/deliveries", summary="救助项目发放记录")
async def list_deliveries(
    *, caller: Reader, programme_id: UUID, work: Work, page: PageAsked, status: DeliveryStatus | None = None
) -> Listed[DeliveryOut]:
    """What a programme gave, as far as the caller may see it."""
    return await _deliveries(queries.Given(programme_id=programme_id, status=status), caller, work, page)


@deliveries.get("", summary="某人的全部发放记录")
async def list_of_person(caller: Reader, person_id: UUID, work: Work, page: PageAsked) -> Listed[DeliveryOut]:
    """What somebody was given under any programme."""
    return await _deliveries(queries.Given(person_id=person_id), caller, work, page)


async def _deliveries(wanted: queries.Given, caller: Caller, work: Work, page: PageAsked) -> Listed[DeliveryOut]:
    rows, following = await queries.deliveries_page(
        work.connection, page, wanted, within=caller.scope, sight=sight_of(caller)
    )
    work.audit(*looks(((row.person_id, row.division) for row in rows), ("aid",), what="read"))
    return Listed(items=[DeliveryOut.model_validate(row) for row in rows], next=following)


async def _delivery_told(delivery_id: UUID, work: Work, caller: Caller, response: Response) -> DeliveryOut:
    row = await queries.delivery_by_id(work.connection, delivery_id, within=caller.scope)
    tag(response, row.version)
    return DeliveryOut.model_validate(row)


@deliveries.post("/{delivery_id}/acceptance", dependencies=[ONCE], summary="验收")
async def accept(
    *, caller: Writer, delivery_id: UUID, body: AcceptanceIn, work: Work, seen: Seen, response: Response
) -> DeliveryOut:
    """The person has it, and signed; another than who recorded it accepts."""
    one = await give_aid.delivery_of(delivery_id, work, within=caller.scope, sight=sight_of(caller))
    seen.check(one.version)
    await give_aid.accept(one, work, by=caller.subject, confirmed_by=body.confirmed_by, effect=body.effect)
    return await _delivery_told(delivery_id, work, caller, response)


@deliveries.post("/{delivery_id}/refusal", dependencies=[ONCE], summary="验收不合格")
async def refuse(
    *, caller: Writer, delivery_id: UUID, body: RefusingIn, work: Work, seen: Seen, response: Response
) -> DeliveryOut:
    """It is not what was agreed: never settled, and it may be given again."""
    one = await give_aid.delivery_of(delivery_id, work, within=caller.scope, sight=sight_of(caller))
    seen.check(one.version)
    await give_aid.turn_back(one.refuse(by=caller.subject, today=work.today(), fault=body.fault), work, "refused")
    return await _delivery_told(delivery_id, work, caller, response)


@deliveries.post("/{delivery_id}/voiding", dependencies=[ONCE], summary="作废误登的发放记录")
async def void(*, caller: Server, delivery_id: UUID, work: Work, seen: Seen, response: Response) -> DeliveryOut:
    """Recorded by mistake; the row stays."""
    one = await give_aid.delivery_of(delivery_id, work, within=caller.scope, sight=sight_of(caller))
    seen.check(one.version)
    await give_aid.turn_back(one.void(), work, "voided")
    return await _delivery_told(delivery_id, work, caller, response)


# ----------------------------------------------------------------------------------------------------- settlements


@of_programme.post("/settlements", status_code=201, dependencies=[ONCE], summary="编制结算单")
async def draw_up(
    caller: Manager, programme_id: UUID, body: SettlementIn, work: Work, response: Response
) -> SettlementOut:
    """Everything accepted and not yet settled; nothing is ever in two settlements."""
    settlement_id = await settle_aid.draw_up(programme_id, body.through_on, work, within=caller.scope)
    response.headers["Location"] = f"/api/v1/settlements/{settlement_id}"
    return await _settlement_told(settlement_id, work, caller, response)


@settlements.get("", summary="结算单列表")
async def list_settlements(
    *,
    caller: Overseer,
    work: Work,
    page: PageAsked,
    programme_id: UUID | None = None,
    status: SettlementStatus | None = None,
) -> Listed[SettlementOut]:
    """Totals; who is in one is told by its lines."""
    rows, following = await queries.settlements_page(
        work.connection, page, programme_id=programme_id, status=status, within=caller.scope
    )
    return Listed(items=[SettlementOut.model_validate(row) for row in rows], next=following)


@settlements.get("/{settlement_id}", summary="结算单详情")
async def read_settlement(caller: Overseer, settlement_id: UUID, work: Work, response: Response) -> SettlementOut:
    """One settlement."""
    return await _settlement_told(settlement_id, work, caller, response)


@settlements.get("/{settlement_id}/lines", summary="结算明细")
async def list_lines(caller: Reader, settlement_id: UUID, work: Work, page: PageAsked) -> Listed[DeliveryOut]:
    """The deliveries a settlement pays, as far as the caller may see them."""
    return await _deliveries(queries.Given(settlement_id=settlement_id), caller, work, page)


@settlements.post("/{settlement_id}/approval", dependencies=[ONCE], summary="复核结算单")
async def approve(caller: Manager, settlement_id: UUID, work: Work, seen: Seen, response: Response) -> SettlementOut:
    """Another person than who drew it up."""
    return await _stepped(SettlementStep.APPROVE, settlement_id, work, caller, seen=seen, response=response)


@settlements.post("/{settlement_id}/payment", dependencies=[ONCE], summary="财政支付")
async def pay(caller: Finance, settlement_id: UUID, work: Work, seen: Seen, response: Response) -> SettlementOut:
    """Finance paid: its deliveries are settled (REH-25)."""
    return await _stepped(SettlementStep.PAY, settlement_id, work, caller, seen=seen, response=response)


@settlements.post("/{settlement_id}/abandonment", dependencies=[ONCE], summary="作废结算单")
async def abandon(caller: Manager, settlement_id: UUID, work: Work, seen: Seen, response: Response) -> SettlementOut:
    """Its deliveries can be settled anew."""
    return await _stepped(SettlementStep.ABANDON, settlement_id, work, caller, seen=seen, response=response)


async def _stepped(
    step: SettlementStep, settlement_id: UUID, work: Work, caller: Caller, *, seen: Seen, response: Response
) -> SettlementOut:
    found = await work.aid.settlement(settlement_id, within=caller.scope)
    if found is not None:
        seen.check(found[0].version)
    await settle_aid.step(settlement_id, step, work, by=caller.subject, within=caller.scope)
    return await _settlement_told(settlement_id, work, caller, response)


async def _settlement_told(settlement_id: UUID, work: Work, caller: Caller, response: Response) -> SettlementOut:
    row = await queries.settlement_by_id(work.connection, settlement_id, within=caller.scope)
    if row is None:
        raise SettlementNotFound
    tag(response, row.version)
    return SettlementOut.model_validate(row)
