"""One process of one service: what tests and the supervisor hold in their hands."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL
from typing import Final

import httpx

from deploy.local.forkserver import Forked, ForkServer
from deploy.local.program import TICK_SECONDS, NotReady, ProgramDied, tail

READY_SECONDS_MAX: Final = 30.0
STOP_SECONDS_MAX: Final = 4.0
CRASHES_MAX: Final = 3
"""A process that died so often while it was waited for will not become ready."""


class ServiceProcess:
    """One process of one service, the same through its restarts."""

    def __init__(
        self, name: str, module: str, *, env: Mapping[str, str], log_file: Path, ops_url: str, nursery: ForkServer
    ) -> None:
        self.name = name
        self.module = module
        self.env = dict(env)
        self.log_file = log_file
        self.ops_url = ops_url
        self.wanted = False
        self.launches = 0
        self._nursery = nursery
        self._forked: Forked | None = None
        self._killed_pid: int | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs or is about to."""
        return self._forked is not None and self._forked.alive

    @property
    def pid(self) -> int | None:
        """The process while it runs."""
        return self._forked.pid if self._forked is not None and self._forked.alive else None

    @property
    def status(self) -> int | None:
        """How it last ended: exit code or minus the signal; None while it runs."""
        return None if self._forked is None else self._forked.status

    def launch(self) -> None:
        """Have it forked, without waiting. Raises ForkServerIsDown."""
        self.wanted = True
        self._forked = self._nursery.fork(self.name, self.module, env=self.env, log_file=self.log_file)
        self.launches += 1

    def kill9(self) -> None:
        """SIGKILL; the supervisor starts it again."""
        self._killed_pid = self.pid
        if self._forked is not None:
            self._forked.signal(SIGKILL)

    def sigstop(self) -> None:
        """Freeze it with whatever it holds."""
        if self._forked is not None:
            self._forked.freeze()

    def sigcont(self) -> None:
        """Let it go on."""
        if self._forked is not None:
            self._forked.thaw()

    async def stop(self, *, seconds: float = STOP_SECONDS_MAX) -> None:
        """End it and leave it ended: SIGTERM, then SIGKILL after so long."""
        self.wanted = False
        if self._forked is not None:
            await self._forked.end(seconds=seconds)

    async def wait_ready(self, seconds: float = READY_SECONDS_MAX) -> None:
        """Until its `/readyz` says so, through restarts.

        Raises ProgramDied when it keeps dying, NotReady with what it answered last when it takes too long.
        """
        deadline = time.monotonic() + seconds
        launches = self.launches
        answer = "no answer"
        async with httpx.AsyncClient(base_url=self.ops_url, timeout=2, trust_env=False) as client:
            while time.monotonic() < deadline:
                if self.launches - launches >= CRASHES_MAX:
                    raise ProgramDied(self.name, self.status, self.log_file)
                if self.pid is not None and self.pid != self._killed_pid:
                    with suppress(httpx.TransportError):
                        response = await client.get("/readyz")
                        if response.is_success:
                            return
                        answer = response.text
                await asyncio.sleep(TICK_SECONDS)
        message = f"{self.name} was not ready in {seconds:g} s: {answer}\n{self.log_file} ends:\n{tail(self.log_file)}"
        raise NotReady(message)
