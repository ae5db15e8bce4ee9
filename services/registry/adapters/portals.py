"""Cases of portals on PostgreSQL: handed in once, told back step by step, reconciled by counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.tables_application import application
from services.registry.adapters.tables_portal import portal_case, portal_count
from services.registry.adapters.turns import one_at_a_time
from services.registry.domain.application_state import OPEN, Matter
from services.registry.domain.portal import PortalCase
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope


@dataclass(frozen=True, slots=True)
class Counted:
    """How many cases of a matter the portal took in on a day, for one county."""

    matter: Matter
    county: Division
    counted: int


@dataclass(frozen=True, slots=True)
class StepToTell:
    """A step of a case the portal does not know of yet."""

    intake_id: UUID
    case_no: str
    application_id: UUID
    ordinal: int
    state: str
    entered_on: date
    due_on: date | None


class Portals:
    """One transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def found(self, portal: str, case_no: str) -> PortalCase | None:
        """What was handed in under this number; whoever asks next for the same waits for this transaction."""
        await one_at_a_time(self._connection, "portal_case", portal, case_no)
        row = await self._row(portal, case_no)
        return None if row is None else to_case(row)

    async def add(self, case: PortalCase) -> None:
        """Insert."""
        await self._connection.execute(
            insert(portal_case).values(
                intake_id=case.intake_id,
                portal=case.portal,
                case_no=case.case_no,
                matter=case.matter.value,
                division=case.division.code,
                received_on=case.received_on,
                person_id=case.person_id,
                application_id=case.application_id,
            )
        )

    async def page(
        self, page: Page, *, within: Scope, portal: str | None, received_on: date | None
    ) -> tuple[list[tuple[PortalCase, str]], str | None]:
        """A page of cases and the states they are in."""
        query = (
            select(portal_case, application.c.state)
            .join(application, application.c.application_id == portal_case.c.application_id)
            .where(inside(portal_case.c.division, within))
        )
        if portal is not None:
            query = query.where(portal_case.c.portal == portal)
        if received_on is not None:
            query = query.where(portal_case.c.received_on == received_on)
        rows, following = await paginate(
            self._connection, query, [portal_case.c.division, portal_case.c.intake_id], page
        )
        return [(to_case(row), row.state) for row in rows], following

    async def count(self, portal: str, day: date, counted: Iterable[Counted]) -> None:
        """What the portal counted on a day takes the place of what it said of that day before."""
        await self._connection.execute(_FORGET_DAY, {"portal": portal, "day": day})
        rows = [
            {
                "portal": portal,
                "day": day,
                "matter": each.matter.value,
                "county": each.county.code,
                "counted": each.counted,
            }
            for each in counted
        ]
        if rows:
            await self._connection.execute(insert(portal_count), rows)

    async def reconciled(
        self, *, first: date, last: date, within: Scope, portal: str | None = None
    ) -> Sequence[Row[Any]]:
        """Portal, day, matter, county: how many the portal counted (null: it did not say), and how many are here."""
        return (
            await self._connection.execute(
                _RECONCILED,
                {
                    "first": first,
                    "last": last,
                    "portal": portal,
                    "everywhere": within.is_everywhere,
                    "within": [f"{prefix}%" for prefix in within.prefixes],
                },
            )
        ).all()

    async def rate(self, *, first: date, last: date, within: Scope) -> tuple[int, int]:
        """(cases that began and ended inside a portal, all cases) of those submitted in the period (KPI-35)."""
        row = (
            await self._connection.execute(
                select(
                    func.count(portal_case.c.intake_id).filter(application.c.state.not_in(OPEN)),
                    func.count(),
                )
                .select_from(application)
                .outerjoin(portal_case, portal_case.c.application_id == application.c.application_id)
                .where(
                    application.c.submitted_on.between(first, last),
                    inside(application.c.acceptance, within),
                )
            )
        ).one()
        return row[0], row[1]

    async def to_tell(self, portal: str, *, limit: int) -> list[StepToTell]:
        """Steps the portal does not know of, case by case, in order."""
        rows = await self._connection.execute(_TO_TELL, {"portal": portal, "limit": limit})
        return [StepToTell(*row) for row in rows]

    async def told(self, step: StepToTell) -> None:
        """The portal knows of the step."""
        await self._connection.execute(_TOLD, {"intake": step.intake_id, "ordinal": step.ordinal})

    async def waiting(self, portal: str) -> int:
        """How many cases have steps that the portal does not know of."""
        count = await self._connection.scalar(
            select(func.count()).where(portal_case.c.waiting, portal_case.c.portal == portal)
        )
        return int(count or 0)

    async def _row(self, portal: str, case_no: str) -> Row[Any] | None:
        return (
            await self._connection.execute(
                select(portal_case).where(portal_case.c.portal == portal, portal_case.c.case_no == case_no)
            )
        ).one_or_none()


def to_case(row: Row[Any]) -> PortalCase:
    """A row of ``portal_case``."""
    return PortalCase(
        intake_id=row.intake_id,
        portal=row.portal,
        case_no=row.case_no,
        matter=Matter(row.matter),
        division=Division(row.division),
        received_on=row.received_on,
        person_id=row.person_id,
        application_id=row.application_id,
    )


_FORGET_DAY: Final = text("DELETE FROM portal_count WHERE portal = :portal AND day = :day")
_RECONCILED: Final = text(
    "WITH here AS (SELECT portal, received_on AS day, matter, left(division, 6) AS county, count(*) AS taken "
    "FROM portal_case WHERE received_on BETWEEN :first AND :last GROUP BY 1, 2, 3, 4), "
    "there AS (SELECT portal, day, matter, county, counted FROM portal_count WHERE day BETWEEN :first AND :last) "
    "SELECT portal, day, matter, county, there.counted, coalesce(here.taken, 0) AS taken "
    "FROM here FULL JOIN there USING (portal, day, matter, county) "
    "WHERE (CAST(:portal AS text) IS NULL OR portal = :portal) "
    "AND (:everywhere OR county LIKE ANY(CAST(:within AS text[]))) ORDER BY day, portal, county, matter"
)
_TO_TELL: Final = text(
    "SELECT p.intake_id, p.case_no, p.application_id, s.ordinal, s.target, s.entered_on, s.due_on "
    "FROM (SELECT * FROM portal_case WHERE portal = :portal AND waiting ORDER BY intake_id LIMIT :limit) p "
    "JOIN application_step s ON s.application_id = p.application_id AND s.ordinal > p.told "
    "ORDER BY p.intake_id, s.ordinal"
)
_TOLD: Final = text(
    "UPDATE portal_case p SET told = :ordinal, waiting = EXISTS (SELECT 1 FROM application_step s "
    "WHERE s.application_id = p.application_id AND s.ordinal > :ordinal) WHERE p.intake_id = :intake"
)
