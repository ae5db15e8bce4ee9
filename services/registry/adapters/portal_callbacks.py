"""Telling a portal how its cases stand: signed, in order, each step until it was taken."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx
import orjson
from pydantic import SecretStr

from services.registry.adapters.portals import StepToTell
from shared.kit.callbacks import Callback, CallbackClient, NotTaken


def callbacks_of(setting: SecretStr) -> dict[str, Callback]:
    """Client id of a portal -> where it is told; JSON ``{"portal": {"url": "https://…", "secret": "…"}}``."""
    told = json.loads(setting.get_secret_value())
    return {portal: Callback(url=each["url"], secret=SecretStr(each["secret"])) for portal, each in told.items()}


class PortalCallback:
    """One portal."""

    def __init__(self, callback: Callback, client: httpx.AsyncClient | None = None) -> None:
        self._client = CallbackClient(callback, client)

    async def tell(self, step: StepToTell) -> None:
        """One step. Raises `NotTaken`."""
        body = orjson.dumps(
            {
                "case_no": step.case_no,
                "application_id": step.application_id,
                "ordinal": step.ordinal,
                "state": step.state,
                "entered_on": step.entered_on,
                "due_on": step.due_on,
            }
        )
        await self._client.tell(body, key=f"{step.intake_id}/{step.ordinal}")

    async def tell_in_order(self, steps: Sequence[StepToTell]) -> list[StepToTell]:
        """The steps that were taken, up to the first that was not."""
        taken: list[StepToTell] = []
        for step in steps:
            try:
                await self.tell(step)
            except NotTaken:
                break
            taken.append(step)
        return taken
