"""Suspects as they stand, with their steps and papers: work lists, and the steps people take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.subsidy.adapters import records
from services.subsidy.adapters.tables import award, working_days
from services.subsidy.adapters.tables_comparison import suspect, suspect_paper, suspect_step
from services.subsidy.adapters.words import Words
from services.subsidy.adapters.work import SubsidyWork
from services.subsidy.domain.comparison.checks import Action
from services.subsidy.domain.comparison.suspect import Suspect, SuspectState, SuspectStep, Timing
from shared.kit.calendar import working_days as working_days_of
from shared.kit.crypto import Keys
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.award import AwardStatus
from shared.values.division import Division, Scope
from shared.values.month import Month

WORDS: Final = b"suspect_step.words"
_NOWHERE: Final = "10"
"""No province has this code: what holds there holds in the whole country."""
_SAME: Final = (
    "suspect_id",
    "person_id",
    "division",
    "facts",
    "due_on",
    "cleared",
    "judgment_seen",
    "reopened",
)

_DISTRIBUTE: Final = text(f"""
WITH chosen AS (
  SELECT s.suspect_id, s.state AS state_before, left(p.division, 9) AS township
    FROM suspect s JOIN copy_registry_person p ON p.person_id = s.person_id
   WHERE s.state = '{SuspectState.NEW}' AND starts_with(s.division, :division) AND length(p.division) >= 9
     AND starts_with(left(p.division, 9), s.division)
   ORDER BY s.suspect_id FOR UPDATE OF s),
changed AS (
  UPDATE suspect s SET version = s.version + 1, state = '{SuspectState.DISTRIBUTED}', division = c.township,
         due_on = :due_on
    FROM chosen c WHERE c.suspect_id = s.suspect_id RETURNING s.*, c.state_before),
step AS (
  INSERT INTO suspect_step (suspect_id, version, step, state_before, state, division, due_on, recorded_by)
  SELECT suspect_id, version, '{SuspectStep.DISTRIBUTE}', state_before, state, division, due_on, :by FROM changed)
SELECT person_id FROM changed""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A suspect with its version, what shows it and when it was found."""

    suspect: Suspect
    version: int
    evidence: dict[str, Any]
    found_at: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a work list is narrowed to."""

    division: Division | None = None
    check: str | None = None
    state: SuspectState | None = None
    person_id: UUID | None = None
    overdue: bool | None = None
    holds: bool | None = None


class SuspectWords:
    """Seals and opens what people write at a step: it may name anybody."""

    def __init__(self, keys: Keys) -> None:
        self._words = Words(keys)

    def sealed(self, words: str, suspect_id: UUID) -> bytes:
        """Encrypted, for the column."""
        return self._words.sealed(words, WORDS, suspect_id)

    def opened(self, row: Any) -> str | None:
        """The words of a step; None: none were written, or they are forgotten."""
        return self._words.opened(row.words_cipher, WORDS, row.suspect_id)


async def timing(work: SubsidyWork, division: str | None) -> Timing:
    """Today, and the working days of a division (None: of the country)."""
    here = Division(division or _NOWHERE)
    return Timing(work.today(), await working_days_of(work.connection, working_days, here))


async def page_of(
    connection: AsyncConnection, page: Page, asked: Asked, *, within: Scope, today: date
) -> tuple[list[Filed], str | None]:
    """A page of a work list."""
    query = select(suspect).where(and_(*_narrowed(asked, within, today)))
    if asked.person_id is not None:
        query = query.where(suspect.c.person_id.in_(await records.every(connection, asked.person_id)))
    rows, following = await paginate(connection, query, [suspect.c.suspect_id], page)
    return [_filed(row) for row in rows], following


def _narrowed(asked: Asked, within: Scope, today: date) -> list[ColumnElement[bool]]:
    column = suspect.c
    where = [inside(column.division, within if asked.division is None else within.narrowed_to(asked.division))]
    wanted = ((column.check_id, asked.check), (column.state, asked.state))
    where += [each == value for each, value in wanted if value is not None]
    if asked.holds is not None:
        where.append(column.holds.is_(asked.holds))
    if asked.overdue is not None:
        late = and_(column.due_on.is_not(None), column.due_on < today)
        where.append(late if asked.overdue else ~func.coalesce(late, False))
    return where


async def get(connection: AsyncConnection, suspect_id: UUID, *, within: Scope, lock: bool = False) -> Filed | None:
    """One suspect; None outside the scope. ``lock``: two clerks follow one another."""
    query = select(suspect).where(suspect.c.suspect_id == suspect_id, inside(suspect.c.division, within))
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else _filed(row)


async def of_person(connection: AsyncConnection, person_id: UUID) -> list[Filed]:
    """Every suspicion about a person, oldest first."""
    query = select(suspect).where(suspect.c.person_id == person_id).order_by(suspect.c.found_at, suspect.c.suspect_id)
    return [_filed(row) for row in await connection.execute(query)]


async def steps_of(connection: AsyncConnection, suspect_ids: Sequence[UUID]) -> list[Any]:
    """The steps of some suspects, oldest first."""
    query = select(suspect_step).where(suspect_step.c.suspect_id.in_(suspect_ids))
    found = await connection.execute(query.order_by(suspect_step.c.suspect_id, suspect_step.c.version))
    return list(found.all())


async def save(
    connection: AsyncConnection,
    before: Filed,
    after: Suspect,
    step: SuspectStep,
    *,
    papers: Sequence[UUID],
    words_cipher: bytes | None,
    by: str,
) -> Filed:
    """A person took a step with a locked suspect."""
    values = {
        "version": before.version + 1,
        "division": after.division,
        "state": after.state,
        "due_on": after.due_on,
        "action": after.action,
        "cleared": after.cleared,
    }
    row = await connection.execute(
        update(suspect).where(suspect.c.suspect_id == after.suspect_id).values(values).returning(suspect)
    )
    del values["cleared"]
    await connection.execute(
        insert(suspect_step).values(
            **values,
            suspect_id=after.suspect_id,
            step=step,
            state_before=before.suspect.state,
            papers=list(papers),
            words_cipher=words_cipher,
            recorded_by=by,
        )
    )
    return _filed(row.one())


async def distribute(connection: AsyncConnection, division: str, *, due_on: date, by: str) -> list[UUID]:
    """Hand everything new in a division down to the townships where people live (DX-01); whom each is about."""
    bound = {"division": division, "due_on": due_on, "by": by}
    return list((await connection.scalars(_DISTRIBUTE, bound)).all())


async def paper(connection: AsyncConnection, paper_id: UUID) -> Any:
    """A paper by the id of whoever sent it; None: there is none."""
    query = select(suspect_paper).where(suspect_paper.c.paper_id == paper_id)
    return (await connection.execute(query)).one_or_none()


async def add_paper(
    connection: AsyncConnection, suspect_id: UUID, paper_id: UUID, *, blob_id: UUID, kind: str, by: str
) -> Any:
    """A paper lies with a suspect, for a step to stand on."""
    row = await connection.execute(
        insert(suspect_paper)
        .values(paper_id=paper_id, suspect_id=suspect_id, blob_id=blob_id, kind=kind, recorded_by=by)
        .returning(suspect_paper)
    )
    return row.one()


async def papers_of(connection: AsyncConnection, suspect_id: UUID) -> list[Any]:
    """The papers of a suspect, oldest first."""
    query = select(suspect_paper).where(suspect_paper.c.suspect_id == suspect_id)
    return list((await connection.execute(query.order_by(suspect_paper.c.at, suspect_paper.c.paper_id))).all())


async def active_schemes(connection: AsyncConnection, person_id: UUID) -> list[str]:
    """Of which schemes a person's award runs."""
    query = select(award.c.scheme).where(award.c.person_id == person_id, award.c.status == AwardStatus.ACTIVE)
    return list(await connection.scalars(query.order_by(award.c.scheme)))


async def count_overdue(connection: AsyncConnection, today: date) -> int:
    """How many should have been passed on before today."""
    query = select(func.count()).where(suspect.c.due_on.is_not(None), suspect.c.due_on < today)
    return int(await connection.scalar(query) or 0)


async def count_holding(connection: AsyncConnection) -> int:
    """How many hold money."""
    return int(await connection.scalar(select(func.count()).where(suspect.c.holds)) or 0)


async def forget_words_of(connection: AsyncConnection, person_id: UUID) -> None:
    """On the person's request: what was written when suspicions about them were looked into."""
    theirs = select(suspect.c.suspect_id).where(suspect.c.person_id == person_id)
    await connection.execute(
        update(suspect_step).where(suspect_step.c.suspect_id.in_(theirs)).values(words_cipher=None)
    )


def _filed(row: Any) -> Filed:
    one = Suspect(
        check=row.check_id,
        month=Month.of(row.month),
        state=SuspectState(row.state),
        action=None if row.action is None else Action(row.action),
        **{name: getattr(row, name) for name in _SAME},
    )
    return Filed(suspect=one, version=row.version, evidence=row.evidence, found_at=row.found_at)
