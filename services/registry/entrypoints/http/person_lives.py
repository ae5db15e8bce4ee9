"""A person's life: search, as of a day, history, other names, residence."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.registry.adapters import person_queries, queries
from services.registry.adapters.names import OtherName
from services.registry.adapters.trail import PERSON_FIELDS
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import DateInFuture, PersonNotFound
from services.registry.domain.person_errors import NameNotFound
from services.registry.entrypoints.http.persons import check, home_of
from services.registry.entrypoints.http.schemas import PersonOut
from services.registry.entrypoints.http.schemas_person import (
    CountOut,
    HistoryOut,
    NameIn,
    NameOut,
    ResidenceIn,
    SearchIn,
)
from shared.kit.audit import Change, Code, Look, looks
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.limits import Budget
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_reading, open_work
from shared.values.division import Division

router = Router(prefix="/api/v1/persons", tags=["persons"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reading = Annotated[RegistryWork, Depends(open_reading, scope="function")]
Reader = Annotated[Caller, Permit("person:read")]
Writer = Annotated[Caller, Permit("person:write")]
Seen = Annotated[Precondition, Depends(if_match)]


@router.post(
    "/search",
    # Initials are three letters: whoever may try freely can list everybody.
    dependencies=[Budget("person.search", client="300/second", subject="120/minute;5000/day")],
    summary="查找人员",
)
async def search(caller: Reader, body: SearchIn, work: Reading, page: PageAsked) -> Listed[PersonOut]:
    """By number, certificate number, name (characters, pinyin, initials), telephone, division, status, expiry."""
    within = caller.scope if body.division is None else caller.scope.narrowed_to(Division(body.division))
    items, following = await person_queries.persons_found(
        work.connection, work.secrets, page, body.asked(), within=within
    )
    work.audit(*looks(((item["person_id"], item["division"]) for item in items), PERSON_FIELDS, what="found"))
    return Listed(items=[PersonOut.model_validate(item) for item in items], next=following)


@router.get("/counts", summary="按区划统计人数")
async def count(
    caller: Reader, work: Work, division: Annotated[str, Query(max_length=12, description="区划代码，任意级别")]
) -> Listed[CountOut]:
    """Exact numbers of persons, by the divisions one level below."""
    counted = await person_queries.counts_below(work.connection, Division.parse(division), within=caller.scope)
    work.audit(Look(None, (), "counted", Division.parse(division).code, count=sum(number for _, number in counted)))
    return Listed(items=[CountOut(division=code, persons=number) for code, number in counted])


@router.get("/{person_id}/history", summary="人员历史")
async def read_history(caller: Reader, person_id: UUID, work: Work) -> Listed[HistoryOut]:
    """Everything dated that happened, in the order it became known; of merged records as well."""
    found = await person_queries.history(work.connection, person_id, within=caller.scope)
    if found is None:
        raise PersonNotFound
    work.audit(Look(person_id, ("history",), "read", count=len(found)))
    return Listed(items=[HistoryOut.model_validate(item) for item in found])


@router.get("/{person_id}/names", summary="曾用名与异写")
async def list_names(caller: Reader, person_id: UUID, work: Work) -> Listed[NameOut]:
    """Other names, masked."""
    home = await home_of(work, person_id, caller)
    found = await work.names.of_person(person_id, within=caller.scope)
    work.audit(Look(person_id, ("names",), "read.masked", home, count=len(found)))
    return Listed(items=[NameOut.of(each) for each in found])


@router.post("/{person_id}/names", status_code=201, dependencies=[Idempotent()], summary="登记曾用名或异写")
async def add_name(*, caller: Writer, person_id: UUID, body: NameIn, work: Work, seen: Seen) -> NameOut:
    """Another name the person is found and matched by."""
    await check(work, person_id, caller, seen)
    other = OtherName(
        name_id=work.new_id(), person_id=person_id, kind=body.kind, name=body.name, valid_to=body.valid_to
    )
    await work.names.add(other)
    after = {"name_id": other.name_id, "name": other.name, "kind": other.kind}
    work.audit(Change(person_id, "person.name_recorded", after=after))
    return NameOut.of(other)


@router.post("/{person_id}/names/{name_id}/withdrawal", dependencies=[Idempotent()], summary="撤销曾用名或异写")
async def withdraw_name(*, caller: Writer, person_id: UUID, name_id: UUID, work: Work, seen: Seen) -> Listed[NameOut]:
    """It was a mistake; what is left."""
    await check(work, person_id, caller, seen)
    if not await work.names.withdraw(name_id, person_id=person_id):
        raise NameNotFound
    work.audit(Change(person_id, "person.name_withdrawn", before={"name_id": name_id}))
    return Listed(items=[NameOut.of(each) for each in await work.names.of_person(person_id, within=caller.scope)])


@router.put("/{person_id}/residence", summary="登记居住地")
async def change_residence(
    *, caller: Writer, person_id: UUID, body: ResidenceIn, work: Work, seen: Seen, response: Response
) -> PersonOut:
    """Where the person lives, when that is not where they belong; the home county stays responsible (CERT-01)."""
    person = await check(work, person_id, caller, seen)
    person.must_live()
    if body.since > work.today():
        raise DateInFuture(field="since", given=body.since.isoformat(), today=work.today().isoformat())
    to = None if body.division is None else Division.parse(body.division)
    await work.persons.save(person.moved_on())
    await work.places.move(person_id, in_division=to, since=body.since, permit_no=body.permit_no)
    after = {"residence": None if to is None else Code(to.code), "since": body.since}
    work.audit(Change(person_id, "person.residence_changed", after=after, division=person.division.code))
    return await shown(work, person_id, caller, response)


async def shown(work: RegistryWork, person_id: UUID, caller: Caller, response: Response) -> PersonOut:
    """The person after a change, with its new ETag."""
    found = await queries.person_by_id(work.connection, person_id, work.secrets, within=caller.scope)
    if found is None:
        raise PersonNotFound
    residence = await person_queries.residence_of(work.connection, person_id, on=work.today(), within=caller.scope)
    tag(response, found["version"])
    return PersonOut.model_validate({**found, "residence_division": residence})
