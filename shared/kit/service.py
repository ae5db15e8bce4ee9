"""What both processes of a service are made of, opened once in ``main.py`` and ``worker.py``."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from fastapi import FastAPI

from shared.kit.app import Resource
from shared.kit.audit import Auditor
from shared.kit.blobs import Blobs, BlobTables, DirectoryStore
from shared.kit.clock import Clock
from shared.kit.crypto import KeyRing
from shared.kit.database import new_engine
from shared.kit.health import Check, database_check, schema_check
from shared.kit.journal_client import journal_clients
from shared.kit.logging import configure_logging
from shared.kit.migrations import head
from shared.kit.ops import Ops
from shared.kit.settings import ServiceSettings
from shared.kit.work import UnitOfWork, Works

VERSION: Final = "0.1.0"

W = TypeVar("W", bound=UnitOfWork)


@dataclass(frozen=True, slots=True)
class Parts(Generic[W]):
    """Engine, clock, keys, files and units of work of one process, and how operators see it."""

    works: Works[W]
    auditor: Auditor
    keys: KeyRing
    blobs: Blobs
    ops: Ops


def open_parts(
    settings: ServiceSettings,
    *,
    role: str,
    blob_tables: BlobTables,
    make_work: Callable[[KeyRing], Callable[..., W]],
    checks: Callable[[Works[W]], Sequence[Check]] = lambda _: (),
) -> Parts[W]:
    """Configure logs and build the parts; opens no connection yet."""
    configure_logging(service=settings.service, role=role, level=settings.log_level)
    keys = settings.key_ring()
    clock = Clock(movable=not settings.is_production)
    engine = new_engine(
        settings.database_url.get_secret_value(),
        pool_size=settings.database_pool_size,
        application_name=f"{settings.service}-{role}",
        pre_ping=role == "api",  # a worker repeats whatever a lost connection interrupts
    )
    auditor = Auditor(engine, keys)
    works = Works(engine, clock=clock, make=make_work(keys), auditor=auditor)
    schema_head = head(settings.service)
    return Parts(
        works=works,
        auditor=auditor,
        keys=keys,
        blobs=Blobs(DirectoryStore(settings.blob_dir), blob_tables, keys, clock),
        ops=Ops(
            service=settings.service,
            role=role,
            checks=(database_check(engine), schema_check(engine, schema_head), *checks(works)),
            version=VERSION,
            commit=os.environ.get("LIANGFU_COMMIT"),
            schema_head=schema_head,
        ),
    )


def journals_resource(settings: ServiceSettings) -> Resource:
    """Puts a journal client per publisher on ``app.state.journals`` while the API runs."""

    @asynccontextmanager
    async def resource(app: FastAPI) -> AsyncIterator[None]:
        app.state.journals = journal_clients(settings)
        yield

    return resource
