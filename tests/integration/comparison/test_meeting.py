"""What a comparison finds meets the suspects there are as the one suspect's own rule says (RULES 9, loop)."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from dataclasses import replace
from datetime import date
from typing import Final

from sqlalchemy import insert, select, text

from services.subsidy.adapters.comparison import comparing
from services.subsidy.adapters.tables_comparison import suspect
from services.subsidy.domain.comparison.lists import ListKind
from services.subsidy.domain.comparison.suspect import Suspect, SuspectState, Timing
from shared.values.month import Month
from tests.builders.subsidy_applications import CALENDAR
from tests.integration.comparison.conftest import JUNE, TODAY, County

TIMING: Final = Timing(TODAY, CALENDAR)
SAID: Final = '[{"list": "PRISON"}]'
FOUND: Final = hashlib.sha256(SAID.encode()).digest()
OTHER: Final = hashlib.sha256(b"other").digest()


def every_suspect() -> list[Suspect]:
    """One in each state, of each month, with these facts or others, cleared of none, of these or of others."""
    whole = itertools.product(SuspectState, (-1, 0, 1), (FOUND, OTHER), (None, FOUND, OTHER))
    return [
        Suspect(
            suspect_id=uuid.uuid4(),
            check="DX-19",
            person_id=uuid.uuid4(),
            division="341502001",
            month=JUNE.plus(months),
            facts=facts,
            state=state,
            due_on=None if state is SuspectState.CLOSED else date(2026, 6, 20),
            cleared=cleared,
        )
        for state, months, facts, cleared in whole
    ]


async def test_many_met_at_once_become_what_each_would_become_alone(county: County) -> None:
    known = every_suspect()
    async with county.works.begin() as work:
        await work.connection.execute(
            insert(suspect),
            [
                {
                    "suspect_id": one.suspect_id,
                    "version": 1,
                    "check_id": one.check,
                    "person_id": one.person_id,
                    "division": one.division,
                    "month": one.month.first_day,
                    "facts": one.facts,
                    "evidence": {},
                    "state": one.state,
                    "due_on": one.due_on,
                    "cleared": one.cleared,
                    "judgment_seen": False,
                    "reopened": 0,
                }
                for one in known
            ],
        )
        await work.connection.execute(
            text(
                "CREATE TEMPORARY TABLE met ON COMMIT DROP AS SELECT check_id, person_id, "
                "CAST(:said AS jsonb) AS said, CAST('{}' AS jsonb) AS drawn, true AS judged, CAST(:facts AS bytea) AS "
                "facts, CAST('{}' AS jsonb) AS evidence, '341502' AS county FROM suspect"
            ),
            {"said": SAID, "facts": FOUND},
        )
        due_on = CALENDAR.after(TODAY, 2)
        await comparing.meet(work.connection, JUNE, due_on=due_on, by="test")
        rows = {row.suspect_id: row for row in await work.connection.execute(select(suspect))}
    for one in known:
        wanted, row = one.found_again(JUNE, FOUND, TIMING, judgment=True), rows[one.suspect_id]
        stands = replace(
            one,
            state=SuspectState(row.state),
            month=Month.of(row.month),
            facts=row.facts,
            cleared=row.cleared,
            due_on=row.due_on,
            judgment_seen=row.judgment_seen,
            reopened=row.reopened,
        )
        assert stands == wanted, one
        assert row.holds is wanted.holds_payment, one
        assert row.version == (1 if wanted == one else 2), one


async def test_the_same_match_in_the_next_month_opens_again_what_was_closed_and_not_what_was_cleared(
    county: County,
) -> None:
    acted, cleared = await county.holder(), await county.holder()
    for person in (acted, cleared):
        await county.told(ListKind.TEKUN, person, "2026-03-01")
    await county.compare()
    await county.sql("UPDATE suspect SET state = 'CLOSED', due_on = NULL")
    await county.sql("UPDATE suspect SET cleared = facts WHERE person_id = :person", person=cleared)
    assert (await county.compare())["DX-17"].reopened == 0
    told = (await county.compare(JUNE.next()))["DX-17"]
    assert (told.found, told.opened, told.reopened) == (2, 0, 1)
    (open_again,) = await county.rows("SELECT person_id, reopened FROM suspect WHERE state = 'NEW'")
    assert (open_again.person_id, open_again.reopened) == (acted, 1)
    # New evidence opens even what was cleared.
    await county.told(ListKind.WORK_INJURY_CARE, cleared, "2026-04-01")
    assert (await county.compare(JUNE.next()))["DX-17"].reopened == 1
