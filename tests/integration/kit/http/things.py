"""Routes of a small service that writes, with everything a real one declares."""

from typing import Annotated, Any

from fastapi import Depends
from pydantic import Field
from sqlalchemy import insert, select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.kit.idempotency import Idempotent
from shared.kit.pagination import Listed, PageAsked, paginate
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem
from shared.kit.routing import RequestModel, Router, open_work
from shared.kit.work import UnitOfWork
from tests.integration.kit.http.conftest import THING

Work = Annotated[UnitOfWork, Depends(open_work, scope="function")]
Writer = Annotated[Caller, Permit("thing:write")]
Reader = Annotated[Caller, Permit("thing:read")]


class NewThing(RequestModel):
    name: Annotated[str, Field(min_length=1)]
    then: str = ""


class Thing(RequestModel):
    id: int
    name: str


async def make(work: UnitOfWork, name: str) -> Thing:
    made = await work.connection.execute(insert(THING).values(name=name).returning(THING.c.id))
    return Thing(id=made.scalar_one(), name=name)


def _fail(how: str) -> None:
    if how == "refuse":
        raise Problem("conflict")
    if how == "crash":
        raise RuntimeError


def things_router() -> Router:
    router = Router(prefix="/api/v1/things", tags=["things"])

    @router.post("", status_code=201, dependencies=[Idempotent()])
    async def create(thing: NewThing, work: Work, caller: Writer, response: Response) -> Thing:
        made = await make(work, thing.name)
        response.headers["Location"] = f"/api/v1/things/{made.id}"
        _fail(thing.then)
        return made

    @router.post("/plain", status_code=201)
    async def create_plainly(work: Work, thing: NewThing, caller: Writer) -> Thing:
        return await make(work, thing.name)

    @router.post("/kept-for-ever", dependencies=[Idempotent(kept_days=None)])
    async def pay(work: Work, thing: NewThing, caller: Writer) -> Thing:
        return await make(work, thing.name)

    @router.post("/uploaded", dependencies=[Idempotent()])
    async def upload(request: Request, work: Work, caller: Writer) -> JSONResponse:
        async with request.form() as form:
            made = await make(work, str(form["name"]))
        return JSONResponse({"id": made.id})

    @router.get("")
    async def list_things(work: Work, caller: Reader, page: PageAsked, name: str | None = None) -> Listed[Thing]:
        found = select(THING.c.name, THING.c.id)
        if name is not None:
            found = found.where(THING.c.name.startswith(name))
        rows, following = await paginate(work.connection, found, [THING.c.name, THING.c.id], page)
        return Listed(items=[Thing(id=row.id, name=row.name) for row in rows], next=following)

    @router.get("/newest")
    async def list_newest(work: Work, caller: Reader, page: PageAsked) -> Listed[dict[str, Any]]:
        rows, following = await paginate(work.connection, select(THING), [THING.c.id], page, descending=True)
        return Listed(items=[{"id": row.id} for row in rows], next=following)

    return router
