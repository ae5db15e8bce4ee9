"""Keep spells in line with what the publishers say: events, repairs, resyncs and the second look, all the same way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from services.indicators.domain.definition import Source
from services.indicators.use_cases.ports import Handover, Work

LOOKED_AT: Final = 1_000


async def keep_spells(
    source: Source, persons: Collection[UUID], work: Work, *, handovers: Sequence[Handover] = ()
) -> int:
    """Make the spells of some persons what the copies say; the number of spells that changed."""
    await work.spells.hand_over(handovers)
    return await work.spells.align(source, persons)


async def look_again(source: Source, work: Work) -> int:
    """A second look at the next thousand persons that trusts no event; the number of spells mended."""
    return await work.spells.align(source, await work.spells.next_persons(source, LOOKED_AT))
