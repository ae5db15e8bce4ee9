"""The stack under test with its people, and the few things a scenario does to it."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from deploy.demo.proofs import cancelling
from deploy.local.catalogue import SERVICES
from deploy.local.process import ServiceProcess
from deploy.local.stack import Stack
from tests.faults.invariants import Diverged, Expectation, check
from tests.faults.pace import Pace
from tests.faults.people import Holder, settle
from tests.faults.report import Report
from tests.faults.steps import Control
from tests.faults.victims import Victim

CONVERGED_SECONDS_MAX: Final = 5.0
ANSWERED_SECONDS_MAX: Final = 60.0
RETRY_SECONDS: Final = 0.05
POLL_SECONDS: Final = 0.02
PEOPLE_MIN: Final = 200
"""Fewer are not worth an import."""
TOKEN_SECONDS: Final = 4 * 3600
SCOPES: Final = (
    *("person:read", "person:write", "person:import", "certificate:read", "certificate:write"),
    *("award:read", "award:write", "award:import", "job:read"),
    *("journal:read", "events:read", "events:repair"),
)
MODULES: Final = {
    Victim.API: "services.registry.main",
    Victim.RELAY: "services.registry.worker",
    Victim.CONSUMER: "services.subsidy.worker",
}
STEPPED: Final = {Victim.API: "api_steps", Victim.RELAY: "relay_steps", Victim.CONSUMER: "consumer_steps"}


@dataclass(slots=True)
class World:
    """A running stack. ``fresh`` people have an award that runs and were never cancelled."""

    stack: Stack
    control: Control
    client: httpx.AsyncClient
    report: Report
    token: str
    expected: Expectation = field(default_factory=Expectation)
    _unused: deque[Holder] = field(default_factory=deque)
    _registered: int = 0

    # ------------------------------------------------------------------ people

    async def populate(self, size: int) -> None:
        """Let more people be registered and granted."""
        directory = self.stack.var_dir.parent
        holders = await settle(self.stack, directory, first=self._registered, size=size, token=self.token)
        self._registered += size
        self._unused.extend(holders)

    async def ensure(self, size: int) -> None:
        """Have so many fresh people, before anything is measured."""
        if (missing := size - len(self._unused)) > 0:
            await self.populate(max(missing, PEOPLE_MIN))

    def fresh(self, size: int) -> list[Holder]:
        """People nothing has happened to yet."""
        return [self._unused.popleft() for _ in range(size)]

    # ------------------------------------------------------------------ what clerks do, and do again until answered

    async def cancel(self, holder: Holder, *, at: str | None = None) -> httpx.Response:
        """Cancel a certificate, as a client that keeps its idempotency key until it is answered."""
        return await self._change(holder, "cancellation", cancelling("VOLUNTARY"), at)

    async def reinstate(self, holder: Holder) -> httpx.Response:
        """Take a cancellation back."""
        return await self._change(holder, "reinstatement", None, None)

    async def _change(self, holder: Holder, verb: str, body: dict[str, Any] | None, at: str | None) -> httpx.Response:
        url = f"{at or self.stack.url('registry')}/api/v1/certificates/{holder.certificate_id}/{verb}"
        answer = await self.post(url, body, headers={"If-Match": "*"})
        assert answer.is_success, answer.text
        return answer

    async def post(
        self, url: str, body: dict[str, Any] | None = None, *, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """POST with one idempotency key until somebody answers otherwise than "not now"."""
        sent = {"Idempotency-Key": str(uuid4()), **(headers or {})}
        deadline = time.monotonic() + ANSWERED_SECONDS_MAX
        while True:
            try:
                answer = await self.client.post(url, json=body, headers=sent)
                if not answer.is_server_error and "idempotency_in_flight" not in answer.text:
                    return answer
                problem: object = answer.text
            except httpx.TransportError as error:
                problem = error
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url}: {problem!r}")
            await asyncio.sleep(RETRY_SECONDS)

    async def stories(self, people: Sequence[Holder], *, plain: bool = False) -> None:
        """Everybody is cancelled at once; every third is reinstated and cancelled again, which shows the order.

        ``plain``: only cancelled.
        """

        async def story(number: int, holder: Holder) -> None:
            await self.cancel(holder)
            if number % 3 == 0 and not plain:
                await self.reinstate(holder)
                await self.cancel(holder)

        await asyncio.gather(*(story(number, holder) for number, holder in enumerate(people)))

    # ------------------------------------------------------------------ what is asserted

    async def agreed(self, *, since: float | None = None) -> float:
        """Wait until everything holds; the seconds from ``since`` (now), which must not be more than five (`Pace`).

        Raises `Diverged` with what did not hold at the end of the time.
        """
        began = time.monotonic() if since is None else since
        pace = Pace()
        while True:
            pace.sample()
            try:
                await check(self.stack, self.expected)
                break
            except Diverged:
                if time.monotonic() - began > CONVERGED_SECONDS_MAX * pace.slowness:
                    raise
            await asyncio.sleep(POLL_SECONDS)
        seconds = time.monotonic() - began
        if seconds > CONVERGED_SECONDS_MAX * pace.slowness:
            raise Diverged(f"agreed only after {seconds:.1f} s, the machine {pace.slowness:.1f} times as slow")
        return seconds

    async def converged(self, scenario: str, *, since: float | None = None, **facts: Any) -> None:
        """Both services agree, and not too late: a line of the report. ``since``: when the fault ended, if not now."""
        self.report.add(scenario, await self.agreed(since=since), **facts)

    # ------------------------------------------------------------------ processes

    async def run_changed(
        self, victim: Victim, *changes: str, extra_env: Mapping[str, str] | None = None
    ) -> ServiceProcess:
        """Run a process anew with changes of `tests.faults.changes`; restarts keep them."""
        env = {
            "FAULTS_RUNS": MODULES[victim],
            "FAULTS_CHANGES": " ".join(changes),
            "FAULTS_DIR": str(self.control.directory),
            **(extra_env or {}),
        }
        return await self.stack.spawn(victim, module="tests.faults.entry", extra_env=env)

    async def metric(self, service: str, role: str, name: str) -> float:
        """A counter or gauge of a process, its labels summed; 0 when it was never touched."""
        text = (await self.client.get(f"{self.stack.ops_url(service, role)}/metrics")).text
        lines = (line.rpartition(" ") for line in text.splitlines() if line.startswith(name))
        return sum(float(value) for key, _, value in lines if key.partition("{")[0] == name)


@asynccontextmanager
async def a_world(
    report: Report, *, people: int, stepped: bool = False, extra_env: Mapping[str, str] | None = None
) -> AsyncIterator[World]:
    """Registry and subsidy service on servers of their own, with people; everything is gone afterwards.

    ``stepped``: the processes of the chain can be held at every `Step`.
    """
    # pytest's own temporary folders cannot be reached by PostgreSQL's user when run as root.
    home = Path(tempfile.mkdtemp(prefix="liangfu-faults-"))
    try:
        services = tuple(service for service in SERVICES if service.name in {"registry", "subsidy"})
        stack = Stack(home / "var", environment="test", services=services, extra_env=extra_env)
        async with stack, httpx.AsyncClient(timeout=30, trust_env=False) as client:
            token = stack.token(scopes=SCOPES, subject="faults", lifetime_seconds=TOKEN_SECONDS)
            client.headers["Authorization"] = f"Bearer {token}"
            world = World(stack, Control(home / "control"), client, report, token)
            if stepped:
                await asyncio.gather(*(world.run_changed(victim, change) for victim, change in STEPPED.items()))
            if people:
                await world.populate(people)
            yield world
    finally:
        shutil.rmtree(home, ignore_errors=True)
