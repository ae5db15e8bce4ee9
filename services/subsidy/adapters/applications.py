"""Applications: rows ↔ domain, scoped to the two places that have a part in a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from services.subsidy.adapters.tables_application import application, application_step, objection, public_notice
from services.subsidy.domain.application import Application, Channel, FiledBy, Hands, Paper, RefusalReason, Remote
from services.subsidy.domain.application_state import ApplicationState, ApplicationStep
from services.subsidy.domain.objection import Objection, ObjectionState
from services.subsidy.domain.verdict import Verdict
from services.subsidy.use_cases.application_ports import Reason, Sealed
from shared.kit.audit import Change
from shared.kit.scoping import inside
from shared.values.award import Scheme
from shared.values.division import Division, Scope

_REMOTE = ("push_by", "pushed_on", "decide_by", "tell_by", "pushed_late", "decided_late", "told_late")
_HANDS = ("accepted_by", "checked_by", "reviewed_by", "refused_by")


def has_a_part(scope: Scope) -> ColumnElement[bool]:
    """The cases somebody sees: of the home authority, and of the place that took it in."""
    return or_(inside(application.c.home, scope), inside(application.c.acceptance, scope))


def to_application(row: Row[Any]) -> Application:
    """A row of ``application``."""
    return Application(
        application_id=row.application_id,
        person_id=row.person_id,
        version=row.version,
        scheme=Scheme(row.scheme),
        channel=Channel(row.channel),
        filed_by=FiledBy(row.filed_by),
        state=ApplicationState(row.state),
        home=Division(row.home),
        acceptance=Division(row.acceptance),
        application_date=row.application_date,
        entered_on=row.entered_on,
        due_on=row.due_on,
        remote=Remote(**{name: getattr(row, name) for name in _REMOTE}) if row.remote else None,
        hands=Hands(**{name: getattr(row, name) for name in _HANDS}),
        papers=_papers(row.papers),
        asked_papers=_papers(row.asked_papers),
        verdict=None if row.failing is None else Verdict(tuple(row.failing.split()), row.amount_fen, row.problem),
        notice_until=row.notice_until,
        decided_on=row.decided_on,
        told_on=row.told_on,
        refusal=None if row.refusal is None else RefusalReason(row.refusal),
        award_id=row.award_id,
    )


def _papers(words: str) -> frozenset[Paper]:
    return frozenset(Paper(word) for word in words.split())


def _values(one: Application) -> dict[str, Any]:
    """The columns of an application but for what is encrypted."""
    remote = one.remote or Remote()
    return {
        "application_id": one.application_id,
        "person_id": one.person_id,
        "version": one.version,
        "scheme": one.scheme.value,
        "channel": one.channel.value,
        "filed_by": one.filed_by.value,
        "state": one.state.value,
        "home": one.home.code,
        "acceptance": one.acceptance.code,
        "application_date": one.application_date,
        "entered_on": one.entered_on,
        "due_on": one.due_on,
        "remote": one.remote is not None,
        **{name: getattr(remote, name) for name in _REMOTE},
        **{name: getattr(one.hands, name) for name in _HANDS},
        "papers": " ".join(sorted(one.papers)),
        "asked_papers": " ".join(sorted(one.asked_papers)),
        **_said(one.verdict),
        "problem": None if one.verdict is None else one.verdict.problem,
        "notice_until": one.notice_until,
        "decided_on": one.decided_on,
        "told_on": one.told_on,
        "refusal": None if one.refusal is None else one.refusal.value,
        "award_id": one.award_id,
    }


def _said(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {"failing": None, "amount_fen": None}
    return {"failing": " ".join(verdict.failing), "amount_fen": verdict.amount_fen}


class SqlApplications:
    """`use_cases.application_ports.Applications` on PostgreSQL. Each step says who took it, and in which request."""

    def __init__(
        self,
        connection: AsyncConnection,
        *,
        audit: Callable[..., None],
        recorded_by: str,
        client_id: str,
        trace_id: str,
    ) -> None:
        self._connection = connection
        self._audit = audit
        self._by = recorded_by
        self._origin = {"recorded_by": recorded_by, "client_id": client_id, "trace_id": trace_id}

    async def get(self, application_id: UUID, *, within: Scope) -> Application | None:
        """Lock and load."""
        row = (
            await self._connection.execute(
                select(application)
                .where(application.c.application_id == application_id, has_a_part(within))
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else to_application(row)

    async def add(self, one: Application, form: Sealed) -> bool:
        """Insert with its first step; False when the person has an open application of the scheme."""
        inserted = await self._connection.execute(
            postgresql.insert(application)
            .values(**_values(one), **form)
            .on_conflict_do_nothing()
            .returning(application.c.application_id)
        )
        if inserted.one_or_none() is None:
            return False
        await self._add_step(one, None, "submit")
        self._audit(_told(one, "application.submitted", None))
        return True

    async def save(
        self, before: Application, after: Application, step: ApplicationStep, reason: Reason | None = None
    ) -> bool:
        """Store what a step changed, and the step; False when the person has another open application."""
        words = {} if reason is None else {"reason_cipher": reason.sealed_words}
        if not await self._update(after, words):
            return False
        await self._connection.execute(
            update(application_step)
            .where(application_step.c.application_id == after.application_id, application_step.c.left_on.is_(None))
            .values(left_on=after.entered_on)
        )
        await self._add_step(after, before.state, step.value)
        self._audit(_told(after, f"application.{step.value}", before))
        return True

    async def _update(self, after: Application, words: Mapping[str, bytes]) -> bool:
        try:
            async with self._connection.begin_nested():
                await self._connection.execute(
                    update(application)
                    .where(application.c.application_id == after.application_id)
                    .values(**_values(after), **words)
                )
        except IntegrityError as error:
            if "uq_application_open" in str(error.orig):
                return False
            raise
        return True

    async def tell(self, after: Application) -> None:
        """Store that the applicant was told."""
        await self._update(after, {})
        self._audit(_told(after, "application.told", None))

    async def _add_step(self, one: Application, source: ApplicationState | None, step: str) -> None:
        await self._connection.execute(
            insert(application_step).values(
                application_id=one.application_id,
                ordinal=one.version,
                step=step,
                source=None if source is None else source.value,
                target=one.state.value,
                desk=one.desk.code,
                entered_on=one.entered_on,
                due_on=one.due_on,
                **_said(one.verdict),
                **self._origin,
            )
        )

    async def post_notice(self, one: Application, division: Division) -> None:
        """Store what is posted, and where."""
        assert one.verdict is not None
        await self._connection.execute(
            insert(public_notice).values(
                notice_id=uuid7(),
                application_id=one.application_id,
                division=division.code,
                amount_fen=one.verdict.amount_fen or 0,
                posted_on=one.entered_on,
                until=one.notice_until,
                recorded_by=self._by,
            )
        )

    async def end_notices(self, one: Application) -> None:
        """Nothing of the case is posted any more."""
        await self._connection.execute(
            update(public_notice)
            .where(public_notice.c.application_id == one.application_id, public_notice.c.ended_on.is_(None))
            .values(ended_on=func.greatest(public_notice.c.posted_on, one.entered_on))
        )

    async def object(self, one: Objection) -> None:
        """Store an objection."""
        await self._connection.execute(
            insert(objection).values(
                objection_id=one.objection_id,
                application_id=one.application_id,
                filed_on=one.filed_on,
                words_cipher=one.sealed_words,
                state=one.state.value,
                recorded_by=self._by,
            )
        )

    async def objection(self, objection_id: UUID, one: Application, *, within: Scope) -> Objection | None:
        """Lock and load an objection to the case."""
        column = objection.c
        row = (
            await self._connection.execute(
                select(objection)
                .where(
                    column.objection_id == objection_id,
                    column.application_id == one.application_id,
                    column.application_id.in_(select(application.c.application_id).where(has_a_part(within))),
                )
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else _to_objection(row)

    async def decide_objection(self, one: Objection) -> None:
        """Store what was decided."""
        await self._connection.execute(
            update(objection)
            .where(objection.c.objection_id == one.objection_id)
            .values(state=one.state.value, decided_on=one.decided_on, decided_by=self._by)
        )

    async def open_objections(self, one: Application, *, within: Scope) -> int:
        """How many wait for an answer."""
        waiting = await self._connection.scalar(
            select(func.count())
            .select_from(objection)
            .join(application, application.c.application_id == objection.c.application_id)
            .where(
                objection.c.application_id == one.application_id,
                objection.c.state == ObjectionState.OPEN.value,
                has_a_part(within),
            )
        )
        return int(waiting or 0)


def _to_objection(row: Row[Any]) -> Objection:
    return Objection(
        objection_id=row.objection_id,
        application_id=row.application_id,
        filed_on=row.filed_on,
        sealed_words=None if row.words_cipher is None else bytes(row.words_cipher),
        state=ObjectionState(row.state),
        decided_on=row.decided_on,
    )


def _told(one: Application, what: str, before: Application | None) -> Change:
    after = {"application_id": one.application_id, "scheme": one.scheme, "state": one.state}
    return Change(
        one.person_id,
        what,
        before=None if before is None else {"state": before.state},
        after=after,
        division=one.home.code,
    )
