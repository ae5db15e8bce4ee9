"""Records that may be one person's: the work list, merging, undoing a merge."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from services.registry.adapters import queries
from services.registry.adapters.merges import Pair
from services.registry.adapters.trail import PERSON_FIELDS
from services.registry.adapters.work import RegistryWork
from services.registry.domain.errors import PersonNotFound
from services.registry.domain.person_errors import DuplicateIsDecided, DuplicateNotFound, MergeNotFound
from services.registry.entrypoints.http.persons import check, home_of
from services.registry.entrypoints.http.schemas import PersonOut
from services.registry.entrypoints.http.schemas_person import DuplicateOut, MergeIn, MergeOut
from services.registry.use_cases.merge_persons import merge_persons, undo_merge
from shared.kit.audit import Change, Look, looks
from shared.kit.etags import Precondition, if_match, tag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked
from shared.kit.permissions import Caller, Permit
from shared.kit.routing import Router, open_work

router = Router(prefix="/api/v1", tags=["duplicates"])

Work = Annotated[RegistryWork, Depends(open_work, scope="function")]
Reader = Annotated[Caller, Permit("person:read")]
Merger = Annotated[Caller, Permit("person:merge")]
Seen = Annotated[Precondition, Depends(if_match)]


@router.get("/duplicates", summary="疑似重复人员")
async def list_duplicates(
    *,
    caller: Reader,
    work: Work,
    page: PageAsked,
    state: Annotated[str, Query(pattern="^(OPEN|DISMISSED|MERGED)$")] = "OPEN",
    person_id: UUID | None = None,
) -> Listed[DuplicateOut]:
    """Pairs within the caller's divisions, the likeliest first, with score and reasons."""
    pairs, following = await work.merges.page(page, within=caller.scope, state=state, person_id=person_id)
    if not pairs:
        work.audit(*looks((), PERSON_FIELDS))
    return Listed(items=[await _shown(work, pair, caller) for pair in pairs], next=following)


@router.get("/duplicates/{duplicate_id}", summary="疑似重复详情")
async def read_duplicate(caller: Reader, duplicate_id: UUID, work: Work, response: Response) -> DuplicateOut:
    """One pair, side by side."""
    pair = await _pair(work, duplicate_id, caller)
    tag(response, pair.version)
    return await _shown(work, pair, caller)


@router.post("/duplicates/{duplicate_id}/dismissal", dependencies=[Idempotent()], summary="确认不是同一人")
async def dismiss(*, caller: Merger, duplicate_id: UUID, work: Work, seen: Seen) -> DuplicateOut:
    """Two persons: they are not proposed again."""
    pair = await _pair(work, duplicate_id, caller)
    seen.check(pair.version)
    if pair.state != "OPEN":
        raise DuplicateIsDecided(state=pair.state, allowed=[])
    await work.merges.dismiss(pair)
    after = {"duplicate_id": duplicate_id, "other_id": pair.second_id}
    work.audit(Change(pair.first_id, "duplicate.dismissed", after=after))
    return await _shown(work, await _pair(work, duplicate_id, caller), caller)


@router.post("/merges", status_code=201, dependencies=[Idempotent()], summary="合并重复人员")
async def merge(*, caller: Merger, body: MergeIn, work: Work, seen: Seen, response: Response) -> MergeOut:
    """Two records are one person's: both histories stay, the surviving record shows both. If-Match: the survivor."""
    await check(work, body.survivor_id, caller, seen)
    merged = await merge_persons(body.survivor_id, body.absorbed_id, work, within=caller.scope)
    work.audit(
        Change(merged.person_id, "person.merged", after={"absorbed_id": merged.absorbed_id}),
        Change(merged.absorbed_id, "person.merged", after={"survivor_id": merged.person_id}),
    )
    tag(response, merged.version)
    return MergeOut.of(merged)


@router.post("/merges/{merge_id}/undoing", dependencies=[Idempotent()], summary="撤销合并")
async def undo(*, caller: Merger, merge_id: UUID, work: Work, seen: Seen, response: Response) -> MergeOut:
    """They are two persons after all; everything is each one's own again."""
    known = await work.merges.get(merge_id, within=caller.scope)
    if known is None:
        raise MergeNotFound
    seen.check(known.version)
    undone = await undo_merge(merge_id, work, within=caller.scope)
    work.audit(
        Change(undone.person_id, "person.unmerged", before={"absorbed_id": undone.absorbed_id}),
        Change(undone.absorbed_id, "person.unmerged", before={"survivor_id": undone.person_id}),
    )
    tag(response, undone.version)
    return MergeOut.of(undone)


@router.get("/persons/{person_id}/merges", summary="并入该人员的记录")
async def list_merges(caller: Reader, person_id: UUID, work: Work) -> Listed[MergeOut]:
    """Every merge into this record, undone ones included."""
    home = await home_of(work, person_id, caller)
    found = await work.merges.of_person(person_id, within=caller.scope)
    work.audit(Look(person_id, ("merges",), "read", home, count=len(found)))
    return Listed(items=[MergeOut.of(each) for each in found])


async def _pair(work: RegistryWork, duplicate_id: UUID, caller: Caller) -> Pair:
    pair = await work.merges.pair(duplicate_id, within=caller.scope)
    if pair is None:
        raise DuplicateNotFound
    return pair


async def _shown(work: RegistryWork, pair: Pair, caller: Caller) -> DuplicateOut:
    persons = []
    for person_id in (pair.first_id, pair.second_id):
        found = await queries.person_by_id(work.connection, person_id, work.secrets, within=caller.scope)
        if found is not None:
            persons.append(PersonOut.model_validate(found))
    if not persons:
        raise PersonNotFound
    work.audit(*looks(((each.person_id, each.division) for each in persons), PERSON_FIELDS))
    return DuplicateOut.of(pair, persons)
