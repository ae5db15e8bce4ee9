"""Service processes that share their imports: the supervisor's side of the fork server."""

import asyncio
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM, Signals
from typing import Final

from deploy.local.program import NotReady, Program, ProgramDied, open_log, until

PROJECT: Final = Path(__file__).resolve().parents[2]

LIBRARIES: Final = (
    "alembic.command",
    "chinese_calendar",
    "cryptography.hazmat.primitives.ciphers.aead",
    "fastapi",
    "httpx",
    "joserfc.jwt",
    "nats",
    "orjson",
    "prometheus_client",
    "psycopg_pool",
    "pydantic_settings",
    "python_calamine",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.ext.asyncio",
    "stamina",
    "structlog",
    "uuid_utils.compat",
    "uvicorn",
    "uvloop",
    "xlsxwriter",
    "shared.kit.divisions:bundled",
    "shared.kit.pinyin:bundled",
)
"""What every service process imports, whatever service it is, and the tables it would read for itself."""

ALLOCATION: Final = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(128 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 1024),
}
"""How memory is taken, fixed at exec and so inherited by every child: two arenas instead of sixteen for threads that
mostly wait; what a large batch needed goes back when it is done (by default the C library learns to keep it)."""

LOST: Final = -int(SIGKILL)
"""The status of a child whose fork server died: the leash killed it."""


class ForkServerIsDown(Exception):
    """A process was asked for while the fork server is not running; try again when it is."""


@dataclass
class Forked:
    """One process made by the fork server; `status` is None until it ended."""

    name: str
    log_file: Path
    pid: int | None = None
    status: int | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs or is about to."""
        return self.status is None

    def signal(self, number: Signals) -> None:
        """Send a signal; nothing happens when it is gone already."""
        if self.pid is not None and self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def freeze(self) -> None:
        """SIGSTOP: it keeps its connections and locks and does nothing."""
        self.signal(SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT after `freeze`."""
        self.signal(SIGCONT)

    async def born(self, seconds: float = 30.0) -> int:
        """Its process id, as soon as it has one. Raises ProgramDied or NotReady."""
        if not await until(lambda: self.pid is not None or not self.alive, seconds=seconds):
            message = f"{self.name} was not started within {seconds:g} s"
            raise NotReady(message)
        if self.pid is None:
            raise ProgramDied(self.name, self.status, self.log_file)
        return self.pid

    async def ended(self, seconds: float) -> bool:
        """Whether it ended within so long."""
        return await until(lambda: not self.alive, seconds=seconds)

    async def end(self, *, seconds: float) -> None:
        """SIGTERM, and SIGKILL when it has not ended after so long."""
        self.signal(SIGCONT)
        self.signal(SIGTERM)
        if not await self.ended(seconds):
            self.signal(SIGKILL)
            await self.ended(seconds)


class ForkServer:
    """Imports once, forks many times. Its children die with it; whoever wants them back asks again."""

    name = "forkserver"

    def __init__(self, log_file: Path, *, preload: Sequence[str] = LIBRARIES) -> None:
        self.wanted = False
        self._preload = tuple(preload)
        self._program = Program(self.name, log_file)
        self._popen: subprocess.Popen[bytes] | None = None
        self._children: dict[int, Forked] = {}
        self._keys = itertools.count(1)
        self._listener: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether it runs; requests are taken at once and served when the imports are done."""
        return self._program.alive

    @property
    def pid(self) -> int | None:
        """Its own process."""
        return self._program.pid

    def launch(self) -> None:
        """Start it without waiting for its imports. Needs a running event loop to listen in."""
        self.wanted = True
        self._popen = self._program.start(
            [sys.executable, "-m", "deploy.local.zygote", *self._preload],
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1", **ALLOCATION},
            cwd=PROJECT,
            pipes=True,
        )
        # A generation of its own: the end of the one before is still being heard of.
        self._children = {}
        self._listener = asyncio.get_running_loop().create_task(self._listen(self._popen, self._children))

    def fork(
        self, name: str, module: str, *, env: Mapping[str, str], log_file: Path, argv: Sequence[str] = ()
    ) -> Forked:
        """A child that runs `main()` of a module with exactly this environment, output into its log.

        Returns before it exists: see `Forked.born`. Raises ForkServerIsDown.
        """
        os.close(open_log(log_file))
        key = next(self._keys)
        child = Forked(name, log_file.resolve())
        request = {
            "key": key,
            "name": name,
            "module": module,
            "argv": list(argv),
            "env": dict(env),
            "log_file": str(child.log_file),
        }
        self._ask(request)
        self._children[key] = child
        return child

    def kill9(self) -> None:
        """SIGKILL; the leash kills its children."""
        self._program.kill()

    async def stop(self) -> None:
        """End it and whatever children are left."""
        self.wanted = False
        self._program.kill()
        if self._listener is not None:
            await self._listener

    def _ask(self, request: Mapping[str, object]) -> None:
        if self._popen is None or self._popen.stdin is None or not self.alive:
            raise ForkServerIsDown
        try:
            self._popen.stdin.write(json.dumps(request).encode() + b"\n")
            self._popen.stdin.flush()
        except BrokenPipeError as error:
            raise ForkServerIsDown from error

    async def _listen(self, popen: subprocess.Popen[bytes], children: dict[int, Forked]) -> None:
        """Hear of births and ends until the fork server is gone; then its children are lost."""
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), popen.stdout)
        try:
            while line := await reader.readline():
                _hear(json.loads(line), children)
        finally:
            transport.close()
            if popen.stdin is not None:
                with suppress(BrokenPipeError):
                    popen.stdin.close()
            for child in children.values():
                child.status = LOST


def _hear(answer: Mapping[str, int], children: dict[int, Forked]) -> None:
    if "pid" in answer:
        children[answer["key"]].pid = answer["pid"]
    else:
        children.pop(answer["key"]).status = answer["status"]
