"""Forms, visits and answers of the survey, in one transaction. Answers are encrypted; needs are codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row, Select, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.person_queries import width_below
from services.registry.adapters.secrets import SURVEY_ANSWERS, Secrets
from services.registry.adapters.tables_survey import survey_form, survey_visit
from services.registry.domain.survey import Answers, AnswerType, Choice, Form, FormNotFound, Item, ItemKind
from services.registry.domain.survey_visit import Visit
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope
from shared.values.person import VisitOutcome

BASIC_STATUS: Final = "BASIC_STATUS"


class Surveys:
    """The survey on PostgreSQL."""

    def __init__(self, connection: AsyncConnection, secrets: Secrets, *, recorded_by: str) -> None:
        self._connection = connection
        self._secrets = secrets
        self._recorded_by = recorded_by

    # --- forms

    async def form(self, form_id: UUID) -> Form:
        """Load and lock. Raises `FormNotFound`."""
        return await self._one_form(select(survey_form).where(survey_form.c.form_id == form_id).with_for_update())

    async def form_on(self, day: date) -> Form:
        """What is asked on a day: the newest revision in force. Raises `FormNotFound`."""
        return await self._one_form(
            select(survey_form)
            .where(survey_form.c.published_at.is_not(None), survey_form.c.valid_from <= day)
            .order_by(survey_form.c.valid_from.desc(), survey_form.c.revision.desc())
            .limit(1)
        )

    async def forms(self, page: Page) -> tuple[list[Form], str | None]:
        """Every revision, the newest first."""
        rows, following = await paginate(
            self._connection, select(survey_form), [survey_form.c.revision], page, descending=True
        )
        return [to_form(row) for row in rows], following

    async def draw_up(self, form_id: UUID, *, valid_from: date, items: tuple[Item, ...]) -> Form:
        """The next revision, as a draft. Raises `FormIsWrong`."""
        await self._connection.execute(_ONE_AT_A_TIME)
        last = await self._connection.scalar(select(func.max(survey_form.c.revision)))
        form = Form(form_id=form_id, revision=(last or 0) + 1, valid_from=valid_from, items=items)
        await self._connection.execute(
            insert(survey_form).values(
                form_id=form.form_id,
                code=BASIC_STATUS,
                revision=form.revision,
                items=[asdict(item) for item in items],
                valid_from=valid_from,
                recorded_by=self._recorded_by,
            )
        )
        return form

    async def publish(self, form: Form) -> None:
        """People are asked with it."""
        await self._connection.execute(
            update(survey_form).where(survey_form.c.form_id == form.form_id).values(published_at=func.clock_timestamp())
        )

    async def _one_form(self, query: Select[Any]) -> Form:
        row = (await self._connection.execute(query)).one_or_none()
        if row is None:
            raise FormNotFound
        return to_form(row)

    # --- visits

    async def add(self, visits: Sequence[tuple[Visit, Answers]]) -> None:
        """Insert, in one statement."""
        if visits:
            rows = [
                {
                    "visit_id": visit.visit_id,
                    "person_id": visit.person_id,
                    "year": visit.year,
                    "recorded_by": self._recorded_by,
                    **self._values(visit, answers),
                }
                for visit, answers in visits
            ]
            await self._connection.execute(insert(survey_visit), rows)

    async def save(self, visit: Visit, answers: Answers) -> None:
        """Store a correction."""
        await self._connection.execute(
            update(survey_visit)
            .where(survey_visit.c.visit_id == visit.visit_id)
            .values(year=visit.year, **self._values(visit, answers))
        )

    async def get(self, visit_id: UUID, *, within: Scope) -> Visit | None:
        """Lock and load; None outside the scope."""
        row = await self._row(visit_id, within=within)
        return None if row is None else to_visit(row)

    async def answered(self, visit_id: UUID, *, within: Scope) -> tuple[Visit, Answers] | None:
        """The same with its answers."""
        row = await self._row(visit_id, within=within)
        return None if row is None else (to_visit(row), self._answers(row))

    async def known(
        self, person_ids: Sequence[UUID], *, within: Scope
    ) -> dict[tuple[UUID, int], tuple[Visit, Answers]]:
        """Every visit of these persons, by person and year."""
        rows = await self._connection.execute(
            select(survey_visit).where(
                survey_visit.c.person_id.in_(set(person_ids)), inside(survey_visit.c.division, within)
            )
        )
        return {(row.person_id, row.year): (to_visit(row), self._answers(row)) for row in rows}

    async def page(
        self,
        page: Page,
        *,
        within: Scope,
        year: int | None = None,
        outcome: VisitOutcome | None = None,
        person_id: UUID | None = None,
        need: str | None = None,
    ) -> tuple[list[Visit], str | None]:
        """A page of visits, by year and division."""
        query = select(survey_visit).where(inside(survey_visit.c.division, within))
        if year is not None:
            query = query.where(survey_visit.c.year == year)
        if outcome is not None:
            query = query.where(survey_visit.c.outcome == outcome.value)
        if person_id is not None:
            query = query.where(survey_visit.c.person_id == person_id)
        if need is not None:
            query = query.where(func.strpos(survey_visit.c.needs, need) > 0)
        keys = [survey_visit.c.year, survey_visit.c.division, survey_visit.c.visit_id]
        rows, following = await paginate(self._connection, query, keys, page)
        return [to_visit(row) for row in rows], following

    async def progress(self, division: Division, *, year: int, within: Scope) -> Mapping[str, Mapping[str, int]]:
        """How the visits of a year ended, by the divisions one level below: division -> outcome -> how many."""
        below = func.left(survey_visit.c.division, width_below(division)).label("below")
        rows = await self._connection.execute(
            select(below, survey_visit.c.outcome, func.count().label("visits"))
            .where(survey_visit.c.year == year, inside(survey_visit.c.division, within.narrowed_to(division)))
            .group_by(below, survey_visit.c.outcome)
            .order_by(below)
        )
        counted: dict[str, dict[str, int]] = {}
        for row in rows:
            counted.setdefault(row.below, {})[row.outcome] = row.visits
        return counted

    async def _row(self, visit_id: UUID, *, within: Scope) -> Row[Any] | None:
        return (
            await self._connection.execute(
                select(survey_visit)
                .where(survey_visit.c.visit_id == visit_id, inside(survey_visit.c.division, within))
                .with_for_update()
            )
        ).one_or_none()

    def _values(self, visit: Visit, answers: Answers) -> dict[str, Any]:
        told = orjson.dumps(dict(answers), option=orjson.OPT_SORT_KEYS).decode() if answers else None
        return {
            "version": visit.version,
            "division": visit.division.code,
            "form_id": visit.form_id,
            "outcome": visit.outcome.value,
            "visited_on": visit.visited_on,
            "needs": visit.needs_text,
            "answers_cipher": self._secrets.seal_text(told, SURVEY_ANSWERS, visit.visit_id.bytes),
        }

    def _answers(self, row: Row[Any]) -> dict[str, Any]:
        told = self._secrets.open_text(row.answers_cipher, SURVEY_ANSWERS, row.visit_id.bytes)
        return {} if told is None else dict(orjson.loads(told))


_ONE_AT_A_TIME: Final = text("LOCK TABLE survey_form IN SHARE ROW EXCLUSIVE MODE")


def to_form(row: Row[Any]) -> Form:
    """A row of ``survey_form``."""
    return Form(
        form_id=row.form_id,
        revision=row.revision,
        valid_from=row.valid_from,
        items=tuple(to_item(item) for item in row.items),
        is_published=row.published_at is not None,
    )


def to_item(told: Mapping[str, Any]) -> Item:
    """An item as it is stored."""
    return Item(
        code=told["code"],
        kind=ItemKind(told["kind"]),
        type=AnswerType(told["type"]),
        group=told["group"],
        zh=told["zh"],
        en=told["en"],
        choices=tuple(Choice(**choice) for choice in told["choices"]),
    )


def to_visit(row: Row[Any]) -> Visit:
    """A row of ``survey_visit``."""
    return Visit(
        visit_id=row.visit_id,
        person_id=row.person_id,
        version=row.version,
        division=Division(row.division),
        form_id=row.form_id,
        year=row.year,
        outcome=VisitOutcome(row.outcome),
        visited_on=row.visited_on,
        needs=frozenset(row.needs.split(";")) - {""},
    )
