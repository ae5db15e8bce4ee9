"""Units of work as a service's own processes open them, the audit trail included."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit.audit import Auditor
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.work import UnitOfWork, Works
from tests.builders.databases import DATA_KEYS

W = TypeVar("W", bound=UnitOfWork)


def works_on(engine: AsyncEngine, make: Callable[..., W], *, clock: Clock | None = None) -> Works[W]:
    """Works on this engine; the trail's fingerprints are made with keys that are nobody's."""
    auditor = Auditor(engine, KeyRing.parse(DATA_KEYS))
    return Works(engine, clock=clock or Clock(movable=True), make=make, auditor=auditor)
