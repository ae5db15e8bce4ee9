"""My tasks: everything of a service that waits for its caller, as one list with deadlines and counts.

A service declares its sources, each one query over its own tables. What somebody sees is what their permissions and
divisions say at that moment: a task is a view of work that waits, not a copy of it, so it goes when the work is done.
All services answer the same shape, so that a front end shows one inbox.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Date, Select, cast, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.kit.audit import Look, looks
from shared.kit.pagination import Listed, PageAsked, paginate
from shared.kit.permissions import Caller, Permit
from shared.kit.problems import Problem, ProblemText
from shared.kit.routing import Router
from shared.kit.transactions import open_work
from shared.kit.work import UnitOfWork

SOMEDAY: Final = date(9999, 12, 31)
"""Sorts what has no deadline behind everything that has one."""

_WEEK: Final = timedelta(days=7)
_KIND_UNKNOWN: Final = ProblemText(
    400, "待办类型不存在", "No such kind of task", "待办类型应为：{allowed}", "kinds of tasks: {allowed}"
)


@dataclass(frozen=True, slots=True)
class TaskSource:
    """One kind of work that waits.

    :param permission: who may do it, and therefore sees it.
    :param path: of the thing, with ``{subject_id}``.
    :param waiting: for a caller, a query made with `task_columns`; it keeps to the caller's divisions.
    """

    kind: str
    permission: str
    title_zh: str
    title_en: str
    path: str
    waiting: Callable[[Caller], Select[Any]]


def task_columns(
    *,
    subject_id: ColumnElement[Any],
    person_id: ColumnElement[Any],
    division: ColumnElement[Any],
    since: ColumnElement[Any],
    due_on: ColumnElement[Any] | None = None,
    state: ColumnElement[Any] | None = None,
) -> list[ColumnElement[Any]]:
    """What a source selects, in the shape all sources share. ``due_on``: the day it has to be done by."""
    due = literal(SOMEDAY, Date) if due_on is None else func.coalesce(due_on, literal(SOMEDAY, Date))
    return [
        subject_id.label("subject_id"),
        person_id.label("person_id"),
        division.label("division"),
        since.label("since"),
        cast(due, Date).label("due"),
        (literal("") if state is None else state).label("state"),
    ]


class TaskView(BaseModel):
    """Something that waits. ``task_id`` is the same as long as it waits for the same."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    kind: str
    title_zh: str
    title_en: str
    subject_id: UUID
    url: str
    person_id: UUID | None
    division: str
    state: str
    waiting_since: datetime
    due_on: date | None
    overdue: bool


class TaskCount(BaseModel):
    """How much of one kind waits, how much of it is late, and how much is due within a week."""

    model_config = ConfigDict(frozen=True)

    kind: str
    title_zh: str
    title_en: str
    waiting: int
    overdue: int
    due_within_a_week: int = Field(description="七日内到期")


def task_router(sources: Sequence[TaskSource]) -> Router:
    """The routes of one service."""
    router = Router(prefix="/api/v1/my-tasks", tags=["tasks"])
    by_kind = {source.kind: source for source in sources}

    @router.get("", summary="我的待办")
    async def list_tasks(
        *,
        caller: Annotated[Caller, Permit("task:read")],
        work: Annotated[UnitOfWork, Depends(open_work, scope="function")],
        page: PageAsked,
        kind: Annotated[str | None, Query(max_length=64)] = None,
        overdue: Annotated[bool, Query(description="只看已逾期的")] = False,
    ) -> Listed[TaskView]:
        """What waits for the caller, the most urgent first."""
        if kind is not None and kind not in by_kind:
            raise Problem("task_kind_unknown", text=_KIND_UNKNOWN, allowed=sorted(by_kind))
        chosen = [source for source in _permitted(sources, caller) if kind in {None, source.kind}]
        if not chosen:
            return Listed(items=[])
        tasks = _together(chosen, caller).subquery()
        query = select(tasks)
        if overdue:
            query = query.where(tasks.c.due < work.today())
        keys: list[ColumnElement[Any]] = [tasks.c.due, tasks.c.kind, tasks.c.subject_id]
        rows, following = await paginate(work.connection, query, keys, page)
        work.audit(*looks(((row.person_id, row.division) for row in rows if row.person_id), ("task",), what="read"))
        return Listed(items=[_view(row, by_kind[row.kind], work.today()) for row in rows], next=following)

    @router.get("/counts", summary="待办数量")
    async def count_tasks(
        caller: Annotated[Caller, Permit("task:read")],
        work: Annotated[UnitOfWork, Depends(open_work, scope="function")],
    ) -> Listed[TaskCount]:
        """How much of each kind waits for the caller; kinds of which nothing waits are not listed."""
        chosen = _permitted(sources, caller)
        counted = await _counts(work.connection, chosen, caller, today=work.today()) if chosen else []
        work.audit(Look(None, ("task",), "counted", count=len(counted)))
        return Listed(items=[_count(row, by_kind[row.kind]) for row in counted])

    return router


def _permitted(sources: Sequence[TaskSource], caller: Caller) -> list[TaskSource]:
    return [source for source in sources if caller.may(source.permission)]


def _together(sources: Sequence[TaskSource], caller: Caller) -> Any:
    parts = []
    for source in sources:
        waiting = source.waiting(caller).subquery()
        parts.append(select(literal(source.kind).label("kind"), waiting))
    return union_all(*parts)


async def _counts(
    connection: AsyncConnection, sources: Sequence[TaskSource], caller: Caller, *, today: date
) -> Sequence[Any]:
    tasks = _together(sources, caller).subquery()
    query = (
        select(
            tasks.c.kind,
            func.count().label("waiting"),
            func.count().filter(tasks.c.due < today).label("overdue"),
            func.count().filter(tasks.c.due >= today, tasks.c.due <= today + _WEEK).label("soon"),
        )
        .group_by(tasks.c.kind)
        .order_by(tasks.c.kind)
    )
    return (await connection.execute(query)).all()


def _view(row: Any, source: TaskSource, today: date) -> TaskView:
    return TaskView(
        task_id=f"{source.kind}/{row.subject_id}",
        kind=source.kind,
        title_zh=source.title_zh,
        title_en=source.title_en,
        subject_id=row.subject_id,
        url=source.path.format(subject_id=row.subject_id),
        person_id=row.person_id,
        division=row.division,
        state=row.state,
        waiting_since=row.since,
        due_on=None if row.due == SOMEDAY else row.due,
        overdue=row.due < today,
    )


def _count(row: Any, source: TaskSource) -> TaskCount:
    return TaskCount(
        kind=source.kind,
        title_zh=source.title_zh,
        title_en=source.title_en,
        waiting=row.waiting,
        overdue=row.overdue,
        due_within_a_week=row.soon,
    )
