"""Who may see a person's data as their own: the person, or who is their guardian today.

One service keeps the guardianships. The others ask it, in the guardian's own name: it alone knows when one ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import Request

from shared.kit.clients import ServiceClient, ServiceIsUnavailable
from shared.kit.outbound import http_client
from shared.kit.permissions import Caller
from shared.kit.problems import Problem

_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Wards:
    """``keeper``: the service that keeps the guardianships, one of those whose API this one calls."""

    keeper: str

    async def acts_for(self, request: Request, _work: Any, person_id: UUID) -> bool:
        """Whether the caller is the person, or their guardian today. Raises Problem 503 `service_unavailable`."""
        caller: Caller = request.state.caller
        return caller.person_id == person_id or await self.is_ward(request, person_id)

    async def is_ward(self, request: Request, person_id: UUID) -> bool:
        """Whether the token claims, and the keeper confirms, that the caller is the person's guardian today."""
        caller: Caller = request.state.caller
        if person_id not in caller.ward_ids:
            return False
        token = request.headers["authorization"].partition(" ")[2]
        async with http_client(request.app.state.settings.publisher_urls[self.keeper]) as client:
            try:
                answer = await ServiceClient(self.keeper, client).get(f"/api/v1/me/wards/{person_id}", bearer=token)
            except ServiceIsUnavailable as error:
                raise Problem("service_unavailable", headers={"Retry-After": "5"}, service=self.keeper) from error
        return answer.status_code == _OK
