"""Applications: rows ↔ domain, scoped to every county that has a part in the case."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Row, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from services.registry.adapters.secrets import Secrets
from services.registry.adapters.tables import (
    application,
    application_paper,
    application_step,
    conclusion,
    objection,
    public_notice,
)
from services.registry.domain.application import Application, Channel, Outcome, RejectionReason, Wish
from services.registry.domain.application_state import ApplicationState, ApplicationStep, Matter
from services.registry.domain.assessment import Conclusion, Institution, standard_on
from services.registry.domain.certificate import CancellationReason
from services.registry.domain.objection import Objection, ObjectionState
from services.registry.domain.papers import Paper
from services.registry.use_cases.application_ports import PaperReceived
from shared.kit.audit import Change
from shared.kit.scoping import inside
from shared.values.certificate_number import CertificateNumber
from shared.values.disability import Component, Disability, DisabilityCategory
from shared.values.division import Division, Scope

PERMIT, REASON, CARD_NUMBER, FINDINGS, OBJECTION = (
    b"application.permit",
    b"application.reason",
    b"application.number",
    b"assessment_conclusion.findings",
    b"objection.words",
)
_LEVELS: Final = {
    ApplicationState.DISPUTE_CITY: "CITY",
    ApplicationState.DISPUTE_PROVINCE: "PROVINCE",
}


def has_a_part(scope: Scope) -> ColumnElement[bool]:
    """The cases somebody sees: of the home county, of the county that took it in, of the one a transfer leaves."""
    return or_(
        inside(application.c.home, scope), inside(application.c.acceptance, scope), inside(application.c.leaving, scope)
    )


def digits(categories: Collection[DisabilityCategory]) -> str:
    """Categories as a column keeps them."""
    return "".join(str(category) for category in sorted(categories))


def categories_of(text: str) -> frozenset[DisabilityCategory]:
    """The reverse."""
    return frozenset(DisabilityCategory(int(digit)) for digit in text)


def components_of(text: str) -> Disability:
    """A disability from its components, ``4:2;6:3``."""
    return Disability.of(Component.parse(part) for part in text.split(";"))


def to_application(row: Row[Any]) -> Application:
    """A row of ``application``."""
    return Application(
        application_id=row.application_id,
        person_id=row.person_id,
        version=row.version,
        matter=Matter(row.matter),
        channel=Channel(row.channel),
        state=ApplicationState(row.state),
        home=Division(row.home),
        acceptance=Division(row.acceptance),
        leaving=None if row.leaving is None else Division(row.leaving),
        certificate_id=row.certificate_id,
        wish=Wish(
            categories=categories_of(row.categories),
            state_changed=row.state_changed,
            visible_limb_loss=row.visible_limb_loss,
            cancellation=None if row.cancellation is None else CancellationReason(row.cancellation),
            event_date=row.event_date,
        ),
        submitted_on=row.submitted_on,
        entered_on=row.entered_on,
        due_on=row.due_on,
        warn_on=row.warn_on,
        completion_asked=row.completion_asked,
        asked_papers=frozenset(Paper(word) for word in row.asked_papers.split()),
        needs_assessment=row.needs_assessment,
        institution_id=row.institution_id,
        outcome=_outcome(row.concluded_on, row.found),
        notice_until=row.notice_until,
        decided_on=row.decided_on,
        rejection=None if row.rejection is None else RejectionReason(row.rejection),
        produced_on=row.produced_on,
        dispute=_outcome(row.dispute_on, row.dispute_found),
        rating=row.rating,
    )


def _outcome(on: Any, found: str | None) -> Outcome | None:
    if on is None:
        return None
    return Outcome(concluded_on=on, disability=None if found is None else components_of(found))


def application_values(one: Application) -> dict[str, Any]:
    """The columns of an application but for what is encrypted."""
    return {
        "application_id": one.application_id,
        "person_id": one.person_id,
        "version": one.version,
        "matter": one.matter.value,
        "channel": one.channel.value,
        "state": one.state.value,
        "home": one.home.code,
        "acceptance": one.acceptance.code,
        "leaving": None if one.leaving is None else one.leaving.code,
        "certificate_id": one.certificate_id,
        "categories": digits(one.wish.categories),
        "state_changed": one.wish.state_changed,
        "visible_limb_loss": one.wish.visible_limb_loss,
        "cancellation": None if one.wish.cancellation is None else one.wish.cancellation.value,
        "event_date": one.wish.event_date,
        "submitted_on": one.submitted_on,
        "entered_on": one.entered_on,
        "due_on": one.due_on,
        "warn_on": one.warn_on,
        "completion_asked": one.completion_asked,
        "asked_papers": " ".join(sorted(one.asked_papers)),
        "needs_assessment": one.needs_assessment,
        "institution_id": one.institution_id,
        "concluded_on": None if one.outcome is None else one.outcome.concluded_on,
        "found": _found(one.outcome),
        "notice_until": one.notice_until,
        "decided_on": one.decided_on,
        "rejection": None if one.rejection is None else one.rejection.value,
        "produced_on": one.produced_on,
        "dispute_on": None if one.dispute is None else one.dispute.concluded_on,
        "dispute_found": _found(one.dispute),
        "rating": one.rating,
    }


def _found(outcome: Outcome | None) -> str | None:
    return None if outcome is None or outcome.disability is None else outcome.disability.components_text


class SqlApplications:
    """`Applications` on PostgreSQL. Each step says who took it, from which client, in which request."""

    def __init__(
        self,
        connection: AsyncConnection,
        secrets: Secrets,
        audit: Callable[[Change], None],
        *,
        recorded_by: str,
        client_id: str,
        trace_id: str,
    ) -> None:
        self._connection = connection
        self._secrets = secrets
        self._audit = audit
        self._by = recorded_by
        self._origin = {"recorded_by": recorded_by, "client_id": client_id, "trace_id": trace_id}

    async def get(self, application_id: UUID, *, within: Scope) -> Application | None:
        """Lock and load; None when no county of the case lies in the scope."""
        row = (
            await self._connection.execute(
                select(application)
                .where(application.c.application_id == application_id, has_a_part(within))
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else to_application(row)

    async def add(self, one: Application, *, permit: str | None = None, follows: UUID | None = None) -> bool:
        """Insert with its first step; False when the person has an open application."""
        inserted = await self._connection.execute(
            postgresql.insert(application)
            .values(
                **application_values(one),
                permit_cipher=self._secrets.seal_text(permit, PERMIT, one.application_id.bytes),
                follows=follows,
                recorded_by=self._by,
            )
            .on_conflict_do_nothing()
            .returning(application.c.application_id)
        )
        if inserted.one_or_none() is None:
            return False
        await self._add_step(one, None, "submit")
        after = {"application_id": one.application_id, "matter": one.matter, "state": one.state}
        self._audit(Change(one.person_id, "application.submitted", after=after, division=one.home.code))
        return True

    async def save(self, before: Application, after: Application, step: ApplicationStep, words: str | None) -> None:
        """Store the changed row and the step that changed it."""
        told: dict[str, Any] = {}
        if words is not None:
            told = {"reason_cipher": self._secrets.seal_text(words, REASON, after.application_id.bytes)}
        await self._connection.execute(
            update(application)
            .where(application.c.application_id == after.application_id)
            .values(**application_values(after), **told)
        )
        await self._connection.execute(
            update(application_step)
            .where(application_step.c.application_id == after.application_id, application_step.c.left_on.is_(None))
            .values(left_on=after.entered_on)
        )
        await self._add_step(after, before.state, step.value)
        what = {"application_id": after.application_id, "state": after.state}
        self._audit(
            Change(
                after.person_id,
                f"application.{step.value}",
                before={"state": before.state},
                after=what,
                division=after.home.code,
            )
        )

    async def _add_step(self, one: Application, source: ApplicationState | None, step: str) -> None:
        await self._connection.execute(
            insert(application_step).values(
                application_id=one.application_id,
                ordinal=one.version,
                step=step,
                source=None if source is None else source.value,
                target=one.state.value,
                desk=one.desk.code,
                matter=one.matter.value,
                entered_on=one.entered_on,
                due_on=one.due_on,
                **self._origin,
            )
        )

    async def rate(self, one: Application, *, within: Scope) -> None:
        """Store what the applicant thinks of it."""
        await self._connection.execute(
            update(application)
            .where(application.c.application_id == one.application_id, has_a_part(within))
            .values(rating=one.rating, version=one.version)
        )
        self._audit(Change(one.person_id, "application.rated", after={"rating": one.rating}, division=one.home.code))

    async def receive(self, one: Application, papers: Collection[PaperReceived], *, within: Scope) -> None:
        """Keep papers; one that was received before is replaced."""
        assert within.covers(one.home)
        if not papers:
            return
        statement = postgresql.insert(application_paper).values(
            [
                {
                    "application_id": one.application_id,
                    "paper": each.paper.value,
                    "blob_id": each.blob_id,
                    "received_on": one.entered_on,
                    "recorded_by": self._by,
                }
                for each in papers
            ]
        )
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["application_id", "paper"],
                set_={name: statement.excluded[name] for name in ("blob_id", "received_on", "recorded_by")},
            )
        )

    async def papers(self, one: Application, *, within: Scope) -> frozenset[Paper]:
        """What was received."""
        found = await self._connection.scalars(
            select(application_paper.c.paper)
            .join(application, application.c.application_id == application_paper.c.application_id)
            .where(application_paper.c.application_id == one.application_id, has_a_part(within))
        )
        return frozenset(Paper(word) for word in found)

    async def print_number(self, one: Application, number: CertificateNumber, *, within: Scope) -> None:
        """Keep the number that is on the card."""
        sealed = self._secrets.seal_text(number.number, CARD_NUMBER, one.application_id.bytes)
        await self._connection.execute(
            update(application)
            .where(application.c.application_id == one.application_id, has_a_part(within))
            .values(number_cipher=sealed)
        )

    async def printed_number(self, one: Application, *, within: Scope) -> CertificateNumber:
        """The number that is on the card."""
        sealed = await self._connection.scalar(
            select(application.c.number_cipher).where(
                application.c.application_id == one.application_id, has_a_part(within)
            )
        )
        assert sealed is not None, "a card that was produced has a number"
        return CertificateNumber(self._secrets.open(sealed, CARD_NUMBER, one.application_id.bytes))

    async def keep_conclusion(self, one: Application, told: Conclusion, by: Institution, *, within: Scope) -> None:
        """Store what was concluded; measures and signatures are a diagnosis and names: encrypted."""
        assert within.covers(one.home)
        conclusion_id = uuid7()
        detail = {
            "measures": [
                {"component": str(each.component), **{name.value: str(value) for name, value in each.measures.items()}}
                for each in told.findings
            ],
            "physicians": [{"licence": each.licence, "name": each.name.clear} for each in told.physicians],
        }
        await self._connection.execute(
            insert(conclusion).values(
                conclusion_id=conclusion_id,
                application_id=one.application_id,
                institution_id=by.institution_id,
                level=_LEVELS.get(one.state, "FIRST"),
                assessed_on=told.assessed_on,
                mode=told.mode.value,
                standard=standard_on(told.assessed_on).name,
                found=None if told.disability is None else told.disability.components_text,
                findings_cipher=self._secrets.seal_text(orjson.dumps(detail).decode(), FINDINGS, conclusion_id.bytes),
                recorded_by=self._by,
            )
        )

    async def post_notice(self, one: Application, *, within: Scope) -> UUID:
        """Store what is posted, and where: the village of whoever took the case in."""
        assert within.covers(one.acceptance)
        notice_id = uuid7()
        await self._connection.execute(
            insert(public_notice).values(
                notice_id=notice_id,
                application_id=one.application_id,
                division=one.acceptance.code,
                posted_on=one.entered_on,
                until=one.notice_until,
                recorded_by=self._by,
            )
        )
        return notice_id

    async def end_notices(self, one: Application, *, within: Scope) -> None:
        """Nothing of the case is posted any more."""
        assert within.covers(one.acceptance)
        await self._connection.execute(
            update(public_notice)
            .where(public_notice.c.application_id == one.application_id, public_notice.c.ended_on.is_(None))
            .values(ended_on=func.greatest(public_notice.c.posted_on, one.entered_on))
        )

    async def object(self, one: Objection, *, within: Scope) -> None:
        """Store an objection."""
        assert within.is_everywhere
        await self._connection.execute(
            insert(objection).values(
                objection_id=one.objection_id,
                application_id=one.application_id,
                filed_on=one.filed_on,
                words_cipher=self._secrets.seal_text(one.words, OBJECTION, one.objection_id.bytes),
                evidence_id=one.evidence_id,
                state=one.state.value,
                recorded_by=self._by,
            )
        )

    async def objection(self, objection_id: UUID, one: Application, *, within: Scope) -> Objection | None:
        """Lock and load an objection to the case."""
        row = (
            await self._connection.execute(
                select(objection)
                .where(
                    objection.c.objection_id == objection_id,
                    objection.c.application_id == one.application_id,
                    objection.c.application_id.in_(select(application.c.application_id).where(has_a_part(within))),
                )
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else self._to_objection(row)

    def _to_objection(self, row: Row[Any]) -> Objection:
        return Objection(
            objection_id=row.objection_id,
            application_id=row.application_id,
            filed_on=row.filed_on,
            words=self._secrets.open(row.words_cipher, OBJECTION, row.objection_id.bytes),
            evidence_id=row.evidence_id,
            state=ObjectionState(row.state),
            decided_on=row.decided_on,
        )

    async def decide_objection(self, one: Objection, *, within: Scope) -> None:
        """Store what was decided."""
        assert within.is_everywhere
        await self._connection.execute(
            update(objection)
            .where(objection.c.objection_id == one.objection_id)
            .values(state=one.state.value, decided_on=one.decided_on, decided_by=self._by)
        )

    async def open_objections(self, one: Application, *, within: Scope) -> int:
        """How many wait for an answer."""
        assert within.is_everywhere
        waiting = await self._connection.scalar(
            select(func.count())
            .select_from(objection)
            .where(objection.c.application_id == one.application_id, objection.c.state == ObjectionState.OPEN.value)
        )
        return int(waiting or 0)
