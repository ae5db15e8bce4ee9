"""Admissions of clients without a certificate (CERT-36, CERT-37)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.registry.adapters.secrets import DIAGNOSIS, Secrets
from services.registry.adapters.tables_place import client
from services.registry.domain.person_client import Client, Ground
from shared.kit.pagination import Page, paginate
from shared.kit.scoping import inside
from shared.values.division import Division, Scope
from shared.values.person import ClientGround
from shared.values.personal import Diagnosis


class Clients:
    """Admissions on PostgreSQL, in one transaction."""

    def __init__(self, connection: AsyncConnection, secrets: Secrets, *, recorded_by: str) -> None:
        self._connection = connection
        self._secrets = secrets
        self._recorded_by = recorded_by

    async def add(self, admitted: Client, ground: Ground, diagnosis: Diagnosis | None) -> None:
        """Insert, with what it rests on."""
        await self._connection.execute(
            insert(client).values(
                client_id=admitted.client_id,
                person_id=admitted.person_id,
                version=admitted.version,
                division=admitted.division.code,
                ground=admitted.ground.value,
                diagnosed_on=ground.diagnosed_on,
                diagnosis_cipher=self._secrets.seal(diagnosis, DIAGNOSIS, admitted.client_id.bytes),
                risk_level=ground.risk_level,
                guardian_applied=ground.guardian_applied,
                valid_from=admitted.valid_from,
                valid_to=admitted.valid_to,
                recorded_by=self._recorded_by,
            )
        )

    async def get(self, client_id: UUID, *, within: Scope) -> Client | None:
        """Lock and load; None outside the scope."""
        row = (
            await self._connection.execute(
                select(client)
                .where(client.c.client_id == client_id, inside(client.c.division, within))
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else to_client(row)

    async def save(self, changed: Client) -> None:
        """Store an end."""
        await self._connection.execute(
            update(client)
            .where(client.c.client_id == changed.client_id)
            .values(version=changed.version, valid_to=changed.valid_to)
        )

    async def of_person(self, person_id: UUID, *, within: Scope) -> Sequence[Client]:
        """Every admission there ever was, the oldest first."""
        rows = await self._connection.execute(
            select(client)
            .where(client.c.person_id == person_id, inside(client.c.division, within))
            .order_by(client.c.valid_from)
        )
        return [to_client(row) for row in rows]

    async def page(self, page: Page, *, within: Scope, ground: ClientGround | None) -> tuple[list[Client], str | None]:
        """A page of admissions."""
        query = select(client).where(inside(client.c.division, within))
        if ground is not None:
            query = query.where(client.c.ground == ground.value)
        rows, following = await paginate(self._connection, query, [client.c.client_id], page)
        return [to_client(row) for row in rows], following


def to_client(row: Row[Any]) -> Client:
    """A row of ``client``."""
    return Client(
        client_id=row.client_id,
        person_id=row.person_id,
        version=row.version,
        division=Division(row.division),
        ground=ClientGround(row.ground),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
    )
