"""Work nobody waits for: the search index, likely duplicates."""

from __future__ import annotations

from typing import Final

from services.registry.adapters.work import RegistryWork
from services.registry.metrics import DUPLICATES_OPEN, SEARCH_STALE
from shared.kit.work import Works
from shared.kit.worker import Timer


async def keep_index(works: Works[RegistryWork]) -> None:
    """Compute what is stale of the search index anew, a thousand persons in a transaction, until nothing is."""
    refreshed = None
    while refreshed is None or refreshed > 0:
        async with works.begin() as work:
            refreshed = await work.search.refresh()
    async with works.begin() as work:
        SEARCH_STALE.set(await work.search.stale_count())


async def look_for_duplicates(works: Works[RegistryWork]) -> None:
    """Compare persons nobody compared yet with everybody else; what is likely goes to the work list."""
    compared = None
    while compared is None or compared > 0:
        async with works.begin() as work:
            compared = await work.matching.compare_some(work.merges)
    async with works.begin() as work:
        DUPLICATES_OPEN.set(await work.merges.open_count())


PERSON_TIMERS: Final[tuple[Timer[RegistryWork], ...]] = (
    Timer("person-index", 2.0, keep_index),
    Timer("person-duplicates", 5.0, look_for_duplicates),
)
