"""Attempts that were refused, in the audit trail: written before the refusal leaves, and never a way to fill the disk.

The first of a kind in a minute are rows of their own; what comes after is counted, and the count is a row when the
minute is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import structlog

from shared.kit.audit import Auditor, Origin, Refused, Row, division_of
from shared.kit.instruments import AUDIT_LOST, AUDIT_SUPPRESSED

RECORDED: Final = frozenset({401, 403, 404, 409, 412, 422, 428, 429})
"""Answers that refuse an attempt at something that exists. 400 is a programming mistake, 405 reached nothing."""
EACH_PER_MINUTE: Final = 20
"""Rows of their own for one caller and one code."""
ALL_PER_MINUTE: Final = 600
KINDS_MAX: Final = 1_000
"""Different counters in a minute; whoever comes after shares the last."""
MINUTE_SECONDS: Final = 60.0
ANYBODY: Final = "*"
ANONYMOUS: Final = ""
"""The actor of an attempt without a valid token."""

_log: Final = structlog.get_logger(__name__)

Key = tuple[str, str]
"""(who, code)"""


class Refusals:
    """Records the refused attempts of one API process."""

    def __init__(self, auditor: Auditor, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._auditor = auditor
        self._monotonic = monotonic
        self._began = monotonic()
        self._seen: Counter[Key] = Counter()
        self._suppressed: Counter[Key] = Counter()
        self._origins: dict[Key, Row] = {}
        self._closing: asyncio.Task[None] | None = None

    async def record(self, state: Mapping[str, Any], origin: Origin, path_params: Mapping[str, Any]) -> None:
        """One refused attempt. A database that is away costs the row, never the refusal."""
        row = self._row(state, origin, path_params)
        rows = self._turn() if self._monotonic() - self._began >= MINUTE_SECONDS else []
        if self._admit(row):
            rows.append(row)
        await self._write(rows)

    async def close(self) -> None:
        """Write the counts of the minute that has begun."""
        if self._closing is not None:
            self._closing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._closing
        await self._write(self._turn())

    def _row(self, state: Mapping[str, Any], origin: Origin, path_params: Mapping[str, Any]) -> Row:
        caller = state.get("caller")
        detail = {name: value for name, value in _ids(path_params).items() if name != "person_id"}
        if reason := state.get("refusal_reason"):
            detail["reason"] = reason
        refused = Refused(
            str(state.get("problem_code") or f"http_{origin.status}"),
            person_id=_ids(path_params).get("person_id"),
            division=division_of(caller.scope) if caller else None,
            detail=detail or None,
        )
        (row,) = self._auditor.rows([refused], origin=origin, caller=caller, trace_id=state.get("trace_id", ""))
        return row if caller else {**row, "actor": ANONYMOUS, "client_id": ANONYMOUS}

    def _admit(self, row: Row) -> bool:
        """Whether this one gets a row of its own; otherwise it is counted."""
        key: Key = (row["actor"] or row["ip"] or ANYBODY, row["what"])
        if key not in self._seen and len(self._seen) >= KINDS_MAX:
            key = (ANYBODY, row["what"])
        self._seen[key] += 1
        if self._seen[key] <= EACH_PER_MINUTE and sum(self._seen.values()) <= ALL_PER_MINUTE:
            return True
        self._suppressed[key] += 1
        self._origins[key] = row
        AUDIT_SUPPRESSED.inc()
        if self._closing is None or self._closing.done():
            self._closing = asyncio.create_task(self._close_minute(), name="audit-refusals")
        return False

    def _turn(self) -> list[Row]:
        """A new minute; the rows that tell of what was only counted in the one before."""
        rows = [
            {**self._origins[key], "person_id": None, "detail": f'{{"suppressed":{count}}}'}
            for key, count in self._suppressed.items()
        ]
        self._began = self._monotonic()
        self._seen.clear()
        self._suppressed.clear()
        self._origins.clear()
        return rows

    async def _close_minute(self) -> None:
        await asyncio.sleep(max(MINUTE_SECONDS - (self._monotonic() - self._began), 0))
        await self._write(self._turn())

    async def _write(self, rows: list[Row]) -> None:
        try:
            await self._auditor.recorder.write(rows)
        except Exception as error:  # noqa: BLE001 - whatever it was, refusing goes on
            AUDIT_LOST.inc(len(rows))
            _log.error("audit.refusal_lost", error=type(error).__name__, rows=len(rows))


def _ids(path_params: Mapping[str, Any]) -> dict[str, UUID]:
    """What the path aimed at, as far as it is an id of ours: other text could be anybody's."""
    found: dict[str, UUID] = {}
    for name, value in path_params.items():
        with contextlib.suppress(ValueError):
            found[name] = UUID(str(value))
    return found
